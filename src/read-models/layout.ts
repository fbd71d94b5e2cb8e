/**
 * The read models, listed once, and all that follows from the list: how their file is laid out, which indexes it has,
 * and its version.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { createHash } from 'node:crypto';
import { openDatabase, type DatabaseKey } from '../store/database.js';
import { CATALOGUE } from './catalogue.js';
import { CELLS } from './cells.js';
import { EVENTS } from './events.js';
import { LOG } from './log.js';
import type { ReadModel, Table } from './read-model.js';
import { CHECKPOINT, insertCheckpoint, PROJECTOR_CACHE_KIB, ViewsDamaged } from './views-file.js';

/** In the order in which an event is given to them: cells are found by measures, which the catalogue has. */
export const READ_MODELS: readonly ReadModel[] = [LOG, EVENTS, CATALOGUE, CELLS];

export const TABLES: readonly Table[] = [CHECKPOINT, ...READ_MODELS.flatMap(({ tables }) => tables)];

/** Raise it where a projection writes something else into the same tables. */
const REVISION = 8;

const LAYOUT: readonly string[] = TABLES.flatMap((table) => [
  `CREATE TABLE ${table.name} (${table.columns}) STRICT${table.isWithoutRowid ? ', WITHOUT ROWID' : ''}`,
  ...Object.entries(table.indexes ?? {}).map(([name, index]) => `CREATE ${index.replace('%s', name)}`),
]);
const READERS_INDEXES = TABLES.flatMap(({ readersIndexes = {} }) => Object.entries(readersIndexes));

/** Read models of another version are made anew. It is a positive number of 31 bits, as SQLite keeps one in a file. */
export const VIEWS_VERSION =
  createHash('sha256')
    .update(JSON.stringify([REVISION, LAYOUT, READERS_INDEXES]))
    .digest()
    .readUInt32BE() >>> 1;

export function dropReadersIndexes(db: Database): void {
  for (const [name] of READERS_INDEXES) db.exec(`DROP INDEX IF EXISTS ${name}`);
}

export function makeReadersIndexes(db: Database): void {
  // Sorting, which is most of it, has a thread of its own.
  db.pragma('threads = 1');
  for (const [name, index] of READERS_INDEXES) {
    db.exec(`CREATE ${index.replace('%s', `IF NOT EXISTS ${name}`)}`);
  }
}

/**
 * The log of the database is moved into its file after so many pages, which are 16 MB. Batches follow one another and
 * change many of the same pages: the later, the fewer are written.
 */
const WAL_PAGES = 4_000;

/** Opens, or makes, a views database to project into. */
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
 * Looks at the tables that do not grow with history, which takes moments: whether their indexes lead to their rows. Where
 * a disk lost the last write of a page, no reader would see that an index has not all of them.
 * @throws ViewsDamaged
 */
export function checkSmallTables(views: Database): void {
  for (const { name, growsWithHistory } of TABLES) if (!growsWithHistory) checkTable(views, name);
}

/** Checks the structure of a table, and its indexes, by SQLite's own means. @throws ViewsDamaged */
export function checkTable(views: Database, table: string): void {
  const [found] = views.pragma(`integrity_check(${table})`) as { readonly integrity_check: string }[];
  if (found?.integrity_check !== 'ok') throw new ViewsDamaged(`the read models: ${found?.integrity_check}`);
}
