/**
 * Which events have lost their content, and whether an erasure says so: for the checker, which reads each event once
 * and trusts none.
 *
 * Without its salt nothing vouches for what is left of an event, but the erasure that comes later in its stream: its
 * own content has a salt, is in the log, and names the hash of what it left. An event that nobody says was erased
 * may have been stripped by anyone.
 */
import { hashOfLeft } from '../kernel/redaction.js';
import { SCHEMA_PREFIX, type BundleEvent } from './bundle-format.js';

const ERASURE = `${SCHEMA_PREFIX}outcome-erased@1`;

export class ErasedEvents {
  private readonly unexplained = new Map<string, { readonly sequence: number; readonly left: string }>();
  count = 0;

  /** An event without its salt. */
  take({ stream, revision, data, ledgersequence: sequence }: BundleEvent): void {
    this.count++;
    this.unexplained.set(`${stream}@${revision}`, { sequence, left: hashOfLeft(data) });
  }

  /**
   * An event whose content is the one that was logged: of an erasure or of anything else. Without a salt nothing
   * vouches for what it says.
   * @returns the sequences of events of which it says that another content was left
   */
  explain(event: BundleEvent): number[] {
    if (event.dataschema !== ERASURE || event.salt === undefined) return [];
    const erased = event.data['erased'] as readonly { readonly revision: number; readonly left: string }[];
    return erased.flatMap(({ revision, left }) => {
      const place = `${event.stream}@${revision}`;
      const known = this.unexplained.get(place);
      this.unexplained.delete(place);
      return known && known.left !== left ? [known.sequence] : [];
    });
  }

  /** In the order of the ledger. */
  get unexplainedSequences(): readonly number[] {
    return [...this.unexplained.values()].map(({ sequence }) => sequence);
  }
}
