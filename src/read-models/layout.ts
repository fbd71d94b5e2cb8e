/** The list of the read models. The layout of their file, its indexes and its version follow from it. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { createHash } from 'node:crypto';
import { openDatabase, type DatabaseKey } from '../store/database.js';
import { CATALOGUE } from './catalogue.js';
import { CELLS } from './cells.js';
import { EVENTS } from './events.js';
import { LOG } from './log.js';
import { OVERLAPPING } from './overlaps.js';
import type { ReadModel, Table } from './read-model.js';
import { STANDING_DAYS } from './standing-days.js';
import { CHECKPOINT, insertCheckpoint, PROJECTOR_CACHE_KIB, ViewsDamaged } from './views-file.js';

/** An event is given to the read models in this order: cells are found by measures, which the catalogue has. */
export const READ_MODELS: readonly ReadModel[] = [LOG, EVENTS, CATALOGUE, CELLS, STANDING_DAYS, OVERLAPPING];

export const TABLES: readonly Table[] = [CHECKPOINT, ...READ_MODELS.flatMap(({ tables }) => tables)];

/** Raise this number when a projection writes something else into the same tables. */
const REVISION = 9;

const LAYOUT: readonly string[] = TABLES.flatMap((table) => [
  `CREATE TABLE ${table.name} (${table.columns}) STRICT${table.isWithoutRowid ? ', WITHOUT ROWID' : ''}`,
  ...Object.entries(table.indexes ?? {}).map(([name, index]) => `CREATE ${index.replace('%s', name)}`),
]);
const READERS_INDEXES = TABLES.flatMap(({ readersIndexes = {} }) => Object.entries(readersIndexes));

/** Read models of another version are made anew. SQLite keeps a positive number of 31 bits. */
export const VIEWS_VERSION =
  createHash('sha256')
    .update(JSON.stringify([REVISION, LAYOUT, READERS_INDEXES]))
    .digest()
    .readUInt32BE() >>> 1;

export function dropReadersIndexes(db: Database): void {
  for (const [name] of READERS_INDEXES) db.exec(`DROP INDEX IF EXISTS ${name}`);
}

export function makeReadersIndexes(db: Database): void {
  // Sorting is most of the work of making an index, and gets a thread of its own.
  db.pragma('threads = 1');
  for (const [name, index] of READERS_INDEXES) {
    db.exec(`CREATE ${index.replace('%s', `IF NOT EXISTS ${name}`)}`);
  }
}

/**
 * The write-ahead log is moved into the file after so many pages, 16 MB. Batches change many of the same pages again,
 * so fewer pages are written the later the log is moved.
 */
const WAL_PAGES = 4_000;

export function openViewsForWriting(file: string, key: DatabaseKey): Database {
  const db = openDatabase(file, key);
  db.pragma('journal_mode = WAL');
  // A lost tail is projected again; WAL keeps what is there consistent.
  db.pragma('synchronous = NORMAL');
  db.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
  db.pragma(`cache_size = -${PROJECTOR_CACHE_KIB}`);
  if (db.pragma('user_version', { simple: true }) === 0) {
    db.transaction(() => {
      for (const sql of LAYOUT) db.exec(sql);
      insertCheckpoint(db);
      makeReadersIndexes(db);
      db.pragma(`user_version = ${VIEWS_VERSION}`);
    }).immediate();
  }
  return db;
}

/**
 * Checks that the indexes of the tables that do not grow with history lead to all rows, which takes moments: where a
 * disk lost the last write of a page, no reader would notice.
 * @throws ViewsDamaged
 */
export function checkSmallTables(views: Database): void {
  for (const { name, growsWithHistory } of TABLES) if (!growsWithHistory) checkTable(views, name);
}

export function checkTable(views: Database, table: string): void {
  const [found] = views.pragma(`integrity_check(${table})`) as { readonly integrity_check: string }[];
  if (found?.integrity_check !== 'ok') throw new ViewsDamaged(`the read models: ${found?.integrity_check}`);
}
