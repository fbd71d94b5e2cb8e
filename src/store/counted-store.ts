/** A store whose appends are counted, by how they ended. */
import type { StreamName } from '../kernel/ids.js';
import {
  StoreOverReader,
  type EventStore,
  WrongExpectedRevision,
  type Appended,
  type ContentEraser,
  type ExpectedRevision,
  type NewEvent,
} from './event-store.js';

/** Since the process started. */
export class AppendCounts {
  appended = 0;
  events = 0;
  /** The stream stood elsewhere: as a rule it is decided again, and appended. */
  overtaken = 0;
  failed = 0;
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
    try {
      const appended = await this.reader.append(stream, expected, events);
      this.counts.appended += 1;
      this.counts.events += events.length;
      return appended;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) this.counts.overtaken += 1;
      else this.counts.failed += 1;
      throw error;
    }
  }

  override get eraser(): ContentEraser | null {
    return this.reader.eraser;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
