/**
 * Reads EventStoreDB or KurrentDB: streams, and the global order `$all`.
 *
 * Everything is read from the leader, so that what was acknowledged is found. Where a read starts is inclusive: what
 * stands at the position itself was read before.
 */
import {
  BACKWARDS,
  END,
  START,
  type AllStreamResolvedEvent,
  type ResolvedEvent,
} from '@eventstore/db-client';
import type { StreamName } from '../kernel/ids.js';
import {
  EventReader,
  StoreDamaged,
  type ExpectedRevision,
  type Position,
  type RecordedEvent,
  type Run,
  type StreamRange,
  type StreamRun,
} from './event-store.js';
import { EventStoreConnection, type ConnectionOptions } from './eventstore-connection.js';
import { isStreamNotFound } from './eventstore-errors.js';
import {
  decodePosition,
  isOfTheServer,
  ownEvent,
  positionOf,
  StreamNames,
  type Resolved,
} from './eventstore-events.js';
import { runOf } from './eventstore-runs.js';
import { batchesOf, type ClientStream } from './eventstore-stream.js';
import { Subscriptions, type SubscriptionOptions } from './eventstore-subscription.js';
import type { EventStoreSettings } from './store-url.js';

export type ReaderOptions = ConnectionOptions & SubscriptionOptions;

/** Events of the store in one part of its order. */
const PAGE_SIZE = { min: 32, max: 2_000 };
/** Pages that are looked through for the last event that is not the server's. */
const HEAD_PAGES_MAX = 16;
const LEADER = { requiresLeader: true };

export class EventStoreDbReader extends EventReader {
  readonly connection: EventStoreConnection;
  private readonly names: StreamNames;
  private readonly subscriptions: Subscriptions;
  private readonly origin: Position | null;

  constructor(settings: EventStoreSettings, options: ReaderOptions = {}) {
    super();
    this.connection = new EventStoreConnection(settings, options);
    this.names = new StreamNames(settings.namespace);
    this.subscriptions = new Subscriptions(this.connection, this.names, options);
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
    const atEnd = page.length < maxCount;
    return runOf(page.filter(isNew), { names: this.names, after, limit, atEnd });
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

  subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    return this.subscriptions.subscribe(after, signal);
  }

  /** What was asked for before is answered. */
  close(): Promise<void> {
    return this.connection.close();
  }
}
