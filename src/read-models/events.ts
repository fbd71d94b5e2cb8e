/**
 * The ledger's order: where each event stands in the store, when it was learnt of, and its leaf in the log. Sequences
 * have no gaps, so a reader that reads on notices a lost row.
 *
 * Types and programmes are kept as small numbers, with their names in a table of their own.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import type { LedgerEvent } from '../domain/upcast.js';
import type { Position } from '../store/event-store.js';
import type { Hash } from '../tlog/merkle.js';
import {
  Difference,
  forEverySchema,
  type At,
  type Expectation,
  type Projection,
  type ReadModel,
  type Table,
} from './read-model.js';
import { prepared, readCheckpoint, ViewsDamaged } from './views-file.js';

/**
 * Ids are random, so their index is in parts of 2^16 sequences. New entries go to one part only, whose 250 or so pages
 * stay in memory; in a single part each event would write to a page of its own. A look-up of an id looks into every
 * part: there are 153 at ten million events.
 */
const PART_BITS = 16;

const NAMES: Table = {
  name: 'names',
  columns: 'id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE',
  key: ['id'],
  growsWithHistory: false,
};
const EVENT_ROWS: Table = {
  name: 'events',
  columns: `sequence INTEGER PRIMARY KEY, position TEXT NOT NULL, ledger_time INTEGER NOT NULL,
    type INTEGER NOT NULL, programme INTEGER, id INTEGER NOT NULL, leaf BLOB NOT NULL`,
  readersIndexes: {
    events_of_programme: 'INDEX %s ON events (programme) WHERE programme IS NOT NULL',
    events_of_type: 'INDEX %s ON events (type)',
    events_by_id: `INDEX %s ON events (sequence >> ${PART_BITS}, id)`,
  },
  key: ['sequence'],
  growsWithHistory: true,
};

export const EVENTS: ReadModel = {
  // All other tables are made of the events, so these rows are compared first.
  tables: [EVENT_ROWS, NAMES],
  project: (db) => new EventsProjection(db),
  expect: (views) => new ExpectedEvents(views),
};

