/**
 * The read models' own database: derived from the events, disposable, rebuilt when `VIEWS_VERSION` changes.
 *
 * - `events` maps the ledger's dense sequence to the store's positions, with ledger time and the leaf of the log; each
 *   names the event before it of its programme, of its type, and of its place among ids, so that a list which an index
 *   leads to shows where a row of it is missing.
 * - `names` has the programmes and types, and `id_heads` the places of ids, each with its last event.
 * - `log_nodes` has the subtrees of the log that are complete, by the level of their tile.
 * - `catalogue` keeps every state of each programme, organisation, measure and key.
 * - `cells` holds the current figures; `cell_log`, for each event that changed a cell, the figures that stood until
 *   then and since which event, so that a total as at any past moment is one look-up a cell, however long history is,
 *   and a row that is missing shows.
 * - `supersessions` says when a version of an outcome stopped standing. Only changes are in it, so that no
 *   index over all outcomes' random ids is needed.
 * - `stock_values` holds the standing values of stocks, to find the latest again when one is taken out.
 *
 * What is read is held to something where it is read: rows to the `mark` over all of their values, the log to its root in
 * the checkpoint, lists to the row before. So nobody is answered from a damaged row, nor without one that is lost.
 *
 * Every event writes to `events` and `cell_log`, so both only grow at their end; what orders them by anything but
 * the sequence is an index, whose entries are small. A table in the order of its cells would be written all over,
 * and projecting would slow down as it grows.
 */
import Database from 'better-sqlite3';
import { EMPTY_ROOT } from '../tlog/merkle.js';
import { makeIdHeads } from './id-heads.js';
import { markOf, refuseUnmarked, ViewsDamaged } from './mark.js';

/** Raise it with every change of this layout or of what a projection writes. */
export const VIEWS_VERSION = 7;

const LAYOUT = `
  CREATE TABLE checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, position TEXT, ledger_time INTEGER NOT NULL,
    skipped INTEGER NOT NULL, root TEXT NOT NULL, mark INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE names (
    id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, last INTEGER NOT NULL, mark INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE id_heads (number INTEGER PRIMARY KEY, heads BLOB NOT NULL, mark INTEGER NOT NULL) STRICT;
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, position TEXT NOT NULL, ledger_time INTEGER NOT NULL,
    type INTEGER NOT NULL, programme INTEGER, id INTEGER NOT NULL,
    type_before INTEGER NOT NULL, programme_before INTEGER NOT NULL, id_before INTEGER NOT NULL,
    mark INTEGER NOT NULL, leaf BLOB NOT NULL
  ) STRICT;
  CREATE TABLE log_nodes (
    level INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE catalogue (
    kind TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, state TEXT NOT NULL, mark INTEGER NOT NULL,
    PRIMARY KEY (kind, id, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE cells (
    id INTEGER PRIMARY KEY, measure TEXT NOT NULL, year INTEGER NOT NULL, programme TEXT NOT NULL,
    organisation TEXT NOT NULL, basis TEXT NOT NULL, series INTEGER NOT NULL,
    sequence INTEGER NOT NULL, state TEXT NOT NULL, mark INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX cells_by_key ON cells (measure, year, programme, organisation, basis, series);
  CREATE TABLE cell_log (
    cell INTEGER NOT NULL, sequence INTEGER NOT NULL, adds INTEGER NOT NULL,
    submission BLOB NOT NULL, line INTEGER NOT NULL, revision INTEGER NOT NULL,
    since INTEGER NOT NULL, state TEXT NOT NULL, mark INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE supersessions (
    submission BLOB NOT NULL, line INTEGER NOT NULL, revision INTEGER NOT NULL, sequence INTEGER NOT NULL,
    mark INTEGER NOT NULL, PRIMARY KEY (submission, line, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stock_values (
    cell INTEGER NOT NULL, effective_to TEXT NOT NULL, sequence INTEGER NOT NULL,
    submission BLOB NOT NULL, line INTEGER NOT NULL, quantity TEXT NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL,
    mark INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX stock_values_by_time ON stock_values (cell, effective_to, sequence);
`;

/**
 * What only readers look things up by: it need not be there while nobody reads. Made of all rows at once, an index is
 * sorted and written from end to end; grown row by row, its pages are written again and again.
 */
const READERS_INDEXES = {
  // An index ends with the row's own key, which is the sequence.
  events_of_programme: 'INDEX %s ON events (programme) WHERE programme IS NOT NULL',
  events_of_type: 'INDEX %s ON events (type)',
  // With all in it that a figure as at a past moment is read from, that is one look-up and not two: half as many pages.
  cell_log_of_cell: 'INDEX %s ON cell_log (cell, sequence, since, state, mark)',
};

