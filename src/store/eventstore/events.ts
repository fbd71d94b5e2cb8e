/**
 * Tells which events of a shared store are the ledger's, and how they are stored.
 *
 * An event is the ledger's own when its stream is of one of the ledger's categories, and its metadata is the ledger's
 * whole envelope. Every other event is skipped and counted, never guessed at (docs/adr/0007-a-shared-store.md). An
 * unknown schema does not matter here: an event of a later version of the ledger is the ledger's own, and stops the
 * projection. The server's own events have a type that begins with `$`, and are not counted.
 *
 * A payload is stored as the bytes of its canonical JSON, which are the bytes that were hashed.
 */
import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client';
import type { EventData } from '../../kernel/event-data.js';
import { UUID, type StreamName } from '../../kernel/ids.js';
import {
  RUN_BYTES_MAX,
  StoreDamaged,
  StoreUnavailable,
  type EventMetadata,
  type Position,
  type RecordedEvent,
  type Run,
} from '../event-store.js';

export interface StorePosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** A subscription reports a position between two events, in their order. */
export interface ReadCheckpoint {
  readonly checkpoint: StorePosition;
}

const CATEGORY = /^(?:programme|organisation|measure|submission|key)-./;
/** An unsigned 64-bit number has at most 20 digits. */
const DIGITS = 20;
/** Servers before 22.6 give this as the position of an event that is read from its stream. */
const NO_POSITION = 2n ** 64n - 1n;

export type Resolved = ResolvedEvent | AllStreamResolvedEvent;

const RUN_LENGTH_MAX = 2_000;

/** Both numbers have all their digits, so that positions compare as text. */
export function encodePosition({ commit, prepare }: StorePosition): Position {
  if (commit === NO_POSITION) {
    throw new StoreUnavailable(
      'the event store does not give the positions of events in a stream: use EventStoreDB 22.6 or later, or KurrentDB',
    );
  }
  return `${digits(commit)}-${digits(prepare)}` as Position;
}

export function decodePosition(position: Position): StorePosition {
  const [commit, prepare] = position.split('-');
  return { commit: BigInt(commit!), prepare: BigInt(prepare!) };
}

const digits = (number: bigint) => number.toString().padStart(DIGITS, '0');

export function positionOf({ event, link }: Resolved): Position {
  return encodePosition((link ?? event)!.position!);
}

export function isOfTheServer({ event, link }: Resolved): boolean {
  return (link ?? event)?.type.startsWith('$') ?? false;
}

/**
 * The stream of the ledger that loses events by this event of the server: it deletes the stream, or sets metadata by
 * which a scavenge will remove events. `forGood` means that no later metadata can give them back.
 */
export function lossIn(
  { event }: Resolved,
  names: StreamNames,
): { readonly stream: StreamName; readonly forGood: boolean } | null {
  if (event?.type === '$streamDeleted') {
    const stream = names.inLedger(event.streamId);
    return stream && { stream, forGood: true };
  }
  if (event?.type !== '$metadata' || !event.streamId.startsWith('$$') || !losesEvents(event.data))
    return null;
  const stream = names.inLedger(event.streamId.slice(2));
  return stream && { stream, forGood: false };
}

/** A stream with this metadata hides events, which the next scavenge removes. */
export function losesEvents(metadata: unknown): boolean {
  return (
    isObject(metadata) && ['$tb', '$maxCount', '$maxAge'].some((name) => Number(metadata[name] ?? 0) > 0)
  );
}

export class StreamNames {
  private readonly prefix: string;

  constructor(namespace: string | undefined) {
    this.prefix = namespace === undefined ? '' : `${namespace}.`;
  }

  inStore(stream: StreamName): string {
    return this.prefix + stream;
  }

  inLedger(streamId: string): StreamName | null {
    const name = streamId.slice(this.prefix.length);
    return streamId.startsWith(this.prefix) && CATEGORY.test(name) ? (name as StreamName) : null;
  }
}

/** @returns null where the event is not the ledger's */
export function ownEvent({ event, link }: Resolved, names: StreamNames): RecordedEvent | null {
  if (!event || link) return null;
  const stream = names.inLedger(event.streamId);
  const { id, type, data, metadata, isJson } = event;
  if (stream === null || isOfTheServer({ event }) || !isJson || !UUID.test(id)) return null;
  refuseFormat1(metadata, names.inStore(stream));
  if (!isObject(data) || !isEnvelope(metadata)) return null;
  const revision = Number(event.revision);
  const position = encodePosition(event.position!);
  // An event of a later version may have other parts: upcasting stops at its schema before they are read.
  return { id, type, data: data as unknown as EventData, metadata, stream, revision, position };
}

export function runOf(
  read: readonly (Resolved | ReadCheckpoint)[],
  { after, limit, atEnd, names }: Pick<Run, 'atEnd'> & RunStart,
): Run {
  const events: RecordedEvent[] = [];
  let [end, skipped] = [after, 0];
  for (const [index, item] of read.entries()) {
    if ('checkpoint' in item) {
      const reached = encodePosition(item.checkpoint);
      if (end === null || reached > end) end = reached;
      continue;
    }
    end = positionOf(item);
    const event = ownEvent(item, names);
    if (event) events.push(event);
    else if (!isOfTheServer(item)) skipped++;
    if (events.length === limit) return { events, end, skipped, atEnd: atEnd && index === read.length - 1 };
  }
  return { events, end, skipped, atEnd };
}

interface RunStart {
  readonly after: Position | null;
  readonly limit: number;
  readonly names: StreamNames;
}

/** Tells whether a run may have no more events. Positions in the server's log differ by the bytes between them. */
export function isFullRun(read: readonly (Resolved | ReadCheckpoint)[]): boolean {
  if (read.length < 2) return false;
  if (read.length >= RUN_LENGTH_MAX) return true;
  const [from, to] = [read[0]!, read.at(-1)!].map((item) =>
    'checkpoint' in item ? item.checkpoint.commit : (item.link ?? item.event)!.position!.commit,
  );
  return to! - from! >= RUN_BYTES_MAX;
}

/** An event of format 1 would else be passed over as somebody else's. @throws StoreDamaged */
function refuseFormat1(metadata: unknown, streamId: string): void {
  if (!isObject(metadata) || !('payloadHash' in metadata) || !/@1$/.test(String(metadata['schema']))) return;
  throw new StoreDamaged(
    `the event store has a ledger of format 1 (${streamId}): this version reads format 2 alone`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const matches = (rule: RegExp) => (value: unknown) => isText(value) && rule.test(value);

const SALT = /^[\w-]{22}$/;
const HASH = /^[0-9a-f]{64}$/;

const ENVELOPE: Readonly<Record<keyof EventMetadata, (value: unknown) => boolean>> = {
  // The projection stops at a schema of a later version of the ledger.
  schema: matches(/^[a-z][a-z0-9-]*@\d+$/),
  recordedAt: isInstant,
  actor: isText,
  correlationId: isText,
  causationId: (value) => value === undefined || isText(value),
  source: isText,
  role: isText,
  factsSalt: matches(SALT),
  factsHash: matches(HASH),
  // Words may have been erased before an event was copied here.
  wordsSalt: (value) => value === undefined || matches(SALT)(value),
  wordsHash: (value) => value === undefined || matches(HASH)(value),
};

/** A time is written as the ledger writes it, and its day and hour exist. */
function isInstant(value: unknown): boolean {
  if (!isText(value)) return false;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}

function isEnvelope(value: unknown): value is EventMetadata {
  if (!isObject(value)) return false;
  return Object.entries(ENVELOPE).every(([name, rule]) => rule(value[name]));
}
