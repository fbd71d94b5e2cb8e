/**
 * Reads EventStoreDB or KurrentDB: streams, the global order `$all`, and the subscription to it.
 *
 * Everything is read from the leader, so that what was acknowledged is found. A subscription is a loop that is
 * looked after: whether the server ends it, breaks it off or falls silent, it is opened again from the last
 * position, after a while that grows. Start positions of a read are inclusive, those of a subscription exclusive.
 */
import {
  BACKWARDS,
  END,
  excludeSystemEvents,
  START,
  type AllStreamResolvedEvent,
  type EventStoreDBClient,
  type ResolvedEvent,
} from '@eventstore/db-client';
import type { StreamName } from '../kernel/ids.js';
import {
  EventReader,
  StoreDamaged,
  StoreUnavailable,
  type ExpectedRevision,
  type Position,
  type RecordedEvent,
  type Run,
  type StreamRange,
  type StreamRun,
} from './event-store.js';
import { EventStoreConnection, within, type ConnectionOptions } from './eventstore-connection.js';
import { asStoreError, isStreamNotFound, isTransient, NoAnswer } from './eventstore-errors.js';
import {
  decodePosition,
  encodePosition,
  isOfTheServer,
  ownEvent,
  positionOf,
  StreamNames,
  type Resolved,
  type StorePosition,
} from './eventstore-events.js';
import { batchesOf, type ClientStream } from './eventstore-stream.js';
import type { EventStoreSettings } from './store-url.js';

export interface ReaderOptions extends ConnectionOptions {
  /** After which a subscription that says nothing is opened again: it may have been lost without a sign. */
  readonly quietMsMax?: number;
  /** Told when a subscription is lost; it is opened again. */
  readonly onLost?: (error: Error) => void;
  /** Before the first event of the ledger: tests share a server, and need not read what others left in it. */
  readonly origin?: Position | null;
}

/** Events of the store in one part of its order, and in one batch of a subscription. */
const PAGE_SIZE = { min: 32, max: 2_000 };
const BATCH_SIZE_MAX = 2_000;
const QUIET_MS_MAX = 60_000;
/** Pages that are looked through for the last event that is not the server's. */
const HEAD_PAGES_MAX = 16;
/** A subscription tells how far it has come after so many events that are passed over. */
const SEARCH_WINDOW = 128;

/** What a subscription has come to, between its events: in their order. */
interface Checkpoint {
  readonly checkpoint: StorePosition;
}

const LEADER = { requiresLeader: true };
const QUIET: Run = { events: [], end: null, skipped: 0, atEnd: false };

export class EventStoreDbReader extends EventReader {
  readonly connection: EventStoreConnection;
  private readonly names: StreamNames;
  private readonly quietMsMax: number;
  private readonly onLost: (error: Error) => void;
  private readonly origin: Position | null;

  constructor(settings: EventStoreSettings, options: ReaderOptions = {}) {
    super();
    this.connection = new EventStoreConnection(settings, options);
    this.names = new StreamNames(settings.namespace);
    this.quietMsMax = options.quietMsMax ?? QUIET_MS_MAX;
    this.onLost = options.onLost ?? (() => undefined);
    this.origin = options.origin ?? null;
  }

  async readStreamRun(
    stream: StreamName,
    { from = 0, limit = Infinity }: StreamRange = {},
  ): Promise<StreamRun> {
    const events: RecordedEvent[] = [];
    let last: ExpectedRevision = 'no-stream';
    for (let next = from; events.length < limit;) {
      const maxCount = limit === Infinity ? Number.MAX_SAFE_INTEGER : limit - events.length;
      const read = await this.readRevisions(stream, next, maxCount);
      for (const resolved of read) {
        const event = ownEvent(resolved, this.names);
        if (event) events.push(event);
      }
      next += read.length;
      if (read.length > 0) last = next - 1;
      if (read.length < maxCount) break;
    }
    return { events, last };
  }

  /** Whosever they are. */
  private async readRevisions(
    stream: StreamName,
    from: number,
    maxCount: number,
  ): Promise<readonly ResolvedEvent[]> {
    const name = this.names.inStore(stream);
    const read = await this.connection.ask(`to read ${stream}`, async (client) => {
      try {
        const options = { fromRevision: BigInt(from), maxCount, ...LEADER };
        return await this.all<ResolvedEvent>(client.readStream(name, options), `to read ${stream}`);
      } catch (error) {
        if (isStreamNotFound(error)) return [];
        throw error;
      }
    });
    read.forEach((resolved, index) => {
      const revision = Number((resolved.link ?? resolved.event)!.revision);
      if (revision !== from + index) {
        throw new StoreDamaged(
          `events of ${stream} are missing: revision ${revision} stands where ${from + index} should`,
        );
      }
    });
    return read;
  }

