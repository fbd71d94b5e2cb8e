/** A store that counts and times its appends by how they ended. */
import { Counter, Histogram } from 'prom-client';
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
  /** Where a stream was at another revision, the command is, as a rule, decided again and appended. */
  readonly appends = new Counter({
    name: 'ledger_appends_total',
    help: 'Appends to the store, by how they ended.',
    labelNames: ['outcome'],
    registers: [],
  });
  readonly events = new Counter({
    name: 'ledger_events_appended_total',
    help: 'Events that were appended.',
    registers: [],
  });
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

  constructor() {
    for (const outcome of ['appended', 'overtaken', 'failed']) this.appends.inc({ outcome }, 0);
  }
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
    const end = this.counts.durations.startTimer();
    let outcome = 'failed';
    try {
      const appended = await inSpan('append', { 'ledger.events': events.length }, () =>
        this.reader.append(stream, expected, events),
      );
      outcome = 'appended';
      this.counts.events.inc(events.length);
      return appended;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) outcome = 'overtaken';
      throw error;
    } finally {
      this.counts.appends.inc({ outcome });
      end();
    }
  }

  override get eraser(): WordsEraser | null {
    return this.reader.eraser;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
