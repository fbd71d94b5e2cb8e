/**
 * The ledger's streams in EventStoreDB or KurrentDB, one at a time: read to their end, and not gone on with where
 * something was taken out of them.
 *
 * A server that is stopped may end a read as if all had been told. So what ends early is taken for the whole only
 * where the end of the stream says the same.
 */
import { BACKWARDS, END, type EventStoreDBClient, type ResolvedEvent } from '@eventstore/db-client';
import type { StreamName } from '../../kernel/ids.js';
import {
  StoreDamaged,
  type ExpectedRevision,
  type RecordedEvent,
  type StreamRange,
  type StreamRun,
} from '../event-store.js';
import { LEADER, type EventStoreConnection } from './connection.js';
import { endedEarly, isStreamNotFound } from './errors.js';
import { losesEvents, lossIn, ownEvent, type Resolved, type StreamNames } from './events.js';
import { collected } from './pull.js';

const LAST = { direction: BACKWARDS, fromRevision: END, maxCount: 1, ...LEADER } as const;

export class LedgerStreams {
  constructor(
    private readonly connection: EventStoreConnection,
    private readonly names: StreamNames,
  ) {}

  async readRun(stream: StreamName, { from = 0, limit = Infinity }: StreamRange = {}): Promise<StreamRun> {
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
        const read = await this.all(client.readStream(name, options), what);
        refuseGaps(stream, from, read);
        if (read.length === maxCount) return { read, atEnd: false };
        const newest = await this.newest(client, name, what);
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

  /**
   * Who reads on past the deletion of one of the ledger's streams gives sequences that nobody can give again once
   * the store has been scavenged. So nobody does, unless what was deleted has been given back since.
   */
  async refuseLosses(read: readonly Resolved[]): Promise<void> {
    for (const resolved of read) {
      const loss = lossIn(resolved, this.names);
      if (loss?.forGood) throw deleted(loss.stream);
      if (loss) await this.refuseDeleted(loss.stream);
    }
  }

  /** @throws StoreDamaged where a stream was deleted, or loses events: what it held is not to be written again */
  async refuseDeleted(stream: StreamName): Promise<void> {
    const what = `to look for ${stream}`;
    const metadata = await this.connection.ask(what, async (client) => {
      try {
        return (await this.newest(client, `$$${this.names.inStore(stream)}`, what))?.event?.data;
      } catch (error) {
        if (isStreamNotFound(error)) return undefined;
        throw error;
      }
    });
    if (losesEvents(metadata)) throw deleted(stream);
  }

  private async newest(
    client: EventStoreDBClient,
    name: string,
    what: string,
  ): Promise<ResolvedEvent | undefined> {
    const [newest] = await this.all(client.readStream(name, LAST), what);
    return newest;
  }

  private async all(reading: unknown, what: string): Promise<ResolvedEvent[]> {
    const idleMs = this.connection.timeoutMs;
    return collected<ResolvedEvent>(reading, { what, idleMs, isFull: () => false });
  }
}

const revisionOf = ({ event, link }: ResolvedEvent) => Number((link ?? event)!.revision);

const deleted = (stream: StreamName) =>
  new StoreDamaged(
    `${stream} was deleted from the store, or its metadata let its events go: give them back, or restore the store`,
  );

function refuseGaps(stream: StreamName, from: number, read: readonly ResolvedEvent[]): void {
  for (const [index, resolved] of read.entries()) {
    const revision = revisionOf(resolved);
    if (revision === from + index) continue;
    throw new StoreDamaged(
      `events of ${stream} are missing: revision ${revision} stands where ${from + index} should`,
    );
  }
}
