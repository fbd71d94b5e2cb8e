/**
 * The one writer of the embedded store: a worker thread, so that a flush never holds up the event loop.
 *
 * Group commit: all appends that arrive while a commit is being flushed share the next one. An append is answered only
 * after its commit returned, and with `synchronous=FULL` that is after its fsync.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreDamaged } from '../event-store.js';
import { eraseIn } from './erase.js';
import { asStoreError } from '../database-errors.js';
import type { DatabaseKey } from '../database.js';
import { decodeRow, openEvents, type AppendRow } from './format.js';
import { heldInPlace } from './in-place.js';
import { commitChannel } from './reader.js';

export interface WriterOptions {
  readonly file: string;
  readonly key: DatabaseKey;
  /** So many appends may share one commit; 1 turns group commit off, which only the benchmark does. */
  readonly groupSizeMax: number;
}

export interface AppendRequest {
  readonly ticket: number;
  readonly stream: string;
  readonly revision: number;
  readonly ids: readonly string[];
  readonly events: string;
}

export interface EraseWordsRequest {
  readonly ticket: number;
  readonly stream: string;
  readonly erased: ReadonlySet<number>;
}

/** An error crosses the border between threads as plain data. */
export interface StoreFailure {
  readonly damaged: boolean;
  readonly message: string;
}

export type WriterReply = { readonly ticket: number } & (
  | { readonly outcome: 'appended'; readonly position: number }
  | { readonly outcome: 'wrong-expectation'; readonly lastRevision: number | null }
  | { readonly outcome: 'erased' }
  | { readonly outcome: 'failed'; readonly error: StoreFailure }
);

/** The write-ahead log grows to so many pages, some 4 MB, before it is moved into the file. */
const WAL_PAGES = 1_000;

class Writer {
  private readonly db: Database;
  private readonly queue: AppendRequest[] = [];
  private scheduled = false;
  private nextPosition: number;
  /** After a flush that failed, nobody knows what is on disk: nothing more is written until the next start. */
  private broken: StoreFailure | null = null;
  /** The log could not be moved into the file. Moving it is tried again before anything is added to it. */
  private unmoved: StoreFailure | null = null;
  private readonly refuseMoved: () => void;
  private readonly commits: ReturnType<typeof commitChannel>;
  private readonly lastOf: Statement<[string]>;
  private readonly appendAt: Statement<[string, number]>;
  private readonly logLength: Statement<[]>;
  private readonly insert: Statement<[number, string, number, number, string]>;

  constructor(private readonly options: WriterOptions) {
    this.db = openEvents(options.file, options.key, 'write');
    this.db.pragma('wal_autocheckpoint = 0');
    this.logLength = this.db.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.commits = commitChannel(options.file);
    this.lastOf = this.db
      .prepare<[string]>(
        'SELECT revision + count - 1 FROM appends WHERE stream = ? ORDER BY revision DESC LIMIT 1',
      )
      .pluck();
    this.appendAt = this.db.prepare('SELECT * FROM appends WHERE stream = ? AND revision = ?');
    this.insert = this.db.prepare('INSERT INTO appends VALUES (?, ?, ?, ?, ?)');
    this.nextPosition = this.readNextPosition();
    this.refuseMoved = heldInPlace(options.file);
  }

  private readNextPosition(): number {
    const next = this.db.prepare('SELECT position + count FROM appends ORDER BY position DESC LIMIT 1');
    return (next.pluck().get() as number | undefined) ?? 1;
  }

