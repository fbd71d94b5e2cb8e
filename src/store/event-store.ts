/**
 * The store port: all that the ledger asks of a store.
 *
 * A stream is a consistency boundary. An append to one stream is atomic, checked against an exact expected
 * revision, and acknowledged only once it is durable. Reads come in the store's global order.
 * `test/contracts/event-store.ts` states these laws and runs against every adapter.
 */
import type { Branded, StreamName } from '../kernel/ids.js';

/** Where the store put an event: text that compares in the store's global order, gaps allowed, opaque outside. */
export type Position = Branded<string, 'Position'>;

export interface EventMetadata {
  /** Name and version of the payload's shape, e.g. `outcome@1`: this, not the type, says how it is read. */
  readonly schema: string;
  /** The recording process's clock, ISO 8601 with milliseconds; within one process it never goes back. */
  readonly recordedAt: string;
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId?: string;
  /** `api`, `system`, or `file:<sha256>#<line>`. */
  readonly source: string;
  /** 16 random bytes, base64url; null once the content was erased, for nobody then may guess it from its hash. */
  readonly salt: string | null;
  /** SHA-256(salt ‖ canonical payload), hexadecimal. */
  readonly payloadHash: string;
}

export interface NewEvent {
  /** A UUID, the same whenever the same append is tried again. */
  readonly id: string;
  readonly type: string;
  /** RFC 8785 canonical JSON of an object. */
  readonly payload: string;
  readonly metadata: EventMetadata;
}

export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: EventMetadata;
  readonly stream: StreamName;
  /** From 0, without gaps in a stream. */
  readonly revision: number;
  readonly position: Position;
}

/** An exact revision of the last event, or that the stream has none. */
export type ExpectedRevision = number | 'no-stream';

export interface Appended {
  readonly firstRevision: number;
  /** Of the last event of the append. */
  readonly position: Position;
}

/** Which events of a stream are read: from a revision on, and at most so many of the ledger's own. */
export interface StreamRange {
  readonly from?: number;
  readonly limit?: number;
}

/** A part of a stream. */
export interface StreamRun {
  /** The ledger's own, oldest first. */
  readonly events: readonly RecordedEvent[];
  /** Of the last event that was read, whosever it is: what an append after this part must expect. */
  readonly last: ExpectedRevision;
}

/**
 * A run that has so many bytes of events takes no more of them, but for the rest of what was appended with the last:
 * whoever reads in order, however slowly, holds a few MiB, and not thousands of the largest events there are.
 */
export const RUN_BYTES_MAX = 4 * 1024 * 1024;

/** A part of the global order. A store may be shared: what is not the ledger's own is passed over, and counted. */
export interface Run {
  /** The ledger's own, in order. */
  readonly events: readonly RecordedEvent[];
  /** How far was read: where the next part begins, also where nothing was the ledger's. Null at the very start. */
  readonly end: Position | null;
  /** Events that are not the ledger's own. What a store writes for itself counts as nothing. */
  readonly skipped: number;
  /** Whether there was nothing after it. */
  readonly atEnd: boolean;
}

/** The part that projections need; safe to open from several threads. */
export abstract class EventReader {
  abstract readStreamRun(stream: StreamName, range?: StreamRange): Promise<StreamRun>;

  /**
   * A bounded part of the global order after a position, with up to `limit` events and RUN_BYTES_MAX; maybe none, and
   * not the last.
   */
  abstract readRun(after: Position | null, limit: number): Promise<Run>;

  /**
   * Catches up from a position, then follows, until `signal` aborts; each part is bounded as those that are read are,
   * and goes further than the one before.
   */
  abstract subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run>;

  /** Of the last event of the store, whosever it is: nothing that is acknowledged lies after it. */
  abstract head(): Promise<Position | null>;

  /** Events of one stream from a revision on, oldest first; none if there is no such stream. */
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

  /** What is asked for after it rejects with StoreUnavailable; closing again is harmless. */
  abstract close(): Promise<void>;
}

/** Takes content out of what is recorded, where a lawful order asks for it. */
export interface ContentEraser {
  /**
   * Puts what is left, canonical JSON by revision, in the place of events' payloads, and takes their salts away. When
   * it resolves, what was there is in none of the store's files. To ask again is harmless.
   * @throws StoreUnavailable, StoreDamaged
   */
  erase(stream: StreamName, left: ReadonlyMap<number, string>): Promise<void>;
}

/** The whole port, and its injection token. */
export abstract class EventStore extends EventReader {
  /** Null where a store keeps for good what it was given. */
  get eraser(): ContentEraser | null {
    return null;
  }

  /**
   * Appends a batch of at least one event atomically, and resolves once it is durable.
   *
   * Repeating an append with the same event ids at the same place gives the original result.
   * @throws WrongExpectedRevision when the stream is elsewhere; StoreUnavailable when nothing can be said
   *   or done now (the append may be tried again); AppendTooLarge when the store takes none of that size;
   *   StoreDamaged when what is stored cannot be trusted.
   */
  abstract append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended>;
}

/** A store that appends by its own means and leaves all reading to a reader. */
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

/** The store cannot be reached or cannot write. Nothing is known to be lost; the same request may be repeated. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}

/** The store takes no append of that size, and recorded nothing of it: fewer events at a time may do. */
export class AppendTooLarge extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AppendTooLarge';
  }
}

/** What is stored contradicts itself: a record fails its checksum, or a hash its payload. */
export class StoreDamaged extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreDamaged';
  }
}
