/**
 * The read models have a database of their own, which is derived from the events and made anew when its layout changes.
 *
 * Every event writes to `events` and `cell_log`, so both only grow at their end; any other order than by sequence is an
 * index, whose entries are small. A table in the order of its cells would be written all over, and projecting would
 * slow down as it grows.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { openDatabase, type DatabaseKey } from '../store/database.js';
import { StoreDamaged } from '../store/event-store.js';
import { EMPTY_ROOT } from '../tlog/merkle.js';
import type { Table } from './read-model.js';

/** The checkpoint says how far the events are projected, and commits together with what was projected. */
export const CHECKPOINT: Table = {
  name: 'checkpoint',
  columns: `one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, position TEXT,
    ledger_time INTEGER NOT NULL, skipped INTEGER NOT NULL, root TEXT NOT NULL`,
  key: ['one'],
  // These columns depend on the events of others, which a shared store has too.
  notOfEvents: ['position', 'skipped'],
  growsWithHistory: false,
};

/** The read models contradict themselves. `ledger rebuild` makes them again from the events. */
export class ViewsDamaged extends StoreDamaged {
  override readonly name: string = 'ViewsDamaged';
}

/**
 * The connection that answers reads a page for each cell of a figure as at a moment: this cache keeps those of a dozen
 * moments at a thousand cells. The system's own cache of the file costs a call and a tag a page.
 */
const CACHE_KIB = 64 * 1024;
export const PROJECTOR_CACHE_KIB = 8 * 1024;
export const REBUILD_CACHE_KIB = 64 * 1024;
/** A scan reads each row about once, so that a larger cache would only hold memory. */
export const SCAN_CACHE_KIB = 2 * 1024;

export interface ViewsCheckpoint {
  /** The sequence of the last event that is projected; −1 when there is none. */
  readonly sequence: number;
  /** The store was read up to here; where others write to it too, this may be past the last projected event. */
  readonly position: string | null;
  readonly ledgerTime: number;
  readonly skipped: number;
  readonly root: string;
}

export const NOTHING_PROJECTED: ViewsCheckpoint = {
  sequence: -1,
  position: null,
  ledgerTime: 0,
  skipped: 0,
  root: EMPTY_ROOT.toString('base64'),
};

export function openViewsForReading(file: string, key: DatabaseKey, cacheKib = CACHE_KIB): Database {
  const db = openDatabase(file, key, { readonly: true });
  db.pragma(`cache_size = -${cacheKib}`);
  return db;
}

/**
 * A connection keeps its statements: the driver would compile one again at every call. One text is always read in one
 * way (`pluck` or not), for a statement remembers that.
 */
export function prepared(db: Database, sql: string): Statement {
  const known = statements.get(db) ?? new Map<string, Statement>();
  statements.set(db, known);
  let statement = known.get(sql);
  if (!statement) known.set(sql, (statement = db.prepare(sql)));
  return statement;
}

const statements = new WeakMap<Database, Map<string, Statement>>();

export function viewsVersionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

export function insertCheckpoint(db: Database): void {
  const insert = db.prepare(
    'INSERT INTO checkpoint VALUES (1, @sequence, @position, @ledgerTime, @skipped, @root)',
  );
  insert.run(NOTHING_PROJECTED);
}

/** @throws ViewsDamaged */
export function readCheckpoint(db: Database): ViewsCheckpoint {
  const row = prepared(
    db,
    'SELECT sequence, position, ledger_time AS ledgerTime, skipped, root FROM checkpoint',
  ).get() as ViewsCheckpoint | undefined;
  if (!row) throw new ViewsDamaged('the checkpoint in the read models is gone');
  return row;
}

export function submissionKey(submissionId: string): Buffer {
  return Buffer.from(submissionId.replaceAll('-', ''), 'hex');
}

export function submissionIdOfKey(key: Buffer): string {
  return key.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
