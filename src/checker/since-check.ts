/**
 * Checks an earlier checkpoint that the reader kept: the log must be its continuation, and no event that came after it
 * may have an earlier date than the checkpoint.
 */
import { CLOCK_TOLERANCE_MS, type BundleEvent } from './bundle-format.js';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import type { Frontier } from '../tlog/merkle.js';
import { verifiedSignatures } from '../tlog/note.js';
import type { Policy } from '../tlog/policy.js';
import type { Findings } from './verdict.js';

/** A witness, or the reader, has a clock of their own, and only a greater difference shows an intention. */
export const CLOCKS_APART_MS = 10 * 60_000;

/** Says of an event that it came to a ledger which did not have it at a later time than its own. */
export function datedTooEarly(id: string, time: string, knownMs: number): string {
  const known = new Date(knownMs).toISOString();
  return `the event ${id} is dated ${time}, but was not in the ledger at ${known}`;
}

export interface SinceOptions {
  readonly policy?: Policy;
  readonly since?: string;
  /**
   * The reader got the checkpoint at this time, in milliseconds since 1970: the ledger had no later event then.
   * Cosignatures state such times too.
   */
  readonly sinceTimeMs?: number;
}

export class SinceCheck {
  readonly checkpoint: Checkpoint;
  private readonly size: number;
  private isMet = false;
  private isDated: boolean;
  private knownMs: number;

  /** @throws BadNote where the text is no checkpoint, or the signature of a trusted witness does not verify */
  constructor(
    text: string,
    { policy, sinceTimeMs }: SinceOptions,
    private readonly findings: Findings,
  ) {
    this.checkpoint = parseCheckpoint(text);
    this.size = Number(this.checkpoint.size);
    const witnesses = [...(policy?.witnesses.values() ?? [])];
    const cosigned = verifiedSignatures(this.checkpoint.note, witnesses);
    this.isDated = sinceTimeMs !== undefined || cosigned.length > 0;
    this.knownMs = Math.max(sinceTimeMs ?? 0, ...cosigned.map(({ time = 0 }) => time * 1_000));
  }

  /**
   * Compares the tree with the checkpoint, once the tree has the checkpoint's size.
   * @param isWhole tells that no event was left out so far
   */
  meet(tree: Frontier, isWhole: boolean, ledgerMs: number): void {
    if (this.isMet || tree.size !== this.size) return;
    this.isMet = true;
    // Where events were left out, it is not known when the last event of the checkpoint was recorded.
    this.isDated ||= isWhole;
    this.knownMs = Math.max(this.knownMs, ledgerMs);
    if (!tree.root().equals(this.checkpoint.root)) {
      this.findings.fault(`the first ${this.checkpoint.size} events are not those of the earlier checkpoint`);
    }
  }

  checkDate(event: BundleEvent, sequence: number, recordedMs: number): void {
    const behindMs = this.knownMs - recordedMs;
    if (sequence < this.size || behindMs <= CLOCK_TOLERANCE_MS) return;
    const what = datedTooEarly(event.id, event.time, this.knownMs);
    if (behindMs > CLOCKS_APART_MS) this.findings.fault(`${what}: it is back-dated`, sequence);
    else this.findings.remark(`${what}: the clocks of two machines may differ so much`, sequence);
  }

  end(later: Checkpoint): void {
    const { origin, size } = this.checkpoint;
    if (origin !== later.origin) {
      this.findings.doubt(
        `this is a wrong pair: the earlier checkpoint is of ${origin}, this one of ${later.origin}`,
      );
    } else if (size > later.size) {
      this.findings.fault(
        `the log has ${later.size} events, but had ${size} at the earlier checkpoint: events are gone, or this is the older of the two`,
        Number(later.size),
      );
    } else if (!this.isMet) {
      this.findings.doubt(
        `the bundle is not cut at the ${size} events of the earlier checkpoint: ask for it with since=${size}`,
      );
    } else if (!this.isDated && later.size > size) {
      this.findings.doubt(
        `it is not known whether events are back-dated: say with --since-time when you got the earlier checkpoint, or take everything`,
      );
    }
  }
}
