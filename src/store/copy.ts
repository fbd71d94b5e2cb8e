/**
 * Copies a ledger from one store into another: the same events with the same ids, in the same order, at the same
 * revisions of the same streams, and so with the same sequence numbers.
 *
 * Events that the target holds already must be the first ones of the source; the copy goes on from there. So a copy
 * that was broken off is started again, and a copy into a store with another ledger is refused. Memory is bounded: a
 * page of each store, and one append.
 */
import { canonicalJson } from '../kernel/canonical-json.js';
import { entryOf } from '../tlog/entry.js';
import { Frontier, leafHash } from '../tlog/merkle.js';
import {
  WrongExpectedRevision,
  type EventReader,
  type EventStore,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type Run,
} from './event-store.js';
import { verifyPayload } from './verify-payload.js';

export class CopyImpossible extends Error {
  override readonly name: string = 'CopyImpossible';
}

export interface Copied {
  readonly known: number;
  readonly copied: number;
}

const PAGE_SIZE = 1_000;
/** Every store accepts an append of this size. A larger append of the source is split. */
const APPEND = { eventsMax: 500, bytesMax: 512 * 1024 };

/**
 * Copies all events; nobody else may write to the target meanwhile.
 * @throws CopyImpossible
 */
export async function copyEvents(
  from: EventReader,
  to: EventStore,
  onProgress: (events: number) => void,
): Promise<Copied> {
  const end = await from.head();
  const source = new CopyCursor(from);
  const known = await skipKnown(source, new CopyCursor(to), onProgress);
  let copied = 0;
  for await (const batch of batchesOf(source)) {
    await appendAsItWas(to, batch);
    copied += batch.length;
    onProgress(known + copied);
  }
  await refuseUnlessAtEnd(source, from, end);
  return { known, copied };
}

/**
 * Reads both stores again, from the first event, and compares the events one by one. Figures and the log follow from
 * the events alone.
 * @param events the number of events to compare: the source may have grown since it was copied
 * @returns the root of the log of these events, base64
 * @throws CopyImpossible with the first difference; StoreDamaged where an event does not fit its hash
 */
export async function verifyCopy(
  from: EventReader,
  to: EventReader,
  { events, onProgress }: { readonly events: number; readonly onProgress: (events: number) => void },
): Promise<string> {
  const [source, target] = [new CopyCursor(from), new CopyCursor(to)];
  const log = new Frontier();
  for (let sequence = 0; sequence < events; sequence++) {
    const [event, copy] = [await source.next(), await target.next()];
    if (!event || !copy)
      throw new CopyImpossible(`the ${event ? 'target' : 'source'} ends before its ${events} events`);
    refuseDifference(sequence, event, copy);
    await verifyPayload(event, from);
    log.append(leafHash(entryOf(event)));
    onProgress(sequence + 1);
  }
  return log.root().toString('base64');
}

/** A copy that ended early, or whose source was written to, is not the whole ledger. */
async function refuseUnlessAtEnd(source: CopyCursor, from: EventReader, end: Position | null): Promise<void> {
  const head = await from.head();
  if (head !== end)
    throw new CopyImpossible('events were written to the source while it was copied: run the copy again');
  let reached = source.reached;
  let run: Run;
  do {
    run = await from.readRun(reached, 1);
    reached = run.end;
  } while (!run.atEnd && run.events.length === 0);
  if (run.events.length === 0 && (head === null || (reached !== null && reached >= head))) return;
  throw new CopyImpossible('the source was not read to its end: run the copy again');
}

/** Compares the events that the target holds with the first ones of the source. @returns their number */
async function skipKnown(
  source: CopyCursor,
  target: CopyCursor,
  onProgress: (events: number) => void,
): Promise<number> {
  for (let sequence = 0; ; sequence++) {
    const there = await target.next();
    if (!there) return sequence;
    const event = await source.next();
    if (!event) throw new CopyImpossible(`the target holds more than the ${sequence} events of the source`);
    refuseDifference(sequence, event, there);
    onProgress(sequence + 1);
  }
}

/** @throws CopyImpossible that names the field in which two events at one sequence differ */
function refuseDifference(sequence: number, event: RecordedEvent, other: RecordedEvent): void {
  const [one, two] = [contentOf(event), contentOf(other)];
  for (const [name, text] of Object.entries(one)) {
    const found = two[name as keyof typeof two];
    if (text !== found) {
      throw new CopyImpossible(
        `source and target differ at sequence ${sequence} in their ${name}: ${text.slice(0, 200)} and ${found.slice(0, 200)}`,
      );
    }
  }
}

/** Each store gives its own position to an event; everything else must be the same. */
const contentOf = ({ id, stream, revision, type, data, metadata }: RecordedEvent) => ({
  id,
  stream,
  revision: String(revision),
  type,
  metadata: canonicalJson(metadata),
  data: canonicalJson(data),
});

async function* batchesOf(source: CopyCursor): AsyncGenerator<readonly RecordedEvent[]> {
  let batch: RecordedEvent[] = [];
  let bytes = 0;
  for (let event = await source.next(); event; event = await source.next()) {
    const size = Buffer.byteLength(canonicalJson(event.data) + JSON.stringify(event.metadata));
    const last = batch.at(-1);
    const follows = last?.stream === event.stream && last.revision + 1 === event.revision;
    if (last && (!follows || batch.length === APPEND.eventsMax || bytes + size > APPEND.bytesMax)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function appendAsItWas(to: EventStore, batch: readonly RecordedEvent[]): Promise<void> {
  const { stream, revision } = batch[0]!;
  const events = batch.map(({ id, type, data, metadata }): NewEvent => {
    return { id, type, payload: canonicalJson(data), metadata };
  });
  try {
    await to.append(stream, revision === 0 ? 'no-stream' : revision - 1, events);
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    throw new CopyImpossible(
      `${stream} cannot have its revision ${revision} in the target, where it stands at ${error.actual}: in one of ` +
        'the two stores that stream has events that are not the ledger’s',
    );
  }
}

class CopyCursor {
  private readonly events: AsyncGenerator<RecordedEvent>;
  reached: Position | null = null;

  constructor(reader: EventReader) {
    this.events = this.eventsOf(reader);
  }

  private async *eventsOf(reader: EventReader): AsyncGenerator<RecordedEvent> {
    for await (const run of reader.runs(null, PAGE_SIZE)) {
      this.reached = run.end;
      yield* run.events;
    }
  }

  async next(): Promise<RecordedEvent | null> {
    const next = await this.events.next();
    return next.done ? null : next.value;
  }
}
