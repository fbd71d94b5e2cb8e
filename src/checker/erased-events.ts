/**
 * Keeps which events have lost their words, and which erasure explains that.
 *
 * Anyone may have stripped an event whose words are gone, unless a later erasure in its stream names its revision. The
 * facts of that erasure are checked against the log like those of any other event.
 */
import { areWordsGone } from '../kernel/event-data.js';
import { SCHEMA_PREFIX, sealsOfBundled, type BundleEvent } from './bundle-format.js';
import type { ErasureTold } from './verdict.js';

const ERASURE = `${SCHEMA_PREFIX}outcome-erased@2`;

export class ErasedEvents {
  private readonly unexplained = new Map<string, number>();
  readonly erasures: ErasureTold[] = [];
  count = 0;

  /** @throws Error where the facts of an erasure lack what was erased, or by whose authority */
  take(event: BundleEvent): void {
    const { stream, revision, ledgersequence: sequence, actor, data } = event;
    if (areWordsGone(sealsOfBundled(event))) {
      this.count++;
      this.unexplained.set(`${stream}@${revision}`, sequence);
    }
    if (event.dataschema !== ERASURE) return;
    const { outcomeId, authorisedBy, erased } = data.facts;
    if (!isListOfRevisions(erased) || typeof authorisedBy !== 'string' || typeof outcomeId !== 'string') {
      throw new Error('an erasure does not say what was erased, and by whose authority');
    }
    for (const one of erased) this.unexplained.delete(`${stream}@${one}`);
    this.erasures.push({ sequence, outcome: outcomeId, authorisedBy, actor });
  }

  get unexplainedSequences(): readonly number[] {
    return [...this.unexplained.values()];
  }
}

function isListOfRevisions(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one));
}