/** The first 48 bits of an event's id are random, a safe integer, and enough to look events up by. */
export function eventKey(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function programmeOf({ data }: LedgerEvent): string | null {
  return 'programmeId' in data.facts ? data.facts.programmeId : null;
}

class EventsProjection implements Projection {
  private readonly names = new Map<string, number>();
  private readonly insert: Statement;
  private readonly insertName: Statement<[string]>;
  readonly handlers = forEverySchema((event, at) => this.record(event, at));

  constructor(private readonly db: Database) {
    this.insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.insertName = db.prepare('INSERT INTO names (text) VALUES (?)');
  }

  private record(event: LedgerEvent, { recorded, sequence, ledgerTime, leaf }: At): void {
    const programme = programmeOf(event);
    this.insert.run(
      sequence,
      recorded.position,
      ledgerTime,
      this.named(recorded.type),
      programme === null ? null : this.named(programme),
      eventKey(recorded.id),
      leaf,
    );
  }

  private named(text: string): number {
    let id = this.names.get(text);
    if (id === undefined) {
      id = nameWith(this.db, text) ?? Number(this.insertName.run(text).lastInsertRowid);
      this.names.set(text, id);
    }
    return id;
  }

  forget(): void {
    this.names.clear();
  }
}

interface ComparedRow {
  readonly sequence: number;
  readonly position: string;
  readonly ledgerTime: number;
  readonly id: number;
  readonly leaf: Hash;
  readonly type: string | null;
  readonly programme: string | null;
}

const ROWS_A_READ = 1_000;

class ExpectedEvents implements Expectation {
  private rows: ComparedRow[] = [];
  private next = 0;
  private readonly read: Statement;
  readonly handlers = forEverySchema((event, at) => this.compare(event, at));

  constructor(views: Database) {
    this.read = views.prepare(
      `SELECT sequence, position, ledger_time AS ledgerTime, id, leaf,
         (SELECT text FROM names WHERE names.id = events.type) AS type,
         (SELECT text FROM names WHERE names.id = events.programme) AS programme
       FROM events WHERE sequence >= ? ORDER BY sequence LIMIT ?`,
    );
  }

  private compare(event: LedgerEvent, { recorded, sequence, ledgerTime, leaf }: At): void {
    const row = this.rowAt(sequence);
    const isLogged = row?.position === recorded.position && leaf.equals(row.leaf);
    if (!row || !isLogged) {
      throw new Difference(
        `sequence ${sequence} of the read models should be event ${recorded.id}, and is another one`,
      );
    }
    const expected = {
      ledgerTime,
      id: eventKey(recorded.id),
      type: recorded.type,
      programme: programmeOf(event),
    };
    for (const [column, value] of Object.entries(expected)) {
      const found = row[column as keyof typeof expected];
      if (found !== value)
        throw new Difference(
          `the ${column} of sequence ${sequence} is ${String(found)} in the views, not ${value}`,
        );
    }
  }

  private rowAt(sequence: number): ComparedRow | undefined {
    if (this.next === this.rows.length) {
      this.rows = this.read.all(sequence, ROWS_A_READ) as ComparedRow[];
      this.next = 0;
    }
    const row = this.rows[this.next++];
    return row?.sequence === sequence ? row : undefined;
  }
}

export interface EventRow {
  readonly sequence: number;
  readonly position: Position;
  /** The running maximum of `recordedAt` in sequence order, in milliseconds since 1970. */
  readonly ledgerTime: number;
  readonly type: number;
  readonly programme: number | null;
  readonly id: number;
}

const COLUMNS = 'sequence, position, ledger_time AS ledgerTime, type, programme, id';

function lostAt(sequence: number): ViewsDamaged {
  return new ViewsDamaged(`sequence ${sequence} is lost from the read models`);
}

export function eventRowAt(views: Database, sequence: number): EventRow {
  const row = prepared(views, `SELECT ${COLUMNS} FROM events WHERE sequence = ?`).get(sequence);
  if (row === undefined) throw lostAt(sequence);
  return row as EventRow;
}

/** Reading the store after this position begins at the sequence. */
export function positionBefore(views: Database, sequence: number): Position | null {
  return sequence === 0 ? null : eventRowAt(views, sequence - 1).position;
}

export type EventList = { readonly column: 'type' | 'programme'; readonly name: number } | 'all';

/**
 * Yields the events of a list after a sequence, in order.
 * @throws ViewsDamaged where the list is of all events and one of them is missing
 */
export function* rowsAfter(views: Database, after: number, list: EventList): Generator<EventRow> {
  const [isListed, values] = list === 'all' ? ['', []] : [`AND ${list.column} = ?`, [list.name]];
  const select = `SELECT ${COLUMNS} FROM events WHERE sequence > ? ${isListed} ORDER BY sequence`;
  let reached = after;
  for (const row of prepared(views, select).iterate(after, ...values) as Iterable<EventRow>) {
    if (list === 'all' && row.sequence !== reached + 1) throw lostAt(reached + 1);
    yield row;
    reached = row.sequence;
  }
  if (list === 'all' && reached < readCheckpoint(views).sequence) throw lostAt(reached + 1);
}

export function nameWith(views: Database, text: string): number | null {
  const select = prepared(views, 'SELECT id FROM names WHERE text = ?').pluck();
  return (select.get(text) as number | undefined) ?? null;
}

export function nameOf(views: Database, id: number): string {
  const text = prepared(views, 'SELECT text FROM names WHERE id = ?').pluck().get(id);
  if (text === undefined) throw new ViewsDamaged(`the name ${id} is lost from the read models`);
  return text as string;
}

export function rowsOfType(views: Database, type: string): readonly EventRow[] {
  const select = `SELECT ${COLUMNS} FROM events WHERE type = ? ORDER BY sequence DESC`;
  return prepared(views, select).all(nameWith(views, type)) as EventRow[];
}

/** Yields the events whose id has the same key, the last one first: at most one of them has that id. */
export function* rowsWithId(views: Database, id: string): Generator<EventRow> {
  const select = prepared(
    views,
    `SELECT ${COLUMNS} FROM events INDEXED BY events_by_id
     WHERE sequence >> ${PART_BITS} = ? AND id = ? ORDER BY sequence DESC`,
  );
  const key = eventKey(id);
  for (let part = readCheckpoint(views).sequence >> PART_BITS; part >= 0; part--) {
    for (const row of select.all(part, key) as EventRow[]) yield row;
  }
}
