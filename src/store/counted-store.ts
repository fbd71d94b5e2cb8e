/** A store that counts and times its appends by how they ended. */
import { Histogram } from 'prom-client';
import type { StreamName } from '../kernel/ids.js';
import {
  StoreOverReader,
  type EventStore,
  WrongExpectedRevision,
  type Appended,
  type WordsEraser,
  type ExpectedRevision,
  type NewEvent,
} from './event-store.js';
import { inSpan } from './in-span.js';

export class AppendCounts {
  appended = 0;
  events = 0;
  /** The stream was at another revision; the command is then, as a rule, decided again and appended. */
  overtaken = 0;
  failed = 0;
  /** With the embedded store, the time until the answer includes the wait for a flush. */
  readonly durations = new Histogram({
    name: 'ledger_append_duration_seconds',
    help: 'How long the store took to answer an append.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [],
  });
  readonly groupSizes = new Histogram({
    name: 'ledger_group_commit_appends',
    help: 'How many appends shared a commit, and its flush, of the embedded store.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000],
    registers: [],
  });
}

export class CountedStore extends StoreOverReader {
  constructor(
    protected readonly reader: EventStore,
    private readonly counts: AppendCounts,
  ) {
    super();
  }

  async append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    const startedMs = performance.now();
    try {
      const appended = await inSpan('append', { 'ledger.events': events.length }, () =>
        this.reader.append(stream, expected, events),
      );
      this.counts.appended += 1;
      this.counts.events += events.length;
      return appended;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) this.counts.overtaken += 1;
      else this.counts.failed += 1;
      throw error;
    } finally {
      this.counts.durations.observe((performance.now() - startedMs) / 1_000);
    }
  }

  override get eraser(): WordsEraser | null {
    return this.reader.eraser;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