  accept(requests: readonly AppendRequest[]): void {
    this.queue.push(...requests);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.queue.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.commitGroup(this.queue.splice(0, this.options.groupSizeMax));
      this.schedule();
    });
  }

  private commitGroup(group: readonly AppendRequest[]): void {
    if (this.unmoved && !this.broken) this.moveLog();
    const failure = this.broken ?? this.unmoved;
    if (failure) return this.failAll(group, failure);
    let replies: WriterReply[];
    try {
      this.db.exec('BEGIN IMMEDIATE');
      replies = group.map((request) => this.append(request));
      this.db.exec('COMMIT');
      this.refuseMoved();
      this.commits.postMessage(null);
    } catch (error) {
      return this.failAll(group, this.failureAfter(error));
    }
    parentPort!.postMessage(replies);
    this.moveLog();
  }

  /**
   * SQLite would move the log within a commit, and would not report a failure there. Acknowledged appends are in the
   * log, and safe; but nothing is added to the log before it could be moved.
   */
  private moveLog(): void {
    try {
      const { log } = this.logLength.get() as { log: number };
      if (log < WAL_PAGES) return;
      this.db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      this.unmoved = null;
    } catch (error) {
      this.unmoved = this.failureAfter(error);
    }
  }

  private failureAfter(error: unknown): StoreFailure {
    const failure = failureOf(asStoreError(error, this.options.file));
    try {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      this.nextPosition = this.readNextPosition();
    } catch {
      this.broken = failure;
    }
    // The system reports a failed flush once, and may have let go of what it could not write.
    if (isFlushFailed(error)) this.broken = failure;
    if (!this.broken) return failure;
    return (this.broken = {
      ...failure,
      message: `${failure.message}: nothing more is written until a restart`,
    });
  }

  private failAll(group: readonly AppendRequest[], error: StoreFailure): void {
    const replies = group.map(({ ticket }): WriterReply => ({ ticket, outcome: 'failed', error }));
    parentPort!.postMessage(replies);
  }

  private append(request: AppendRequest): WriterReply {
    const { ticket, stream, revision, ids, events } = request;
    const lastRevision = (this.lastOf.get(stream) as number | undefined) ?? null;
    if ((lastRevision ?? -1) + 1 !== revision) return this.repeat(request, lastRevision);
    const position = this.nextPosition;
    this.insert.run(position, stream, revision, ids.length, events);
    this.nextPosition += ids.length;
    return { ticket, outcome: 'appended', position };
  }

  /** Answers a repeated append with the place of its events, and any other append with the revision of the stream. */
  private repeat({ ticket, stream, revision, ids }: AppendRequest, lastRevision: number | null): WriterReply {
    const row = this.appendAt.get(stream, revision) as AppendRow | undefined;
    try {
      if (row?.count === ids.length && decodeRow(row, 0, row.count).every(({ id }, at) => id === ids[at]))
        return { ticket, outcome: 'appended', position: row.position };
      return { ticket, outcome: 'wrong-expectation', lastRevision };
    } catch (error) {
      // Only this request meets the damaged record: the others of its group must not fail with it.
      if (!(error instanceof StoreDamaged)) throw error;
      return { ticket, outcome: 'failed', error: failureOf(error) };
    }
  }

  /** Queued appends wait for an erasure, which comes between two commits. */
  erase({ ticket, stream, erased }: EraseWordsRequest): void {
    let reply: WriterReply = { ticket, outcome: 'erased' };
    try {
      if (!this.broken) eraseIn(this.db, stream, erased);
      this.refuseMoved();
    } catch (error) {
      reply = { ticket, outcome: 'failed', error: this.failureAfter(error) };
    }
    if (this.broken) reply = { ticket, outcome: 'failed', error: this.broken };
    parentPort!.postMessage([reply]);
  }

  get idle(): boolean {
    return this.queue.length === 0;
  }

  close(): void {
    this.commits.close();
    this.db.close();
  }
}

/** SQLite's errors lose their message between threads, so an error is thrown again as plain text. */
function openWriter(options: WriterOptions): Writer {
  try {
    return new Writer(options);
  } catch (error) {
    throw asStoreError(error, options.file);
  }
}

function isFlushFailed(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'SQLITE_IOERR_FSYNC' || code === 'SQLITE_IOERR_DIR_FSYNC';
}

function failureOf(error: unknown): StoreFailure {
  return { damaged: error instanceof StoreDamaged, message: (error as Error).message };
}

const writer = openWriter(workerData as WriterOptions);
parentPort!.on('message', (message: readonly AppendRequest[] | EraseWordsRequest | 'close') => {
  if (message !== 'close') return 'erased' in message ? writer.erase(message) : writer.accept(message);
  // Appends are accepted in order, so each append that was asked for before is committed by now or in the queue.
  setImmediate(function drain() {
    if (writer.idle) {
      writer.close();
      parentPort!.close();
    } else setImmediate(drain);
  });
});
parentPort!.postMessage('ready');
