/**
 * EventStoreDB or KurrentDB as the ledger's store, for any number of replicas of the ledger.
 *
 * An append states the exact revision that it expects, and is repeated with the same ids where its answer was lost: the
 * server recognises the ids, and answers as it did the first time. When patience ends before anything is certain the
 * caller learns that the result is unknown; repeating the command then finds what was recorded.
 */
import type { StreamName } from '../../kernel/ids.js';
import {
  StoreOverReader,
  StoreDamaged,
  StoreUnavailable,
  WrongExpectedRevision,
  type Appended,
  type ExpectedRevision,
  type NewEvent,
  type Position,
} from '../event-store.js';
import { appendOnce, type AppendAnswer } from './append.js';
import { within } from './connection.js';
import { StreamNames } from './events.js';
import { EventStoreDbReader, type ReaderOptions } from './reader.js';
import { withoutSecrets, type EventStoreSettings } from '../store-url.js';

export class EventStoreDbStore extends StoreOverReader {
  protected readonly reader: EventStoreDbReader;
  private readonly names: StreamNames;
  private readonly appending = new Set<Promise<unknown>>();
  private closed = false;

  constructor(settings: EventStoreSettings, options: ReaderOptions = {}) {
    super();
    this.reader = new EventStoreDbReader(settings, options);
    this.names = new StreamNames(settings.namespace);
  }

  /** @throws StoreUnavailable where the server does not answer, so that the ledger does not start */
  static async open(settings: EventStoreSettings, options: ReaderOptions = {}): Promise<EventStoreDbStore> {
    const store = new EventStoreDbStore(settings, options);
    try {
      await store.head();
      // A ledger of another format is refused where its first event is met.
      await store.readRun(null, 1);
      return store;
    } catch (error) {
      await store.close();
      if (!(error instanceof StoreUnavailable)) throw error;
      const where = withoutSecrets(settings.url);
      throw new StoreUnavailable(`the event store at ${where} cannot be used: ${error.message}`, {
        cause: error,
      });
    }
  }

  append(stream: StreamName, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    if (events.length === 0) return Promise.reject(new TypeError('an append has at least one event'));
    if (this.closed) return Promise.reject(new StoreUnavailable('the store is closed'));
    const appended = this.appendExactly(stream, expected, events);
    this.appending.add(appended);
    const forget = () => this.appending.delete(appended);
    appended.then(forget, forget);
    return appended;
  }

  private async appendExactly(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    const { connection } = this.reader;
    // The server would let a deleted stream go on, and the ledger would record its content a second time.
    if (expected === 'no-stream') await this.reader.streams.refuseDeleted(stream);
    const what = `to append to ${stream}`;
    const deadlineMs = connection.timeoutMs;
    const call = { stream: this.names.inStore(stream), expected, events, deadlineMs };
    const answer = await connection.ask(what, (client) => within(deadlineMs, what, appendOnce(client, call)));
    if (answer.outcome === 'wrong-expectation') {
      throw new WrongExpectedRevision(stream, expected, answer.actual);
    }
    const firstRevision = expected === 'no-stream' ? 0 : expected + 1;
    const lastRevision = firstRevision + events.length - 1;
    if (answer.lastRevision !== lastRevision) {
      throw new StoreDamaged(
        `${stream} was deleted from the store before: the event for revision ${firstRevision} ` +
          `was stored at revision ${answer.lastRevision - events.length + 1}`,
      );
    }
    return { firstRevision, position: await this.positionAt(stream, lastRevision, answer, events) };
  }

  /**
   * The position of an append's last event is read: for several events the server may name another position when it
   * recognises a repeated append than when it made it.
   */
  private async positionAt(
    stream: StreamName,
    revision: number,
    { position }: Extract<AppendAnswer, { outcome: 'appended' }>,
    events: readonly NewEvent[],
  ): Promise<Position> {
    if (position !== null && events.length === 1) return position;
    const [event] = await this.reader.readStream(stream, { from: revision, limit: 1 });
    if (!event)
      throw new StoreUnavailable(
        `the event that was just appended to ${stream} cannot be read back now: try again`,
      );
    if (event.id !== events.at(-1)!.id) {
      throw new StoreDamaged(
        `the event store returns another event at revision ${revision} of ${stream} than was appended there`,
      );
    }
    return event.position;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.reader.connection.waitInClosing(Promise.allSettled(this.appending));
    await this.reader.close();
  }
}
