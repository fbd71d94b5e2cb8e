/**
 * Reads the global order of EventStoreDB or KurrentDB, `$all`, part by part.
 *
 * Start positions of a read are inclusive. A server that is being stopped may end a read early without an error, so a
 * read that ends early counts as whole only where the end of the store agrees.
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
import type { LedgerStreams } from './streams.js';

const PAGE_SIZE = { min: 32, max: 2_000 };
/** At most so many pages are searched backwards for the last event that is not the server's own. */
const HEAD_PAGES_MAX = 16;

const READING = 'to read the ledger';
const LOOKING = 'to read the end of the ledger';

export class GlobalOrder {
  constructor(
    private readonly connection: EventStoreConnection,
    private readonly streams: LedgerStreams,
    private readonly options: { readonly names: StreamNames; readonly origin: Position | null },
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

  /** The next page after a position has at least one event where there is one. */
  private async readPage(
    client: EventStoreDBClient,
    start: Position | null,
    range: { readonly fromPosition: StorePosition | typeof START; readonly maxCount: number },
  ): Promise<{ readonly page: readonly AllStreamResolvedEvent[]; readonly atEnd: boolean }> {
    // A read includes the event at its start position, which was read before.
    const isNew = (resolved: Resolved) => start === null || positionOf(resolved) > start;
    for (let attempt = 0; ; attempt++) {
      const read = await this.connection.collect<AllStreamResolvedEvent>(
        client.readAll({ ...range, ...LEADER }),
        READING,
        isFullRun,
      );
      const page = read.filter(isNew);
      if (read.length === range.maxCount || isFullRun(read)) return { page, atEnd: false };
      const head = await this.lastOf(client);
      const last = page.at(-1);
      const end = last ? positionOf(last) : start;
      if (head === null || (end !== null && head <= end)) return { page, atEnd: true };
      // A short page is no proof of the end: events may have come since, or the read may have been broken off. The next
      // part shows which.
      if (page.length > 0) return { page, atEnd: false };
      if (attempt > 0) throw endedEarly(READING);
    }
  }

  head(): Promise<Position | null> {
    return this.connection.ask(LOOKING, (client) => this.lastOf(client));
  }

  private async lastOf(client: EventStoreDBClient): Promise<Position | null> {
    let last: Position | null = null;
    for (let page = 0; page < HEAD_PAGES_MAX; page++) {
      const fromPosition = last === null ? END : decodePosition(last);
      const range = { direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER } as const;
      const read = await this.connection.collect<AllStreamResolvedEvent>(client.readAll(range), LOOKING);
      const found = read.find((resolved) => !isOfTheServer(resolved));
      if (found) return positionOf(found);
      if (read.length < PAGE_SIZE.min) {
        // A short page reached the beginning of the store only where a forward read finds no earlier event.
        const from = { fromPosition: START, maxCount: 1, ...LEADER } as const;
        const [first] = await this.connection.collect<AllStreamResolvedEvent>(client.readAll(from), LOOKING);
        const reached = read.at(-1) ?? null;
        const least = reached === null ? last : positionOf(reached);
        if (first && (least === null || positionOf(first) < least)) throw endedEarly(LOOKING);
        return null;
      }
      last = positionOf(read.at(-1)!);
    }
    return last;
  }

  lastUpTo(position: Position): Promise<RecordedEvent | null> {
    const fromPosition = decodePosition(position);
    return this.connection.ask(READING, async (client) => {
      const at = { fromPosition, maxCount: 1, ...LEADER } as const;
      const before = { direction: BACKWARDS, fromPosition, maxCount: PAGE_SIZE.min, ...LEADER } as const;
      const [next] = await this.connection.collect<AllStreamResolvedEvent>(client.readAll(at), READING);
      const read = await this.connection.collect<AllStreamResolvedEvent>(client.readAll(before), READING);
      const found = (next && positionOf(next) === position ? [next, ...read] : read).map((resolved) =>
        ownEvent(resolved, this.options.names),
      );
      return found.find((event) => event !== null) ?? null;
    });
  }

  /** Checks that the store still holds an event that was read from it. @throws StoreDamaged */
  async verifyHolds({ id, position }: RecordedEvent): Promise<void> {
    const isThere = await this.connection.ask(READING, async (client) => {
      const range = { fromPosition: decodePosition(position), maxCount: 1, ...LEADER } as const;
      const [found] = await this.connection.collect<AllStreamResolvedEvent>(client.readAll(range), READING);
      if (found) return found.event?.id === id;
      if (((await this.lastOf(client)) ?? '') >= position) throw endedEarly(READING);
      return false;
    });
    if (isThere) return;
    throw new StoreDamaged(
      `the store was cut short or replaced: it no longer holds event ${id}, which the ledger read from it`,
    );
  }
}
