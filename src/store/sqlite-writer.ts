/**
 * The one writer of the embedded store: a worker thread, so that a flush never holds up the event loop.
 *
 * Group commit: whatever arrives while a commit is being flushed shares the next one. An append is answered
 * only after the commit that holds it returned, and with `synchronous=FULL` that is after its fsync.
 */
import type { Database, Statement } from 'better-sqlite3';
import { parentPort, workerData } from 'node:worker_threads';
import { asStoreError, checksumOf, openEvents, type AppendRow } from './sqlite-format.js';
import { commitChannel } from './sqlite-reader.js';

export interface WriterOptions {
  readonly file: string;
  /** Appends that may share one commit; 1 turns group commit off, which only the benchmark does. */
  readonly groupSizeMax: number;
}

export interface AppendRequest {
  readonly ticket: number;
  readonly stream: string;
  /** The revision that the first event gets. */
  readonly revision: number;
  readonly ids: readonly string[];
  /** Encoded events, one a line. */
  readonly events: string;
}

export type AppendReply = { readonly ticket: number } & (
  | { readonly outcome: 'appended'; readonly position: number }
  | { readonly outcome: 'wrong-expectation'; readonly lastRevision: number | null }
  | { readonly outcome: 'failed'; readonly message: string }
);

class Writer {
  private readonly db: Database;
  private readonly queue: AppendRequest[] = [];
  private scheduled = false;
  private nextPosition: number;
  private readonly commits: ReturnType<typeof commitChannel>;
  private readonly lastOf: Statement<[string]>;
  private readonly idsFrom: Statement<[string, number]>;
  private readonly insert: Statement<[number, string, number, number, string, Buffer]>;

  constructor(private readonly options: WriterOptions) {
    this.db = openEvents(options.file, 'write');
    this.commits = commitChannel(options.file);
    this.lastOf = this.db.prepare(
      'SELECT revision + count - 1 AS revision FROM appends WHERE stream = ? ORDER BY revision DESC LIMIT 1',
    );
    this.idsFrom = this.db.prepare('SELECT * FROM appends WHERE stream = ? AND revision = ?');
    this.insert = this.db.prepare(
      'INSERT INTO appends (position, stream, revision, count, events, checksum) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.nextPosition = this.readNextPosition();
  }

  private readNextPosition(): number {
    const last = this.db
      .prepare('SELECT position, count FROM appends ORDER BY position DESC LIMIT 1')
      .get() as { position: number; count: number } | undefined;
    return last ? last.position + last.count : 1;
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
    let replies: AppendReply[];
    try {
      this.db.exec('BEGIN IMMEDIATE');
      replies = group.map((request) => this.append(request));
      this.db.exec('COMMIT');
      this.commits.postMessage(null);
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      this.nextPosition = this.readNextPosition();
      const message = (asStoreError(error, this.options.file) as Error).message;
      replies = group.map(({ ticket }) => ({ ticket, outcome: 'failed', message }));
    }
    parentPort!.postMessage(replies);
  }

  private append({ ticket, stream, revision, ids, events }: AppendRequest): AppendReply {
    const last = this.lastOf.get(stream) as { revision: number } | undefined;
    const lastRevision = last?.revision ?? null;
    if ((lastRevision ?? -1) + 1 !== revision) {
      const position = this.positionOfSame(stream, revision, ids);
      return position === null
        ? { ticket, outcome: 'wrong-expectation', lastRevision }
        : { ticket, outcome: 'appended', position };
    }
    const row = { position: this.nextPosition, stream, revision, count: ids.length, events };
    this.insert.run(row.position, stream, revision, row.count, events, checksumOf(row));
    this.nextPosition += row.count;
    return { ticket, outcome: 'appended', position: row.position };
  }

  /** Where the same events already are, if the append is one that was made before: else null. */
  private positionOfSame(stream: string, revision: number, ids: readonly string[]): number | null {
    const row = this.idsFrom.get(stream, revision) as AppendRow | undefined;
    if (row?.count !== ids.length) return null;
    const recorded = row.events.split('\n').map((line) => (JSON.parse(line) as { id: string }).id);
    return recorded.every((id, index) => id === ids[index]) ? row.position : null;
  }

  get idle(): boolean {
    return this.queue.length === 0;
  }

  close(): void {
    this.commits.close();
    this.db.close();
  }
}

const writer = new Writer(workerData as WriterOptions);
parentPort!.on('message', (message: readonly AppendRequest[] | 'close') => {
  if (message !== 'close') return writer.accept(message);
  // Appends are accepted in order, so what was asked for before is committed by now or in the queue.
  setImmediate(function drain() {
    if (writer.idle) {
      writer.close();
      parentPort!.close();
    } else setImmediate(drain);
  });
});
parentPort!.postMessage('ready');
