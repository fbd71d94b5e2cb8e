/**
 * The ledger's streams in EventStoreDB or KurrentDB: each is read to its end, and refused where events were removed
 * from it.
 *
 * A server that is being stopped may end a read early without an error. So a read that ends early counts as whole only
 * where the end of the stream agrees.
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

  /** The next events of a stream, the ledger's own and others; at least one where there is one. */
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
        const read = await this.connection.collect<ResolvedEvent>(client.readStream(name, options), what);
        refuseGaps(stream, from, read);
        if (read.length === maxCount) return { read, atEnd: false };
        const newest = await this.newest(client, name, what);
        const atEnd = newest !== undefined && revisionOf(newest) < from + read.length;
        if (!atEnd && read.length === 0) throw endedEarly(what);
        return { read, atEnd };
      } catch (error) {
        // The server says that there is no such stream: this is no early end.
        if (isStreamNotFound(error)) return { read: [], atEnd: true };
        throw error;
      }
    });
  }

  /**
   * Once a deleted stream has been scavenged, nobody can give the same sequence numbers again. So a read past the
   * deletion is refused, unless the events have been given back since.
   */
  async refuseLosses(read: readonly Resolved[]): Promise<void> {
    for (const resolved of read) {
      const loss = lossIn(resolved, this.names);
      if (loss?.forGood) throw deleted(loss.stream);
      if (loss) await this.refuseDeleted(loss.stream);
    }
  }

  /**
   * @throws StoreDamaged where a stream was deleted or loses events: writing its events a second time would repeat them
   */
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
    const [newest] = await this.connection.collect<ResolvedEvent>(client.readStream(name, LAST), what);
    return newest;
  }
}

const revisionOf = ({ event, link }: ResolvedEvent) => Number((link ?? event)!.revision);

const deleted = (stream: StreamName) =>
  new StoreDamaged(
    `${stream} was deleted from the store, or its metadata hides events: undo that, or restore the store from a backup`,
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
