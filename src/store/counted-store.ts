/** A store whose appends are counted, by how they ended. */
import type { StreamName } from '../kernel/ids.js';
import {
  EventStore,
  WrongExpectedRevision,
  type Appended,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type Run,
  type StreamRange,
  type StreamRun,
} from './event-store.js';

/** Since the process started. */
export class AppendCounts {
  appended = 0;
  events = 0;
  /** The stream stood elsewhere: as a rule it is decided again, and appended. */
  overtaken = 0;
  failed = 0;
}

export class CountedStore extends EventStore {
  constructor(
    private readonly store: EventStore,
    private readonly counts: AppendCounts,
  ) {
    super();
  }

  async append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    try {
      const appended = await this.store.append(stream, expected, events);
      this.counts.appended += 1;
      this.counts.events += events.length;
      return appended;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) this.counts.overtaken += 1;
      else this.counts.failed += 1;
      throw error;
    }
  }

  readStreamRun(stream: StreamName, range?: StreamRange): Promise<StreamRun> {
    return this.store.readStreamRun(stream, range);
  }

  readRun(after: Position | null, limit: number): Promise<Run> {
    return this.store.readRun(after, limit);
  }

  subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    return this.store.subscribe(after, signal);
  }

  head(): Promise<Position | null> {
    return this.store.head();
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
