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
import type { StreamName } from '../kernel/ids.js';
import {
  StoreDamaged,
  StoreUnavailable,
  type NewEvent,
  type Position,
  type RecordedEvent,
} from './event-store.js';

/** Changes with the layout below; a file of a later format is refused, never guessed at. */
const FORMAT = 1;

const LAYOUT = `
  CREATE TABLE IF NOT EXISTS appends (
    position INTEGER PRIMARY KEY,
    stream   TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    events   TEXT    NOT NULL,
    checksum BLOB    NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS appends_of_stream ON appends (stream, revision);
`;

export interface AppendRow {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly count: number;
  readonly events: string;
  readonly checksum: Buffer;
}

export function openEvents(file: string, access: 'read' | 'write'): Database.Database {
  try {
    const db = new Database(file, { readonly: access === 'read', fileMustExist: access === 'read' });
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
    if (access === 'write') {
      db.exec(LAYOUT);
      db.pragma(`user_version = ${FORMAT}`);
    }
    return db;
  } catch (error) {
    throw asStoreError(error, file);
  }
}

/** SQLite's errors in the port's words. */
export function asStoreError(error: unknown, file: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  const damaged = code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB');
  const message = `${file}: ${(error as Error).message} (${code})`;
  return damaged
    ? new StoreDamaged(message, { cause: error })
    : new StoreUnavailable(message, { cause: error });
}

export function checksumOf(row: Omit<AppendRow, 'checksum'>): Buffer {
  const { position, stream, revision, count, events } = row;
  const hash = createHash('sha256').update(`${position}\n${stream}\n${revision}\n${count}\n`).update(events);
  return hash.digest().subarray(0, 16);
}

export function encodeEvent({ id, type, payload, metadata }: NewEvent): string {
  return `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"metadata":${JSON.stringify(metadata)},"data":${payload}}`;
}

/**
 * The events of a row from one of them on, at most `limit`.
 * @throws StoreDamaged when the row fails its checksum
 */
export function decodeRow(row: AppendRow, skip: number, limit: number): RecordedEvent[] {
  if (!row.checksum.equals(checksumOf(row))) {
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