  async readRun(after: Position | null, limit: number): Promise<Run> {
    const maxCount = Math.min(Math.max(limit + 1, PAGE_SIZE.min), PAGE_SIZE.max);
    const start = after ?? this.origin;
    const fromPosition = start === null ? START : decodePosition(start);
    const page = await this.connection.ask('to read the ledger', (client) =>
      this.all<AllStreamResolvedEvent>(
        client.readAll({ fromPosition, maxCount, ...LEADER }),
        'to read the ledger',
      ),
    );
    // The event at the position itself was read before.
    const isNew = (resolved: Resolved) => start === null || positionOf(resolved) > start;
    return this.runOf(page.filter(isNew), { after, limit, atEnd: page.length < maxCount });
  }

  private runOf(
    page: readonly (Resolved | Checkpoint)[],
    { after, limit, atEnd }: { after: Position | null; limit: number; atEnd: boolean },
  ): Run {
    const events: RecordedEvent[] = [];
    let [end, skipped] = [after, 0];
    for (const [index, item] of page.entries()) {
      if ('checkpoint' in item) {
        const reached = encodePosition(item.checkpoint);
        if (end === null || reached > end) end = reached;
        continue;
      }
      end = positionOf(item);
      const event = ownEvent(item, this.names);
      if (event) events.push(event);
      else if (!isOfTheServer(item)) skipped++;
      if (events.length === limit) return { events, end, skipped, atEnd: atEnd && index === page.length - 1 };
    }
    return { events, end, skipped, atEnd };
  }

  async head(): Promise<Position | null> {
    let last: Position | null = null;
    for (let page = 0; page < HEAD_PAGES_MAX; page++) {
      const fromPosition = last === null ? END : decodePosition(last);
      const read = await this.connection.ask('to read the end of the ledger', (client) =>
        this.all<AllStreamResolvedEvent>(
          client.readAll({ direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER }),
          'to read the end of the ledger',
        ),
      );
      const found = read.find((resolved) => !isOfTheServer(resolved));
      if (found) return positionOf(found);
      if (read.length < PAGE_SIZE.min) return null;
      last = positionOf(read.at(-1)!);
    }
    return last;
  }

  private async all<Item>(stream: unknown, what: string): Promise<Item[]> {
    const items: Item[] = [];
    const pull = { what, idleMs: this.connection.timeoutMs, sizeMax: PAGE_SIZE.max };
    for await (const batch of batchesOf<Item>(stream as ClientStream, pull)) {
      for (const item of batch) items.push(item);
    }
    return items;
  }

  async *subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    const ending = AbortSignal.any([signal, this.connection.closing]);
    let position = after;
    for (let failures = 0; !ending.aborted;) {
      const client = this.connection.current;
      try {
        for await (const run of this.follow(client, position, ending)) {
          failures = 0;
          if (run === QUIET) break;
          position = run.end;
          yield run;
        }
        if (ending.aborted) break;
        // Where the server ends it, it does so without a word.
        this.onLost(new StoreUnavailable('the subscription ended: it is opened again'));
      } catch (cause) {
        const error = asStoreError(cause, 'to follow the ledger');
        if (!isTransient(error)) throw error;
        this.connection.giveUp(client, error);
        this.onLost(error);
      }
      await this.connection.backOff(failures++, ending);
    }
    if (!signal.aborted) throw new StoreUnavailable('the store is closed');
  }

  /** One subscription, to its end; at last QUIET, if nothing was heard of it for long. */
  private async *follow(
    client: EventStoreDBClient,
    after: Position | null,
    signal: AbortSignal,
  ): AsyncIterable<Run> {
    const filter = excludeSystemEvents({
      maxSearchWindow: SEARCH_WINDOW,
      checkpointInterval: 1,
      // Called between two events, and must not fail: there it is put among them.
      checkpointReached: (subscription, checkpoint) => void subscription.push({ checkpoint }),
    });
    const start = after ?? this.origin;
    const fromPosition = start === null ? START : decodePosition(start);
    const subscription = client.subscribeToAll({ fromPosition, filter, ...LEADER }, { highWaterMark: 256 });
    const confirmed = new Promise<void>((resolve) => subscription.once('confirmation', () => resolve()));
    const stopping = new AbortController();
    const what = 'to follow the ledger';
    const batches = batchesOf<Resolved | Checkpoint>(subscription as unknown as ClientStream, {
      what,
      idleMs: this.quietMsMax,
      sizeMax: BATCH_SIZE_MAX,
      signal: AbortSignal.any([signal, stopping.signal]),
    });
    let [end, opened] = [after, false];
    try {
      let next = batches.next();
      // A server that takes the call and never says so is told from one that has nothing to say.
      await within(this.connection.timeoutMs, what, Promise.race([confirmed, next]));
      opened = true;
      for (let batch = await next; !batch.done; batch = await next) {
        const run = this.runOf(batch.value, { after: end, limit: Infinity, atEnd: false });
        if (run.end !== end) yield run;
        end = run.end;
        next = batches.next();
      }
    } catch (error) {
      if (!(opened && error instanceof NoAnswer)) throw error;
      yield QUIET;
    } finally {
      stopping.abort();
      await batches.return(undefined);
    }
  }

  /** What was asked for before is answered. */
  close(): Promise<void> {
    return this.connection.close();
  }
}
