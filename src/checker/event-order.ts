/**
 * These rules follow from the order of events, whatever the events say: the revisions of each stream have no gap, and
 * ledger time is the latest time at which any event up to then was recorded.
 *
 * Where events are left out less is known: a stream may begin with a later revision, and ledger time may be later.
 */
import { CLOCK_TOLERANCE_MS, instantOf, type BundleEvent, type BundleScope } from './bundle-format.js';
import type { Findings } from './verdict.js';

/** A Map has at most 2^24 entries. */
const STREAMS_MAX = 2 ** 24 - 1;

export class StreamRevisions {
  private readonly last = new Map<string, number>();
  private leftOut = 0;

  constructor(
    private readonly findings: Findings,
    private readonly streamsMax = STREAMS_MAX,
  ) {}

  take({ stream, revision }: BundleEvent, sequence: number, { kind }: BundleScope): void {
    const last = this.last.get(stream);
    if (last === undefined && this.last.size >= this.streamsMax) {
      if (this.leftOut++ > 0) return;
      return this.findings.doubt(
        `the bundle has over ${this.streamsMax} streams: the revisions of the others are not compared`,
      );
    }
    this.last.set(stream, revision);
    // A bundle of a programme has whole streams; a period, or a figure, may have only some events of a stream.
    const isWhole = kind === 'everything' || kind === 'programme';
    const next = last === undefined ? (isWhole ? 0 : revision) : last + 1;
    const isNext = kind === 'figure' ? revision >= next : revision === next;
    if (!isNext)
      this.findings.fault(`${stream} goes from revision ${last ?? 'none'} to ${revision}`, sequence);
  }
}

export class LedgerTime {
  /** The ledger time of the last event, in milliseconds since 1970. */
  ms = 0;

  constructor(private readonly findings: Findings) {}

  /**
   * @param isWhole tells that no event before this one was left out
   * @returns the time of recording, by the clock of the process that recorded the event
   */
  take(event: BundleEvent, sequence: number, isWhole: boolean): number {
    const recordedMs = instantOf(event.time);
    const ledgerMs = instantOf(event.ledgertime);
    const expectedMs = Math.max(this.ms, recordedMs);
    const follows = isWhole ? ledgerMs === expectedMs : ledgerMs >= expectedMs;
    if (!follows) {
      this.findings.fault(
        `the ledger time of the event ${event.id} does not follow from the times at which events were recorded`,
        sequence,
      );
    }
    this.ms = Math.max(expectedMs, ledgerMs);
    const behindMs = ledgerMs - recordedMs;
    const steppedBack = behindMs > CLOCK_TOLERANCE_MS;
    if (steppedBack !== (event.clocksteppedback ?? false)) {
      this.findings.fault(
        `clocksteppedback of the event ${event.id} does not follow from its times`,
        sequence,
      );
    }
    if (steppedBack) {
      const seconds = Math.round(behindMs / 1_000);
      this.findings.remark(`the clock stood ${seconds} seconds behind ledger time`, sequence);
    }
    return recordedMs;
  }
}
