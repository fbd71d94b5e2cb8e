/**
 * Reads the embedded store from any thread or process: WAL lets readers run beside the one writer.
 *
 * A subscription learns of new events from the writer's broadcast within the process, and looks once a second for those
 * that another process wrote.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { BroadcastChannel } from 'node:worker_threads';
import type { StreamName } from '../../kernel/ids.js';
import {
  EventReader,
  RUN_BYTES_MAX,
  StoreDamaged,
  StoreUnavailable,
  type Position,
  type RecordedEvent,
  type Run,
  type StreamRange,
  type StreamRun,
} from '../event-store.js';
import type { DatabaseKey } from '../database.js';
import { decodePosition, decodeRow, encodePosition, openEvents, type ReadRow } from './format.js';
import { asStoreError } from '../database-errors.js';
import { heldInPlace } from './in-place.js';

const LOOK_AGAIN_MS = 1_000;
const BATCH_SIZE_MAX = 2_000;

interface Collecting {
  readonly from: number;
  readonly limit: number;
  /** A row is one append; no further row is read once this many bytes are. */
  readonly bytesMax?: number;
  readonly startOf: (row: ReadRow) => number;
}

export class SqliteReader extends EventReader {
  private readonly db: Database;
  private readonly streamRows: Statement<[string, number, string, number]>;
  private readonly allRows: Statement<[number]>;
  private readonly lastPosition: Statement<[]>;

  constructor(
    private readonly file: string,
    key: DatabaseKey,
  ) {
    super();
    this.db = openEvents(file, key, 'read');
    // A read starts at the append that covers the revision, or the position, that is asked for.
    this.streamRows = this.db.prepare(
      `SELECT *, position AS listed FROM appends WHERE stream = ? AND revision >= coalesce(
         (SELECT revision FROM appends WHERE revision <= ? AND stream = ? ORDER BY revision DESC LIMIT 1), ?)
       ORDER BY revision`,
    );
    // Reading in order also checks that each stream's index leads to its records: a retry is known by that index alone.
    this.allRows = this.db.prepare(
      `SELECT *, (SELECT position FROM appends AS other INDEXED BY appends_of_stream
         WHERE other.stream = appends.stream AND other.revision = appends.revision) AS listed
       FROM appends WHERE position >= coalesce(
         (SELECT position FROM appends WHERE position <= ? ORDER BY position DESC LIMIT 1), 0)
       ORDER BY position`,
    );
    this.lastPosition = this.db
      .prepare<[]>('SELECT position + count - 1 FROM appends ORDER BY position DESC LIMIT 1')
      .pluck();
  }

  async readStreamRun(
    stream: StreamName,
    { from = 0, limit = Infinity }: StreamRange = {},
  ): Promise<StreamRun> {
    const rows = () => this.streamRows.iterate(stream, from, stream, from) as Iterable<ReadRow>;
    const { events } = await this.collect(rows, { from, limit, startOf: (row) => row.revision });
    return { events, last: events.at(-1)?.revision ?? 'no-stream' };
  }

  async readRun(after: Position | null, limit: number): Promise<Run> {
    const from = decodePosition(after) + 1;
    const rows = () => this.allRows.iterate(from) as Iterable<ReadRow>;
    const { events, atEnd } = await this.collect(rows, {
      from,
      limit,
      bytesMax: RUN_BYTES_MAX,
      startOf: (row) => row.position,
    });
    // Nothing is skipped, because the file is the ledger's alone.
    return { events, end: events.at(-1)?.position ?? after, skipped: 0, atEnd };
  }

  async head(): Promise<Position | null> {
    if (!this.db.open) throw new StoreUnavailable('the store is closed');
    try {
      const last = this.lastPosition.get() as number | undefined;
      return Promise.resolve(last === undefined ? null : encodePosition(last));
    } catch (error) {
      throw asStoreError(error, this.file);
    }
  }

  /**
   * Each row must begin where the one before it ended, in its stream and in the global order alike, so a row that was
   * taken out of the middle is noticed.
   */
  private async collect(
    rows: () => Iterable<ReadRow>,
    { from, limit, bytesMax = Infinity, startOf }: Collecting,
  ): Promise<{ readonly events: readonly RecordedEvent[]; readonly atEnd: boolean }> {
    if (!this.db.open) throw new StoreUnavailable('the store is closed');
    const events: RecordedEvent[] = [];
    let [next, bytes, atEnd] = [from, 0, true];
    try {
      for (const row of rows()) {
        const start = startOf(row);
        for (const event of decodeRow(row, from - start, limit - events.length)) events.push(event);
        if (start > next) throw recordsMissing(row, next, start);
        if (row.listed !== row.position) throw recordNotListed(row);
        bytes += row.events.length;
        if (events.length >= limit || bytes >= bytesMax) {
          atEnd = false;
          break;
        }
        next = start + row.count;
      }
    } catch (error) {
      throw asStoreError(error, this.file);
    }
    return Promise.resolve({ events, atEnd });
  }

  async *subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    const commits = new CommitSignal(this.file, signal);
    const refuseMoved = heldInPlace(this.file);
    try {
      for (let position = after; !signal.aborted;) {
        refuseMoved();
        // The signal is armed before the look, so that no commit falls between look and wait.
        const committed = commits.next();
        const run = await this.readRun(position, BATCH_SIZE_MAX);
        if (run.events.length > 0) {
          position = run.end;
          yield run;
        } else {
          await committed;
        }
      }
    } finally {
      commits.close();
    }
  }

  close(): Promise<void> {
    this.db.close();
    return Promise.resolve();
  }
}

function recordsMissing(row: ReadRow, from: number, to: number): StoreDamaged {
  return new StoreDamaged(
    `records are missing: ${to - from} events before position ${row.position} of ${row.stream}`,
  );
}

function recordNotListed({ position, stream, listed }: ReadRow): StoreDamaged {
  const found = listed === null ? 'none' : `the one at position ${listed}`;
  return new StoreDamaged(
    `the index of streams does not lead to the record at position ${position} of ${stream}, but to ${found}`,
  );
}

/** Resolves at the writer's word that something was committed, at the abort, or when it is time to look anyway. */
class CommitSignal {
  private readonly channel: BroadcastChannel;
  private wake: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly onAbort = () => this.wake();

  constructor(
    file: string,
    private readonly signal: AbortSignal,
  ) {
    this.channel = commitChannel(file);
    this.channel.onmessage = () => this.wake();
    signal.addEventListener('abort', this.onAbort);
  }

  next(): Promise<void> {
    clearTimeout(this.timer);
    return new Promise((resolve) => {
      this.wake = resolve;
      this.timer = setTimeout(resolve, LOOK_AGAIN_MS);
    });
  }

  close(): void {
    clearTimeout(this.timer);
    this.signal.removeEventListener('abort', this.onAbort);
    this.channel.close();
  }
}

export function commitChannel(file: string): BroadcastChannel {
  return new BroadcastChannel(`ledger-commits:${file}`);
}
