/**
 * The global order of EventStoreDB or KurrentDB, `$all`, part by part: where a read begins, and where the store ends.
 *
 * Start positions of a read are inclusive. A server that is stopped may end a read as if all had been told, so what
 * ends early is taken for the whole only where the end of the store says the same.
 */
import {
  BACKWARDS,
  END,
  START,
  type AllStreamResolvedEvent,
  type EventStoreDBClient,
} from '@eventstore/db-client';
import { StoreDamaged, type Position, type RecordedEvent, type Run } from '../event-store.js';
import { LEADER, type EventStoreConnection } from './connection.js';
import { endedEarly } from './errors.js';
import {
  decodePosition,
  isFullRun,
  isOfTheServer,
  ownEvent,
  positionOf,
  runOf,
  type Resolved,
  type StorePosition,
  type StreamNames,
} from './events.js';
import { collected } from './pull.js';
import type { LedgerStreams } from './streams.js';

/** Events of the store in one part of its order. */
const PAGE_SIZE = { min: 32, max: 2_000 };
/** Pages that are looked through for the last event that is not the server's. */
const HEAD_PAGES_MAX = 16;

const READING = 'to read the ledger';
const LOOKING = 'to read the end of the ledger';

export interface OrderOptions {
  readonly names: StreamNames;
  /** Before the first event of the ledger. */
  readonly origin: Position | null;
}

export class GlobalOrder {
  constructor(
    private readonly connection: EventStoreConnection,
    private readonly streams: LedgerStreams,
    private readonly options: OrderOptions,
  ) {}

  async readRun(after: Position | null, limit: number): Promise<Run> {
    const maxCount = Math.min(Math.max(limit + 1, PAGE_SIZE.min), PAGE_SIZE.max);
    const start = after ?? this.options.origin;
    const fromPosition = start === null ? START : decodePosition(start);
    const { page, atEnd } = await this.connection.ask(READING, (client) =>
      this.readPage(client, start, { fromPosition, maxCount }),
    );
    await this.streams.refuseLosses(page);
    return runOf(page, { after, limit, atEnd, names: this.options.names });
  }

  /** What follows a position: at least one event where there is one. */
  private async readPage(
    client: EventStoreDBClient,
    start: Position | null,
    range: { readonly fromPosition: StorePosition | typeof START; readonly maxCount: number },
  ): Promise<{ readonly page: readonly AllStreamResolvedEvent[]; readonly atEnd: boolean }> {
    // The event at the position itself was read before.
    const isNew = (resolved: Resolved) => start === null || positionOf(resolved) > start;
    for (let attempt = 0; ; attempt++) {
      const read = await this.all(client.readAll({ ...range, ...LEADER }), READING, isFullRun);
      const page = read.filter(isNew);
      if (read.length === range.maxCount || isFullRun(read)) return { page, atEnd: false };
      const head = await this.lastOf(client);
      const last = page.at(-1);
      const end = last ? positionOf(last) : start;
      if (head === null || (end !== null && head <= end)) return { page, atEnd: true };
      // More may have come since, or it was ended before its end: the next part shows which.
      if (page.length > 0) return { page, atEnd: false };
      if (attempt > 0) throw endedEarly(READING);
    }
  }

  head(): Promise<Position | null> {
    return this.connection.ask(LOOKING, (client) => this.lastOf(client));
  }

  /** Of the last event that is not the server's. */
  private async lastOf(client: EventStoreDBClient): Promise<Position | null> {
    let last: Position | null = null;
    for (let page = 0; page < HEAD_PAGES_MAX; page++) {
      const fromPosition = last === null ? END : decodePosition(last);
      const range = { direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER } as const;
      const read = await this.all(client.readAll(range), LOOKING);
      const found = read.find((resolved) => !isOfTheServer(resolved));
      if (found) return positionOf(found);
      if (read.length < PAGE_SIZE.min) {
        // The other end agrees that there is nothing more, or this one was not reached.
        const from = { fromPosition: START, maxCount: 1, ...LEADER } as const;
        const [first] = await this.all(client.readAll(from), LOOKING);
        const reached = read.at(-1) ?? null;
        const least = reached === null ? last : positionOf(reached);
        if (first && (least === null || positionOf(first) < least)) throw endedEarly(LOOKING);
        return null;
      }
      last = positionOf(read.at(-1)!);
    }
    return last;
  }

  /** An event of the ledger at a position or shortly before it, where there is one. */
  lastUpTo(position: Position): Promise<RecordedEvent | null> {
    const fromPosition = decodePosition(position);
    return this.connection.ask(READING, async (client) => {
      const at = { fromPosition, maxCount: 1, ...LEADER } as const;
      const before = { direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER } as const;
      const [next] = await this.all(client.readAll(at), READING);
      const read = await this.all(client.readAll(before), READING);
      const found = (next && positionOf(next) === position ? [next, ...read] : read).map((resolved) =>
        ownEvent(resolved, this.options.names),
      );
      return found.find((event) => event !== null) ?? null;
    });
  }

  /** @throws StoreDamaged where the store does not hold what was read from it */
  async verifyHolds({ id, position }: RecordedEvent): Promise<void> {
    const isThere = await this.connection.ask(READING, async (client) => {
      const range = { fromPosition: decodePosition(position), maxCount: 1, ...LEADER } as const;
      const [found] = await this.all(client.readAll(range), READING);
      if (found) return found.event?.id === id;
      if (((await this.lastOf(client)) ?? '') >= position) throw endedEarly(READING);
      return false;
    });
    if (isThere) return;
    throw new StoreDamaged(
      `the store was cut short or replaced: it does not hold event ${id}, which was read`,
    );
  }

  private all(
    reading: unknown,
    what: string,
    isFull: (read: readonly AllStreamResolvedEvent[]) => boolean = () => false,
  ): Promise<AllStreamResolvedEvent[]> {
    return collected(reading, { what, idleMs: this.connection.timeoutMs, isFull });
  }
}
