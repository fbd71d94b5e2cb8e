/**
 * The embedded store lies on disk as `events.db`, a SQLite database in WAL mode.
 *
 * One row is one append, its events as lines of JSON, because rows are what an insert costs: a submission of 500
 * outcomes is one row and one index entry. Positions count events from 1, so an append at position p with n events
 * covers p … p + n − 1. The tag of an altered page refuses it (`../database.ts`); positions have no gaps, so a reader
 * misses a row that an old page has lost.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { StreamName } from '../../kernel/ids.js';
import { asStoreError } from '../database-errors.js';
import { openDatabase, type DatabaseKey } from '../database.js';
import { StoreDamaged, type NewEvent, type Position, type RecordedEvent } from '../event-store.js';

/** The format's number changes with the layout and with the shape of an event; a file of any other is refused. */
const FORMAT = 2;

/** The layout is written exactly as SQLite keeps it, because the description in a file is compared with it. */
const LAYOUT = {
  appends: `CREATE TABLE appends (
    position INTEGER PRIMARY KEY,
    stream   TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    events   TEXT    NOT NULL
  ) STRICT`,
  appends_of_stream: 'CREATE UNIQUE INDEX appends_of_stream ON appends (stream, revision)',
};

export interface AppendRow {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly count: number;
  readonly events: string;
}

/** The index has the position `listed` for a row; null where it has none. */
export interface ReadRow extends AppendRow {
  readonly listed: number | null;
}

export function openEvents(file: string, key: DatabaseKey, access: 'read' | 'write'): Database {
  let db: Database | undefined;
  try {
    db = openDatabase(file, key, { readonly: access === 'read' });
    refuseOldSqlite(db);
    if (access === 'write') {
      db.pragma('journal_mode = WAL');
      // An append is acknowledged only after its commit, and a commit returns only after the fsync.
      db.pragma('synchronous = FULL');
      // SQLite overwrites freed bytes of a page at once, so that an erasure leaves nothing behind.
      db.pragma('secure_delete = ON');
    }
    const format = db.pragma('user_version', { simple: true }) as number;
    if (format > FORMAT || format === FORMAT - 1) {
      throw new StoreDamaged(`${file} is of format ${format}: this version reads format ${FORMAT} alone`);
    }
    const isNew = format === 0 && db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
    if (isNew && access === 'write') makeLayout(db);
    else refuseOtherLayout(db, file, format);
    return db;
  } catch (error) {
    db?.close();
    throw asStoreError(error, file);
  }
}

function makeLayout(db: Database): void {
  db.transaction(() => {
    for (const sql of Object.values(LAYOUT)) db.exec(sql);
    db.pragma(`user_version = ${FORMAT}`);
  }).immediate();
}

/**
 * Makes a file of the rows that a connection sees in its transaction. The file is worth nothing until the copy is done:
 * nothing of it is flushed.
 * @param onRows is told up to which position the rows are copied, and may let others work meanwhile
 */
export async function copyRows(
  from: Database,
  file: string,
  { key, onRows }: { readonly key: DatabaseKey; readonly onRows: (position: number) => Promise<void> },
): Promise<void> {
  const db = openDatabase(file, key);
  try {
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.exec(LAYOUT.appends);
    const rowsAfter = from.prepare('SELECT * FROM appends WHERE position > ? ORDER BY position LIMIT ?');
    const insert = db.prepare('INSERT INTO appends VALUES (?, ?, ?, ?, ?)');
    for (let last = 0, atEnd = false; !atEnd;) {
      const rows = rowsAfter.all(last, COPIED_AT_ONCE) as AppendRow[];
      db.exec('BEGIN');
      for (const { position, stream, revision, count, events } of rows)
        insert.run(position, stream, revision, count, events);
      db.exec('COMMIT');
      atEnd = rows.length < COPIED_AT_ONCE;
      last = rows.at(-1)?.position ?? last;
      await onRows(last);
    }
    // An index that is made of all rows at once is sorted, and written from end to end.
    db.exec(LAYOUT.appends_of_stream);
    db.pragma(`user_version = ${FORMAT}`);
  } finally {
    db.close();
  }
}

/** One row may hold as much as the largest submission. */
const COPIED_AT_ONCE = 100;

/** A flipped bit in a file's own description would have its records read as others. */
function refuseOtherLayout(db: Database, file: string, format: number): void {
  if (format !== FORMAT) throw new StoreDamaged(`${file} has the format ${format}, which was never written`);
  const schema = db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck();
  for (const [name, sql] of Object.entries(LAYOUT)) {
    if (schema.get(name) !== sql) throw new StoreDamaged(`${file}: the layout of ${name} in it was altered`);
  }
}

/**
 * In SQLite up to 3.51.2 a checkpoint that meets a write could leave pages of the log out of the file, which loses
 * acknowledged events. The driver brings its own SQLite; a build against the system's could bring an old one.
 */
function refuseOldSqlite(db: Database): void {
  const version = db.prepare('SELECT sqlite_version()').pluck().get() as string;
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number];
  const isFixed = major > 3 || minor >= 53 || (minor === 51 && patch >= 3);
  if (!isFixed) throw new Error(`SQLite ${version} can lose commits: 3.51.3, or 3.53.0 and later, is needed`);
}

export function encodeEvent({ id, type, payload, metadata }: NewEvent): string {
  return `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"metadata":${JSON.stringify(metadata)},"data":${payload}}`;
}

/**
 * Returns the events of a row after the first `skip`, at most `limit`.
 * @throws StoreDamaged where the row is not made of events: an old page has a good tag, and may hold the end of another
 * row
 */
export function decodeRow(row: AppendRow, skip: number, limit: number): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  let start = 0;
  for (let index = 0; index < row.count && events.length < limit; index++) {
    const newline = row.events.indexOf('\n', start);
    const end = newline < 0 ? row.events.length : newline;
    if (index >= skip) {
      const { id, type, metadata, data } = parsed(row, start, end);
      const [stream, revision] = [row.stream as StreamName, row.revision + index];
      const position = encodePosition(row.position + index);
      events.push({ id, type, data, metadata, stream, revision, position });
    }
    start = end + 1;
  }
  return events;
}

function parsed({ events, position, stream }: AppendRow, start: number, end: number): RecordedEvent {
  try {
    return JSON.parse(events.slice(start, end)) as RecordedEvent;
  } catch (cause) {
    throw new StoreDamaged(`the record at position ${position} of ${stream} cannot be read as events`, {
      cause,
    });
  }
}

/** Sixteen digits let positions compare as text. */
export function encodePosition(position: number): Position {
  return String(position).padStart(16, '0') as Position;
}

export function decodePosition(position: Position | null): number {
  return position === null ? 0 : Number(position);
}
