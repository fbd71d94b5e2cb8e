/**
 * The read models' own database: derived from the events, disposable, rebuilt when `VIEWS_VERSION` changes.
 *
 * - `events` maps the ledger's dense sequence to the store's positions, with ledger time.
 * - `catalogue` keeps every state of each programme, organisation and measure.
 * - `cells` holds the current figures; `cell_log` the figures after each event that changed a cell, so that a
 *   total as at any past moment is one look-up a cell, however long history is.
 * - `supersessions` says when a version of an outcome stopped standing. Only changes are in it, so that no
 *   index over all outcomes' random ids is needed.
 * - `stock_values` holds the standing values of stocks, to find the latest again when one is taken out.
 *
 * Every event writes to `events` and `cell_log`, so both only grow at their end; what orders them by anything but
 * the sequence is an index, whose entries are small. A table in the order of its cells would be written all over,
 * and projecting would slow down as it grows.
 */
import Database from 'better-sqlite3';

/** Raise it with every change of this layout or of what a projection writes. */
export const VIEWS_VERSION = 2;

const LAYOUT = `
  CREATE TABLE checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, position TEXT, ledger_time INTEGER NOT NULL,
    skipped INTEGER NOT NULL
  ) STRICT;
  INSERT INTO checkpoint VALUES (1, -1, NULL, 0, 0);
  CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, position TEXT NOT NULL, ledger_time INTEGER NOT NULL,
    type INTEGER NOT NULL, programme INTEGER, digest INTEGER NOT NULL
  ) STRICT;
  -- An index ends with the row's own key, which is the sequence.
  CREATE INDEX events_of_programme ON events (programme) WHERE programme IS NOT NULL;
  CREATE INDEX events_of_type ON events (type);
  CREATE TABLE catalogue (
    kind TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (kind, id, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE cells (
    id INTEGER PRIMARY KEY, measure TEXT NOT NULL, year INTEGER NOT NULL, programme TEXT NOT NULL,
    organisation TEXT NOT NULL, basis TEXT NOT NULL, series INTEGER NOT NULL,
    sequence INTEGER NOT NULL, state TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX cells_by_key ON cells (measure, year, programme, organisation, basis, series);
  CREATE TABLE cell_log (
    cell INTEGER NOT NULL, sequence INTEGER NOT NULL, adds INTEGER NOT NULL,
    submission BLOB NOT NULL, line INTEGER NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX cell_log_of_cell ON cell_log (cell, sequence);
  CREATE TABLE supersessions (
    submission BLOB NOT NULL, line INTEGER NOT NULL, revision INTEGER NOT NULL, sequence INTEGER NOT NULL,
    PRIMARY KEY (submission, line, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stock_values (
    cell INTEGER NOT NULL, effective_to TEXT NOT NULL, sequence INTEGER NOT NULL,
    submission BLOB NOT NULL, line INTEGER NOT NULL, quantity TEXT NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX stock_values_by_time ON stock_values (cell, effective_to, sequence);
`;

/** Of each of the three or four connections of a process. The system's own cache of the file comes after it. */
const CACHE_KIB = 16 * 1024;

export interface ViewsCheckpoint {
  /** Of the last event that is projected; −1 when there is none. */
  readonly sequence: number;
  /** How far the store was read; where others write to it too, past the last event that is projected. */
  readonly position: string | null;
  /** Milliseconds since 1970: the running maximum of `recordedAt`. */
  readonly ledgerTime: number;
  /** Events of the store that are not the ledger's, so far. */
  readonly skipped: number;
}

export const NOTHING_PROJECTED: ViewsCheckpoint = { sequence: -1, position: null, ledgerTime: 0, skipped: 0 };

/** Opens, or makes, a views database to project into. */
export function openViewsForWriting(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  // A lost tail is projected again; WAL keeps what is there consistent.
  db.pragma('synchronous = NORMAL');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  if (db.pragma('user_version', { simple: true }) === 0) {
    db.transaction(() => {
      db.exec(LAYOUT);
      db.pragma(`user_version = ${VIEWS_VERSION}`);
    }).immediate();
  }
  return db;
}

export function openViewsForReading(file: string): Database.Database {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  db.pragma(`cache_size = -${CACHE_KIB}`);
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
  return db
    .prepare('SELECT sequence, position, ledger_time AS ledgerTime, skipped FROM checkpoint')
    .get() as ViewsCheckpoint;
}

/** The first 48 bits of a payload hash: enough for the self-check to tell events apart, and a safe integer. */
export function eventDigest(payloadHash: string): number {
  return Number.parseInt(payloadHash.slice(0, 12), 16);
}

/** UUIDs take 16 bytes in the views. */
export function submissionKey(submissionId: string): Buffer {
  return Buffer.from(submissionId.replaceAll('-', ''), 'hex');
}

export function submissionIdOfKey(key: Buffer): string {
  return key.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
