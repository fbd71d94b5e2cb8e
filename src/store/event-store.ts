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
  /** 16 random bytes, base64url. */
  readonly salt: string;
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
  /** Of the first and of the last event of the append. */
  readonly firstPosition: Position;
  readonly position: Position;
}

/** The part that projections need; safe to open from several threads. */
export abstract class EventReader {
  /** Events of one stream from a revision on, oldest first; none if there is no such stream. */
  abstract readStream(
    stream: StreamName,
    range?: { from?: number; limit?: number },
  ): Promise<readonly RecordedEvent[]>;

  /** Up to `limit` events of the ledger after a position, in global order; none when there are no more. */
  abstract readAll(after: Position | null, limit: number): Promise<readonly RecordedEvent[]>;

  /** Catches up from a position, then follows; yields batches that are never empty until `signal` aborts. */
  abstract subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<readonly RecordedEvent[]>;

  /** What is asked for after it rejects with StoreUnavailable; closing again is harmless. */
  abstract close(): Promise<void>;
}

/** The whole port, and its injection token. */
export abstract class EventStore extends EventReader {
  /**
   * Appends a batch of at least one event atomically, and resolves once it is durable.
   *
   * Repeating an append with the same event ids at the same place gives the original result.
   * @throws WrongExpectedRevision when the stream is elsewhere; StoreUnavailable when nothing can be said
   *   or done now (the append may be tried again); StoreDamaged when what is stored cannot be trusted.
   */
  abstract append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended>;
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

/** What is stored contradicts itself: a record fails its checksum, or a hash its payload. */
export class StoreDamaged extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreDamaged';
  }
}
