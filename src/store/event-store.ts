/**
 * The store port: everything that the ledger asks of a store.
 *
 * A stream is a consistency boundary. An append to one stream is atomic, checked against an exact expected revision,
 * and acknowledged only once it is durable. Reads come in the store's global order. `test/contracts/event-store.ts`
 * states these laws and runs against every adapter.
 */
import type { EventData, Seals } from '../kernel/event-data.js';
import type { Branded, StreamName } from '../kernel/ids.js';

/**
 * An event's place in the store: text that compares in the store's global order, may have gaps, and is opaque outside
 * of the adapter.
 */
export type Position = Branded<string, 'Position'>;

export interface EventMetadata extends Seals {
  /** Name and version of the shape of the data, e.g. `outcome@2`, which decides how the data are read. */
  readonly schema: string;
  /** The time by the recording process's clock, ISO 8601 with milliseconds; within one process it never goes back. */
  readonly recordedAt: string;
  readonly actor: string;
  /** The role in which the actor acted; `system` where the ledger did so by itself. */
  readonly role: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** The origin of the event: `api`, `system`, or `file:<sha256>#<line>`. */
  readonly source: string;
}

export interface NewEvent {
  /** A UUID that stays the same when the same append is repeated. */
  readonly id: string;
  readonly type: string;
  /** RFC 8785 canonical JSON of the event's data, facts and words. */
  readonly payload: string;
  readonly metadata: EventMetadata;
}

export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: EventData;
  readonly metadata: EventMetadata;
  readonly stream: StreamName;
  /** Revisions of a stream count from 0, without gaps. */
  readonly revision: number;
  readonly position: Position;
}

/** The revision of the stream's last event, or `no-stream` where the stream has no event. */
export type ExpectedRevision = number | 'no-stream';

export interface Appended {
  readonly firstRevision: number;
  readonly position: Position;
}

/** A range of a stream begins at a revision, and has at most `limit` events of the ledger's own. */
export interface StreamRange {
  readonly from?: number;
  readonly limit?: number;
}

export interface StreamRun {
  readonly events: readonly RecordedEvent[];
  /**
   * The revision of the last event that was read, the ledger's own or not: an append after this part must expect it.
   */
  readonly last: ExpectedRevision;
}

/**
 * A run takes no more once its events have so many bytes, except the rest of the last event's append. So a reader in
 * order, however slow, holds a few MiB, and not thousands of the largest events there are.
 */
export const RUN_BYTES_MAX = 4 * 1024 * 1024;

/** A part of the global order. Events of a shared store that are not the ledger's own are skipped and counted. */
export interface Run {
  readonly events: readonly RecordedEvent[];
  /** The next part begins at this position, even if no event was the ledger's. Null at the very start. */
  readonly end: Position | null;
  /** The number of events that are not the ledger's own, without the store's own bookkeeping. */
  readonly skipped: number;
  readonly atEnd: boolean;
}

/** The reading half of the port, which projections need; several threads may each open one. */
export abstract class EventReader {
  abstract readStreamRun(stream: StreamName, range?: StreamRange): Promise<StreamRun>;

  /**
   * A part of the global order after a position, of at most `limit` events and RUN_BYTES_MAX bytes. It may have no
   * event, and need not be the last part.
   */
  abstract readRun(after: Position | null, limit: number): Promise<Run>;

  /**
   * Catches up from a position, then follows, until `signal` aborts. Each part is bounded as those of `readRun` are,
   * and ends at a later position than the one before.
   */
  abstract subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run>;

  /** The parts of the global order after a position, each of at most `limit` events, up to the end. */
  async *runs(after: Position | null, limit: number): AsyncGenerator<Run> {
    for (let atEnd = false; !atEnd;) {
      const run = await this.readRun(after, limit);
      yield run;
      ({ end: after, atEnd } = run);
    }
  }

  /** The position of the store's last event, the ledger's own or not: no acknowledged event lies after it. */
  abstract head(): Promise<Position | null>;

  /** The events of a stream from a revision on, oldest first; none if there is no such stream. */
  async readStream(stream: StreamName, range?: StreamRange): Promise<readonly RecordedEvent[]> {
    return (await this.readStreamRun(stream, range)).events;
  }

  /** Up to `limit` events of the ledger after a position, in global order; fewer only where there are no more. */
  async readAll(after: Position | null, limit: number): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let position = after; ;) {
      const run = await this.readRun(position, limit - events.length);
      for (const event of run.events) events.push(event);
      if (run.atEnd || events.length === limit) return events;
      position = run.end;
    }
  }

  /** Later calls reject with StoreUnavailable, and closing again is harmless. */
  abstract close(): Promise<void>;
}

export interface WordsEraser {
  /**
   * Removes the words of the events at some revisions of a stream, and the salts of those words. When the promise
   * resolves, none of the store's files has them. Repeating the call is harmless.
   * @throws StoreUnavailable, StoreDamaged
   */
  erase(stream: StreamName, revisions: ReadonlySet<number>): Promise<void>;
}

/** The whole port, and its injection token. */
export abstract class EventStore extends EventReader {
  /** Null where a store can never change what it recorded. */
  get eraser(): WordsEraser | null {
    return null;
  }

  /**
   * Appends at least one event atomically, and resolves once that is durable.
   *
   * Repeating an append with the same event ids at the same place gives the original result.
   * @throws WrongExpectedRevision where the stream is elsewhere; StoreUnavailable where nothing can be said or done now
   * (the append may be tried again); AppendTooLarge where the store takes none of that size; StoreDamaged where stored
   * events cannot be trusted
   */
  abstract append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended>;
}

export abstract class StoreOverReader extends EventStore {
  protected abstract readonly reader: EventReader;

  readStreamRun(stream: StreamName, range?: StreamRange): Promise<StreamRun> {
    return this.reader.readStreamRun(stream, range);
  }

  readRun(after: Position | null, limit: number): Promise<Run> {
    return this.reader.readRun(after, limit);
  }

  subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    return this.reader.subscribe(after, signal);
  }

  head(): Promise<Position | null> {
    return this.reader.head();
  }
}

export class WrongExpectedRevision extends Error {
  constructor(
    readonly stream: StreamName,
    readonly expected: ExpectedRevision,
    readonly actual: ExpectedRevision,
  ) {
    super(`${stream} stands at ${actual}, not at ${expected}`);
    this.name = 'WrongExpectedRevision';
  }
}

/** The store cannot be reached or cannot write. No event is known to be lost; the same request may be repeated. */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}

/** The store accepts no append of that size, and recorded nothing of it; an append of fewer events may succeed. */
export class AppendTooLarge extends Error {
  override readonly name: string = 'AppendTooLarge';
}

/** The stored events contradict themselves: a page fails its tag, or a payload its hash. */
export class StoreDamaged extends Error {
  override readonly name: string = 'StoreDamaged';
}
