/**
 * Rows of `events`: where each event stands in the store, and which came before it of its programme, of its type, and
 * at the place of its id. Each has a mark over all of it but the leaf, which the log's root holds.
 */
import type { Database } from 'better-sqlite3';
import type { Position } from '../store/event-store.js';
import { eventKey, ID_HEADS, idHead } from './id-heads.js';
import { markOf, refuseUnmarked, ViewsDamaged } from './mark.js';
import { prepared, readCheckpoint } from './views-file.js';

export interface EventRow {
  readonly sequence: number;
  readonly position: Position;
  /** Milliseconds since 1970: the running maximum of `recordedAt` in sequence order. */
  readonly ledgerTime: number;
  /** Of its name, as its programme's. */
  readonly type: number;
  readonly programme: number | null;
  /** The key of its id. */
  readonly id: number;
  /** The sequence of the event before it with the same type; −1 where there is none. */
  readonly typeBefore: number;
  /** As `typeBefore`; −1 too where it has no programme. */
  readonly programmeBefore: number;
  /** Of that whose id has the same place. */
  readonly idBefore: number;
}
export type MarkedEventRow = EventRow & { readonly mark: number };

export const EVENT_COLUMNS = `sequence, position, ledger_time AS ledgerTime, type, programme, id,
  type_before AS typeBefore, programme_before AS programmeBefore, id_before AS idBefore, mark`;

export function markOfEvent(row: EventRow): number {
  const { sequence, position, ledgerTime, type, programme, id, typeBefore, programmeBefore, idBefore } = row;
  const numbers = [sequence, ledgerTime, type, programme ?? -1, id, typeBefore, programmeBefore, idBefore];
  return markOf(numbers, position);
}

function trusted(row: MarkedEventRow): EventRow {
  refuseUnmarked(row.mark, markOfEvent(row), `the place of sequence ${row.sequence}`);
  return row;
}

function lostAt(sequence: number): ViewsDamaged {
  return new ViewsDamaged(`sequence ${sequence} is lost from the read models`);
}

/** @throws ViewsDamaged; an event with that sequence is projected */
export function eventRowAt(views: Database, sequence: number): EventRow {
  const row = prepared(views, `SELECT ${EVENT_COLUMNS} FROM events WHERE sequence = ?`).get(sequence);
  if (row === undefined) throw lostAt(sequence);
  return trusted(row as MarkedEventRow);
}

/** What reading the store from a sequence on begins after. */
export function positionBefore(views: Database, sequence: number): Position | null {
  return sequence === 0 ? null : eventRowAt(views, sequence - 1).position;
}

/** Events that are listed: those that have a value in a column, or all. */
export interface EventList {
  readonly column: 'type' | 'programme' | null;
  readonly name: number | null;
  /** The sequence of the last of them, as far as is known; −1 where there is none. */
  readonly last: number;
}

export function listOf(column: 'type' | 'programme', { id, last }: Name): EventList {
  return { column, name: id, last };
}

export function everything(views: Database): EventList {
  return { column: null, name: null, last: readCheckpoint(views).sequence };
}

/**
 * Those after a sequence, in order, by an index.
 * @throws ViewsDamaged where one is lost, from the table or the index alone, which those beside it tell of
 */
export function* rowsAfter(views: Database, after: number, list: EventList): Generator<EventRow> {
  const { column, name, last } = list;
  const [isListed, values] = column === null ? ['', [after]] : [`AND ${column} = ?`, [after, name]];
  const select = `SELECT ${EVENT_COLUMNS} FROM events WHERE sequence > ? ${isListed} ORDER BY sequence`;
  const rows = prepared(views, select).iterate(...values) as Iterable<MarkedEventRow>;
  let reached = after;
  for (const marked of rows) {
    const row = trusted(marked);
    const before = beforeIn(list, row);
    if (reached === after ? before > after : before !== reached) throw lostAt(before);
    yield row;
    reached = row.sequence;
  }
  if (reached < last) throw lostAt(last);
}

function beforeIn({ column }: EventList, row: EventRow): number {
  if (column === null) return row.sequence - 1;
  return column === 'type' ? row.typeBefore : row.programmeBefore;
}

/** A name and the last event that has it. */
export interface Name {
  readonly id: number;
  readonly text: string;
  /** The sequence of the last event of that type, or programme. */
  readonly last: number;
}

export type MarkedName = Name & { readonly mark: number };

export function markOfName({ id, text, last }: Name): number {
  return markOf([id, last], text);
}

/** @returns null where no event has that name */
export function nameWith(views: Database, text: string): Name | null {
  const row = prepared(views, 'SELECT * FROM names WHERE text = ?').get(text) as MarkedName | undefined;
  return row ? trustedName(row) : null;
}

export function nameOf(views: Database, id: number): string {
  const row = prepared(views, 'SELECT * FROM names WHERE id = ?').get(id) as MarkedName | undefined;
  if (!row) throw new ViewsDamaged(`the name ${id} is lost from the read models`);
  return trustedName(row).text;
}

/** @throws ViewsDamaged */
export function trustedName(name: MarkedName): Name {
  refuseUnmarked(name.mark, markOfName(name), `the name ${name.id}`);
  return name;
}

/** Every event of a type, the last one first: for types of which there are few. */
export function* rowsOfType(views: Database, type: string): Generator<EventRow> {
  for (let at = nameWith(views, type)?.last ?? -1; at >= 0;) {
    const row = eventRowAt(views, at);
    yield row;
    at = row.typeBefore;
  }
}

/** The events whose id may be that one, by its key: the last one first. */
export function* rowsWithId(views: Database, id: string): Generator<EventRow> {
  const key = eventKey(id);
  for (let at = idHead(prepared(views, ID_HEADS), key); at >= 0;) {
    const row = eventRowAt(views, at);
    if (row.id === key) yield row;
    at = row.idBefore;
  }
}