export function dropReadersIndexes(db: Database.Database): void {
  for (const name of Object.keys(READERS_INDEXES)) db.exec(`DROP INDEX IF EXISTS ${name}`);
}

export function makeReadersIndexes(db: Database.Database): void {
  // Sorting, which is most of it, has a thread of its own.
  db.pragma('threads = 1');
  for (const [name, index] of Object.entries(READERS_INDEXES)) {
    db.exec(`CREATE ${index.replace('%s', `IF NOT EXISTS ${name}`)}`);
  }
}

/**
 * Pages of the log, 16 MB, after which it is moved into the file. Batches follow one another and change many of the same
 * pages: the later, the fewer are written.
 */
const WAL_PAGES = 4_000;

/**
 * Of the connection that answers: a figure as at a moment reads a page for each of its cells, and this keeps those of a
 * dozen moments at a thousand cells. The system's own cache of the file, which comes after it, costs a call a page.
 */
const CACHE_KIB = 64 * 1024;
/** Of the one that projects, which writes little but the ends of tables. A rebuild has more: it makes indexes. */
export const PROJECTOR_CACHE_KIB = 8 * 1024;
export const REBUILD_CACHE_KIB = 64 * 1024;
/** Of one that reads each row about once, so that a larger cache would only hold memory. */
export const SCAN_CACHE_KIB = 2 * 1024;

export interface ViewsCheckpoint {
  /** Of the last event that is projected; −1 when there is none. */
  readonly sequence: number;
  /** How far the store was read; where others write to it too, past the last event that is projected. */
  readonly position: string | null;
  /** Milliseconds since 1970: the running maximum of `recordedAt`. */
  readonly ledgerTime: number;
  /** Events of the store that are not the ledger's, so far. */
  readonly skipped: number;
  /** Of the log of the events so far, base64. */
  readonly root: string;
}

export const NOTHING_PROJECTED: ViewsCheckpoint = {
  sequence: -1,
  position: null,
  ledgerTime: 0,
  skipped: 0,
  root: EMPTY_ROOT.toString('base64'),
};

/** Opens, or makes, a views database to project into. */
export function openViewsForWriting(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  // A lost tail is projected again; WAL keeps what is there consistent.
  db.pragma('synchronous = NORMAL');
  db.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
  db.pragma(`cache_size = -${PROJECTOR_CACHE_KIB}`);
  if (db.pragma('user_version', { simple: true }) === 0) {
    db.transaction(() => {
      db.exec(LAYOUT);
      db.prepare('INSERT INTO checkpoint VALUES (1, ?, ?, ?, ?, ?, ?)').run(
        ...checkpointRow(NOTHING_PROJECTED),
      );
      makeIdHeads(db);
      makeReadersIndexes(db);
      db.pragma(`user_version = ${VIEWS_VERSION}`);
    }).immediate();
  }
  return db;
}

export function openViewsForReading(file: string, cacheKib = CACHE_KIB): Database.Database {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  db.pragma(`cache_size = -${cacheKib}`);
  return db;
}

/**
 * A statement that its connection keeps: the driver would compile it again at every call. One text is always
 * read in one way (`pluck` or not), for a statement remembers that.
 */
export function prepared(db: Database.Database, sql: string): Database.Statement {
  const known = statements.get(db) ?? new Map<string, Database.Statement>();
  statements.set(db, known);
  let statement = known.get(sql);
  if (!statement) known.set(sql, (statement = db.prepare(sql)));
  return statement;
}

const statements = new WeakMap<Database.Database, Map<string, Database.Statement>>();

export function viewsVersionOf(db: Database.Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

export function readCheckpoint(db: Database.Database): ViewsCheckpoint {
  const row = prepared(
    db,
    'SELECT sequence, position, ledger_time AS ledgerTime, skipped, root, mark FROM checkpoint',
  ).get() as (ViewsCheckpoint & { readonly mark: number }) | undefined;
  if (!row) throw new ViewsDamaged('the checkpoint in the read models is gone');
  const { mark, ...checkpoint } = row;
  refuseUnmarked(mark, checkpointRow(checkpoint).at(-1), 'the checkpoint');
  return checkpoint;
}

/** In the order of its columns, the mark last. */
export function checkpointRow({ sequence, position, ledgerTime, skipped, root }: ViewsCheckpoint) {
  const mark = markOf([sequence, ledgerTime, skipped], position ?? '', root);
  return [sequence, position, ledgerTime, skipped, root, mark] as const;
}

/** UUIDs take 16 bytes in the views. */
export function submissionKey(submissionId: string): Buffer {
  return Buffer.from(submissionId.replaceAll('-', ''), 'hex');
}

export function submissionIdOfKey(key: Buffer): string {
  return key.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
