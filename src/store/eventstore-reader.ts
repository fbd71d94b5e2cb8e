/**
 * Reads EventStoreDB or KurrentDB: streams, the global order `$all`, and the subscription to it.
 *
 * Everything is read from the leader, so that what was acknowledged is found. A subscription is a loop that is
 * looked after: whether the server ends it, breaks it off or falls silent, it is opened again from the last
 * position, after a while that grows. Start positions of a read are inclusive, those of a subscription exclusive.
 *
 * A server that is stopped may end a read as if all had been told. So what ends early is taken for the whole only
 * where the end of the store, or of the stream, says the same.
 */
import {
  BACKWARDS,
  END,
  eventTypeFilter,
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
import { AccessDenied, asStoreError, isStreamNotFound, isTransient, NoAnswer } from './eventstore-errors.js';
import {
  decodePosition,
  encodePosition,
  isOfTheServer,
  losesEvents,
  lossIn,
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
/** Events may be of megabytes each: a part of the order ends after so many bytes of the store's log. */
const PAGE_BYTES_MAX = 16n * 1024n * 1024n;
const BATCH_SIZE_MAX = 2_000;
const QUIET_MS_MAX = 60_000;
/** Pages that are looked through for the last event that is not the server's. */
const HEAD_PAGES_MAX = 16;
/** A subscription tells how far it has come after so many events that are passed over. */
const SEARCH_WINDOW = 128;

/** What applications write, and by what the server lets go of it. */
const ALL_THAT_CONCERNS_US = /^([^$]|\$metadata$|\$streamDeleted$)/.source;

/** What a subscription has come to, between its events: in their order. */
interface Checkpoint {
  readonly checkpoint: StorePosition;
}

const LEADER = { requiresLeader: true };
const deleted = (stream: StreamName) =>
  new StoreDamaged(
    `${stream} was deleted from the store, or its metadata let its events go: give them back, or restore the store`,
  );
const endedEarly = (what: string) =>
  new StoreUnavailable(`${what}: the event store ended its answer before its end`);
const revisionOf = ({ event, link }: ResolvedEvent) => Number((link ?? event)!.revision);
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
      const { read, atEnd } = await this.readRevisions(stream, next, maxCount);
      for (const resolved of read) {
        const event = ownEvent(resolved, this.names);
        if (event) events.push(event);
      }
      next += read.length;
      if (read.length > 0) last = next - 1;
      if (atEnd) break;
    }
    return { events, last };
  }

  /** Whosever they are; at least one where there is one. */
  private async readRevisions(
    stream: StreamName,
    from: number,
    maxCount: number,
  ): Promise<{ readonly read: readonly ResolvedEvent[]; readonly atEnd: boolean }> {
    const name = this.names.inStore(stream);
    const what = `to read ${stream}`;
    return this.connection.ask(what, async (client) => {
      try {
        const options = { fromRevision: BigInt(from), maxCount, ...LEADER };
        const read = await this.all<ResolvedEvent>(client.readStream(name, options), what);
        refuseGaps(stream, from, read);
        if (read.length === maxCount) return { read, atEnd: false };
        const backwards = { direction: BACKWARDS, fromRevision: END, maxCount: 1, ...LEADER } as const;
        const [newest] = await this.all<ResolvedEvent>(client.readStream(name, backwards), what);
        const atEnd = newest !== undefined && revisionOf(newest) < from + read.length;
        if (!atEnd && read.length === 0) throw endedEarly(what);
        return { read, atEnd };
      } catch (error) {
        // Said in so many words, not by an end.
        if (isStreamNotFound(error)) return { read: [], atEnd: true };
        throw error;
      }
    });
  }

  async readRun(after: Position | null, limit: number): Promise<Run> {
    const maxCount = Math.min(Math.max(limit + 1, PAGE_SIZE.min), PAGE_SIZE.max);
    const start = after ?? this.origin;
    const fromPosition = start === null ? START : decodePosition(start);
    const { page, atEnd } = await this.connection.ask('to read the ledger', (client) =>
      this.readPage(client, start, { fromPosition, maxCount }),
    );
    await this.refuseLosses(page);
    return this.runOf(page, { after, limit, atEnd });
  }

  /**
   * Who reads on past the deletion of one of the ledger's streams gives sequences that nobody can give again once
   * the store has been scavenged. So nobody does, unless what was deleted has been given back since.
   */
  private async refuseLosses(items: readonly (Resolved | Checkpoint)[]): Promise<void> {
    for (const item of items) {
      const loss = 'checkpoint' in item ? null : lossIn(item, this.names);
      if (loss?.forGood) throw deleted(loss.stream);
      if (loss) await this.refuseDeleted(loss.stream);
    }
  }

  /** @throws StoreDamaged where a stream was deleted, or loses events: what it held is not to be written again */
  async refuseDeleted(stream: StreamName): Promise<void> {
    const what = `to look for ${stream}`;
    const metadata = await this.connection.ask(what, async (client) => {
      const range = { direction: BACKWARDS, fromRevision: END, maxCount: 1, ...LEADER } as const;
      const name = `$$${this.names.inStore(stream)}`;
      try {
        const [newest] = await this.all<ResolvedEvent>(client.readStream(name, range), what);
        return newest?.event?.data;
      } catch (error) {
        if (isStreamNotFound(error)) return undefined;
        throw error;
      }
    });
    if (losesEvents(metadata)) throw deleted(stream);
  }

  /** What follows a position: at least one event where there is one. */
  private async readPage(
    client: EventStoreDBClient,
    start: Position | null,
    range: { readonly fromPosition: StorePosition | typeof START; readonly maxCount: number },
  ): Promise<{ readonly page: readonly AllStreamResolvedEvent[]; readonly atEnd: boolean }> {
    const what = 'to read the ledger';
    // The event at the position itself was read before.
    const isNew = (resolved: Resolved) => start === null || positionOf(resolved) > start;
    for (let attempt = 0; ; attempt++) {
      const pages = client.readAll({ ...range, ...LEADER });
      const read = await this.all<AllStreamResolvedEvent>(pages, what, isLarge);
      const page = read.filter(isNew);
      if (read.length === range.maxCount || isLarge(read)) return { page, atEnd: false };
      const head = await this.lastOf(client);
      const last = page.at(-1);
      const end = last ? positionOf(last) : start;
      if (head === null || (end !== null && head <= end)) return { page, atEnd: true };
      // More may have come since, or it was ended before its end: the next part shows which.
      if (page.length > 0) return { page, atEnd: false };
      if (attempt > 0) throw endedEarly(what);
    }
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

  head(): Promise<Position | null> {
    return this.connection.ask('to read the end of the ledger', (client) => this.lastOf(client));
  }

  /** Of the last event that is not the server's. */
  private async lastOf(client: EventStoreDBClient): Promise<Position | null> {
    const what = 'to read the end of the ledger';
    let last: Position | null = null;
    for (let page = 0; page < HEAD_PAGES_MAX; page++) {
      const fromPosition = last === null ? END : decodePosition(last);
      const range = { direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER } as const;
      const read = await this.all<AllStreamResolvedEvent>(client.readAll(range), what);
      const found = read.find((resolved) => !isOfTheServer(resolved));
      if (found) return positionOf(found);
      if (read.length < PAGE_SIZE.min) {
        // The other end agrees that there is nothing more, or this one was not reached.
        const from = { fromPosition: START, maxCount: 1, ...LEADER } as const;
        const [first] = await this.all<AllStreamResolvedEvent>(client.readAll(from), what);
        const reached = read.at(-1) ?? null;
        const least = reached === null ? last : positionOf(reached);
        if (first && (least === null || positionOf(first) < least)) throw endedEarly(what);
        return null;
      }
      last = positionOf(read.at(-1)!);
    }
    return last;
  }

  /** @param isEnough what is read in vain is not waited for */
  private async all<Item>(
    stream: unknown,
    what: string,
    isEnough: (items: readonly Item[]) => boolean = () => false,
  ): Promise<Item[]> {
    const items: Item[] = [];
    const pull = { what, idleMs: this.connection.timeoutMs, sizeMax: PAGE_SIZE.max };
    for await (const batch of batchesOf<Item>(stream as ClientStream, pull)) {
      for (const item of batch) items.push(item);
      if (isEnough(items)) break;
    }
    return items;
  }

  async *subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    const ending = AbortSignal.any([signal, this.connection.closing]);
    let position = after;
    let known: RecordedEvent | null | undefined;
    for (let failures = 0; !ending.aborted;) {
      const client = this.connection.current;
      const release = this.connection.use(client);
      try {
        // Whoever restores an older backup stops the server: what was read is looked for before it is gone on from.
        if (known) await this.verifyHolds(known);
        else known ??= position === null ? null : await this.lastUpTo(position);
        let quiet = false;
        for await (const run of this.follow(client, position, ending)) {
          failures = 0;
          if ((quiet = run === QUIET)) break;
          position = run.end;
          known = run.events.at(-1) ?? known;
          yield run;
        }
        if (ending.aborted) break;
        // An idle ledger has lost nothing: its subscription is opened again because nobody can tell.
        if (quiet) continue;
        // Where the server ends it, it does so without a word.
        this.onLost(new StoreUnavailable('the subscription ended: it is opened again'));
      } catch (cause) {
        const error = asStoreError(cause, 'to follow the ledger');
        const denied = error instanceof AccessDenied;
        if (!isTransient(error) && !denied) throw error;
        release();
        if (!denied) this.connection.giveUp(client, error);
        this.onLost(error);
      } finally {
        release();
      }
      await this.connection.backOff(failures++, ending);
    }
    if (!signal.aborted) throw new StoreUnavailable('the store is closed');
  }

  /** An event of the ledger at a position or shortly before it, where there is one. */
  private lastUpTo(position: Position): Promise<RecordedEvent | null> {
    const what = 'to read the ledger';
    const fromPosition = decodePosition(position);
    return this.connection.ask(what, async (client) => {
      const at = { fromPosition, maxCount: 1, ...LEADER } as const;
      const before = { direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER } as const;
      const [next] = await this.all<AllStreamResolvedEvent>(client.readAll(at), what);
      const read = await this.all<AllStreamResolvedEvent>(client.readAll(before), what);
      const found = (next && positionOf(next) === position ? [next, ...read] : read).map((resolved) =>
        ownEvent(resolved, this.names),
      );
      return found.find((event) => event !== null) ?? null;
    });
  }

  /** @throws StoreDamaged where the store does not hold what was read from it */
  private async verifyHolds({ id, position }: RecordedEvent): Promise<void> {
    const what = 'to read the ledger';
    const isThere = await this.connection.ask(what, async (client) => {
      const range = { fromPosition: decodePosition(position), maxCount: 1, ...LEADER } as const;
      const [found] = await this.all<AllStreamResolvedEvent>(client.readAll(range), what);
      if (found) return found.event?.id === id;
      if (((await this.lastOf(client)) ?? '') >= position) throw endedEarly(what);
      return false;
    });
    if (isThere) return;
    throw new StoreDamaged(
      `the store was cut short or replaced: it does not hold event ${id}, which was read`,
    );
  }

  /** One subscription, to its end; at last QUIET, if nothing was heard of it for long. */
  private async *follow(
    client: EventStoreDBClient,
    after: Position | null,
    signal: AbortSignal,
  ): AsyncIterable<Run> {
    const filter = eventTypeFilter({
      regex: ALL_THAT_CONCERNS_US,
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
        await this.refuseLosses(batch.value);
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

/** Positions are places in the server's log: what lies between two of them is how much was read. */
function isLarge(read: readonly Resolved[]): boolean {
  const [first, last] = [read[0], read.at(-1)];
  if (!first || !last || first === last) return false;
  const [from, to] = [first, last].map((resolved) => decodePosition(positionOf(resolved)).commit);
  return to! - from! > PAGE_BYTES_MAX;
}

function refuseGaps(stream: StreamName, from: number, read: readonly ResolvedEvent[]): void {
  for (const [index, resolved] of read.entries()) {
    const revision = revisionOf(resolved);
    if (revision === from + index) continue;
    throw new StoreDamaged(
      `events of ${stream} are missing: revision ${revision} stands where ${from + index} should`,
    );
  }
}
