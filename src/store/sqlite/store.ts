/**
 * The embedded store: `events.db` in the data directory, for one process at a time.
 *
 * Reads run on the calling thread, where they cost microseconds; appends go to the writer's thread, together with
 * others of the same turn of the event loop.
 */
import type { StreamName } from '../../kernel/ids.js';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assert } from '../../kernel/assert.js';
import { compiled } from '../../kernel/compiled.js';
import {
  StoreOverReader,
  StoreDamaged,
  StoreUnavailable,
  WrongExpectedRevision,
  type Appended,
  type WordsEraser,
  type ExpectedRevision,
  type NewEvent,
} from '../event-store.js';
import { PUBLIC_KEY, type DatabaseKey } from '../database.js';
import { encodeEvent, encodePosition, openEvents } from './format.js';
import { SqliteReader } from './reader.js';
import type { AppendRequest, EraseWordsRequest, StoreFailure, WriterOptions, WriterReply } from './writer.js';
import { damageInWal } from '../wal-damage.js';

export const eventsFile = (dataDir: string) => join(dataDir, 'events.db');
/** A copy that is on its way into a data directory has this name until it is whole. */
export const arrivingFile = (dataDir: string) => `${eventsFile(dataDir)}.new`;

/**
 * So many appends are worth a flush at once. Waiting for all requests of a turn would make them a convoy: the disk
 * would stand still while the requests are decided, and the requests while it writes.
 */
const GROUP_SIZE_MIN = 8;

/** A request that the writer has not answered. */
interface Pending {
  readonly resolve: (reply: WriterReply) => void;
  readonly reject: (reason: Error) => void;
}

export interface SqliteStoreOptions {
  readonly databaseKey?: DatabaseKey | undefined;
  readonly groupSizeMax?: number;
  readonly onCommit?: ((appends: number) => void) | undefined;
}

const ignore = () => undefined;

export class SqliteStore extends StoreOverReader implements WordsEraser {
  private readonly waiting = new Map<number, Pending>();
  private outbox: AppendRequest[] = [];
  private nextTicket = 0;
  private gone: Error | null = null;
  private closing: Promise<void> | null = null;
  private readonly exited: Promise<unknown>;

  private constructor(
    private readonly writer: Worker,
    protected readonly reader: SqliteReader,
    onCommit: (appends: number) => void,
  ) {
    super();
    // The replies of a commit come together.
    writer.on('message', (replies: readonly WriterReply[]) => {
      const committed = replies.filter(({ outcome }) => outcome === 'appended').length;
      if (committed > 0) onCommit(committed);
      replies.forEach((reply) => this.settle(reply));
    });
    writer.on('error', (error) =>
      this.failAll(new StoreUnavailable('the store’s writer failed', { cause: error })),
    );
    this.exited = new Promise((resolve) => writer.once('exit', resolve));
    writer.on('exit', () => this.failAll(new StoreUnavailable('the store is closed')));
  }

  /** @throws StoreDamaged where the file is not one that this version can trust; WrongDatabaseKey */
  static async open(
    dataDir: string,
    { databaseKey: key = PUBLIC_KEY, groupSizeMax = 1_000, onCommit = ignore }: SqliteStoreOptions = {},
  ): Promise<SqliteStore> {
    const file = eventsFile(dataDir);
    const arriving = arrivingFile(dataDir);
    if (existsSync(arriving)) {
      throw new StoreDamaged(
        `${arriving} is of a restore that was cut off: run ledger restore again, or remove it to begin a new ledger`,
      );
    }
    // SQLite takes up the part of the log that it can read, and writes over the rest, so the log is checked first.
    const damage = damageInWal(file, { isSynced: true });
    if (damage !== null) throw new StoreDamaged(damage);
    // Opening the file once here refuses one that cannot be trusted in the port's own words.
    openEvents(file, key, 'write').close();
    const options: WriterOptions = { file, key, groupSizeMax };
    const writer = new Worker(compiled('store/sqlite/writer.js'), { workerData: options });
    await once(writer, 'message');
    return new SqliteStore(writer, new SqliteReader(file, key), onCommit);
  }

  async append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    if (events.length === 0) throw new TypeError('an append has at least one event');
    const revision = expected === 'no-stream' ? 0 : expected + 1;
    const ids = events.map(({ id }) => id);
    const reply = await this.ask((ticket) => {
      const encoded = events.map(encodeEvent).join('\n');
      const held = this.outbox.push({ ticket, stream, revision, ids, events: encoded });
      if (held === 1) setImmediate(() => this.send());
      else if (held >= GROUP_SIZE_MIN) this.send();
    });
    if (reply.outcome === 'wrong-expectation')
      throw new WrongExpectedRevision(stream, expected, reply.lastRevision ?? 'no-stream');
    assert(reply.outcome === 'appended', 'an append is answered as an append');
    return { firstRevision: revision, position: encodePosition(reply.position + ids.length - 1) };
  }

  /** @throws StoreUnavailable, StoreDamaged as the writer says */
  private ask(send: (ticket: number) => void): Promise<WriterReply> {
    if (this.gone) return Promise.reject(this.gone);
    const ticket = this.nextTicket++;
    return new Promise((resolve, reject) => {
      this.waiting.set(ticket, { resolve, reject });
      send(ticket);
    });
  }

  override get eraser(): WordsEraser {
    return this;
  }

  async erase(stream: StreamName, erased: ReadonlySet<number>): Promise<void> {
    await this.ask((ticket) =>
      this.writer.postMessage({ ticket, stream, erased } satisfies EraseWordsRequest),
    );
  }

  private send(): void {
    if (this.outbox.length === 0) return;
    this.writer.postMessage(this.outbox);
    this.outbox = [];
  }

  private settle(reply: WriterReply): void {
    const { resolve, reject } = this.waiting.get(reply.ticket)!;
    this.waiting.delete(reply.ticket);
    if (reply.outcome === 'failed') reject(errorOf(reply.error));
    else resolve(reply);
  }

  private failAll(reason: Error): void {
    this.gone ??= reason;
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }

  close(): Promise<void> {
    return (this.closing ??= this.finish());
  }

  private async finish(): Promise<void> {
    this.send();
    // The writer is the last to close the file: only then does SQLite move all of its log into it.
    await this.reader.close();
    this.writer.postMessage('close');
    await this.exited;
  }
}

function errorOf({ damaged, message }: StoreFailure): Error {
  return new (damaged ? StoreDamaged : StoreUnavailable)(message);
}
