/**
 * How the embedded store lies on disk: `events.db`, a SQLite database in WAL mode.
 *
 * One row is one append, its events as lines of JSON, because rows are what an insert costs: a submission of
 * 500 outcomes is one row and one index entry. Positions count events from 1, so an append at position p with
 * n events covers p … p + n − 1. Each row carries a checksum over its place and content, checked on every read:
 * SQLite alone does not notice a flipped bit.
 */
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import type { StreamName } from '../../kernel/ids.js';
import { asStoreError } from '../database-errors.js';
import { StoreDamaged, type NewEvent, type Position, type RecordedEvent } from '../event-store.js';

/** Changes with the layout below; a file of a later format is refused, never guessed at. */
const FORMAT = 1;

/** As SQLite keeps it, to the letter: what a file says of itself is compared with it. */
const LAYOUT = {
  appends: `CREATE TABLE appends (
    position INTEGER PRIMARY KEY,
    stream   TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    events   TEXT    NOT NULL,
    checksum BLOB    NOT NULL
  ) STRICT`,
  appends_of_stream: 'CREATE UNIQUE INDEX appends_of_stream ON appends (stream, revision)',
};

export interface AppendRow {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly count: number;
  readonly events: string;
  readonly checksum: Buffer;
}

/** A row as it was read, and at which position the index has it: null where it does not. */
export interface ReadRow extends AppendRow {
  readonly listed: number | null;
}

export function openEvents(file: string, access: 'read' | 'write'): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: access === 'read', fileMustExist: access === 'read' });
    refuseOldSqlite(db);
    if (access === 'write') {
      db.pragma('journal_mode = WAL');
      // An append is acknowledged only after its commit, and a commit returns only after the fsync.
      db.pragma('synchronous = FULL');
      // What is taken out of a page is overwritten at once, so that an erasure leaves nothing behind.
      db.pragma('secure_delete = ON');
    }
    const format = db.pragma('user_version', { simple: true }) as number;
    if (format > FORMAT)
      throw new StoreDamaged(`${file} has format ${format}: this version reads up to ${FORMAT}`);
    const isNew = format === 0 && db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
    if (isNew && access === 'write') makeLayout(db);
    else refuseOtherLayout(db, file);
    return db;
  } catch (error) {
    db?.close();
    throw asStoreError(error, file);
  }
}

/** In one transaction: a crash leaves an empty file or a whole one. */
function makeLayout(db: Database.Database): void {
  db.transaction(() => {
    for (const sql of Object.values(LAYOUT)) db.exec(sql);
    db.pragma(`user_version = ${FORMAT}`);
  }).immediate();
}

/** A flipped bit in a file's own description would have its records read as something else. */
function refuseOtherLayout(db: Database.Database, file: string): void {
  const format = db.pragma('user_version', { simple: true }) as number;
  if (format !== FORMAT) throw new StoreDamaged(`${file} has the format ${format}, which was never written`);
  const schema = db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck();
  for (const [name, sql] of Object.entries(LAYOUT)) {
    if (schema.get(name) !== sql)
      throw new StoreDamaged(`${file} describes ${name} otherwise than it was made`);
  }
}

/**
 * Until 3.51.2 a checkpoint that meets a write could leave pages of the log out of the file, which is the loss of
 * what was acknowledged. The driver brings its own SQLite; a build against the system's could bring an old one.
 */
function refuseOldSqlite(db: Database.Database): void {
  const version = db.prepare('SELECT sqlite_version()').pluck().get() as string;
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number];
  const isFixed = major > 3 || minor >= 53 || (minor === 51 && patch >= 3);
  if (!isFixed) throw new Error(`SQLite ${version} can lose commits: 3.51.3, or 3.53.0 and later, is needed`);
}

export function checksumOf(row: Omit<AppendRow, 'checksum'>): Buffer {
  const { position, stream, revision, count, events } = row;
  const hash = createHash('sha256').update(`${position}\n${stream}\n${revision}\n${count}\n`).update(events);
  return hash.digest().subarray(0, 16);
}

/** A flipped bit in the head of a row gives its values other types, which a STRICT table does not ask about again. */
function isAsWritten(row: AppendRow): boolean {
  const areTyped = typeof row.events === 'string' && Buffer.isBuffer(row.checksum);
  return areTyped && row.checksum.equals(checksumOf(row));
}

export function encodeEvent({ id, type, payload, metadata }: NewEvent): string {
  return `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"metadata":${JSON.stringify(metadata)},"data":${payload}}`;
}

/**
 * The events of a row from one of them on, at most `limit`.
 * @throws StoreDamaged when the row fails its checksum
 */
export function decodeRow(row: AppendRow, skip: number, limit: number): RecordedEvent[] {
  if (!isAsWritten(row)) {
    throw new StoreDamaged(`the record at position ${row.position} of ${row.stream} fails its checksum`);
  }
  const events: RecordedEvent[] = [];
  let start = 0;
  for (let index = 0; index < row.count && events.length < limit; index++) {
    const newline = row.events.indexOf('\n', start);
    const end = newline < 0 ? row.events.length : newline;
    if (index >= skip) {
      const { id, type, metadata, data } = JSON.parse(row.events.slice(start, end)) as RecordedEvent;
      const stream = row.stream as StreamName;
      const revision = row.revision + index;
      events.push({
        id,
        type,
        data,
        metadata,
        stream,
        revision,
        position: encodePosition(row.position + index),
      });
    }
    start = end + 1;
  }
  return events;
}

/** Sixteen digits, so that positions compare as text. */
export function encodePosition(position: number): Position {
  return String(position).padStart(16, '0') as Position;
}

export function decodePosition(position: Position | null): number {
  return position === null ? 0 : Number(position);
}
