/**
 * The events by their ids, as chains: an id has one of 65,536 places, each event names the one before it at its place,
 * and here is the last one at each. Whoever follows a chain to its end knows that there is no such event, which an index
 * that lost an entry could not tell. A chain has a step for each 65,536 events.
 *
 * Sixteen places share a row, all of which are made with the file: one that is missing was lost.
 */
import type { Database, Statement } from 'better-sqlite3';
import { markOf, refuseUnmarked, ViewsDamaged } from './mark.js';

const PLACES = 2 ** 16;
const PLACES_A_ROW = 16;
const HEAD_BYTES = 6;

/** The first 48 bits of an event's id, which are random: a safe integer, and enough to look events up by. */
export function eventKey(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Those whose ids have the same place are chained. */
export function placeOf(key: number): number {
  return key % PLACES;
}

/** The row of a place, and where its head is in that row's bytes. */
function rowOf(key: number): { readonly number: number; readonly at: number } {
  const place = placeOf(key);
  return { number: Math.floor(place / PLACES_A_ROW), at: (place % PLACES_A_ROW) * HEAD_BYTES };
}

export interface MarkedHeads {
  readonly number: number;
  readonly heads: Buffer;
  readonly mark: number;
}

function markOfHeads(number: number, heads: Buffer): number {
  return markOf([number], heads.toString('latin1'));
}

export function makeIdHeads(db: Database): void {
  const none = Buffer.alloc(PLACES_A_ROW * HEAD_BYTES);
  const marks = Array.from({ length: PLACES / PLACES_A_ROW }, (_, number) => markOfHeads(number, none));
  db.prepare('INSERT INTO id_heads SELECT key, ?, value FROM json_each(?)').run(none, JSON.stringify(marks));
}

export const ID_HEADS = 'SELECT * FROM id_heads WHERE number = ?';

/**
 * The last event at the place of a key; −1 where there is none.
 * @param read a statement of `ID_HEADS`
 * @throws ViewsDamaged
 */
export function idHead(read: Statement, key: number): number {
  const { number, at } = rowOf(key);
  return headAt(readHeads(read, number), at);
}

function readHeads(read: Statement, number: number): Buffer {
  const row = read.get(number) as MarkedHeads | undefined;
  if (!row) throw new ViewsDamaged(`row ${number} of the last events by id is lost from the read models`);
  return trustedHeads(row);
}

/** @throws ViewsDamaged */
export function trustedHeads({ number, heads, mark }: MarkedHeads): Buffer {
  refuseUnmarked(mark, markOfHeads(number, heads), `row ${number} of the last events by id`);
  return heads;
}

/** It is kept with one added, so that zero bytes say that there is none. */
const headAt = (heads: Buffer, at: number) => heads.readUIntBE(at, HEAD_BYTES) - 1;

/** As the projector moves them on, in memory until they are flushed. */
export class IdHeads {
  private readonly rows = new Map<number, Buffer>();
  private readonly changed = new Set<number>();
  private readonly read: Statement;
  private readonly update: Statement;

  constructor(private readonly db: Database) {
    this.read = db.prepare(ID_HEADS);
    this.update = db.prepare('UPDATE id_heads SET heads = ?, mark = ? WHERE number = ?');
  }

  /** @returns the sequence of the event before it at the place of the key, or −1 */
  moveTo(sequence: number, key: number): number {
    const { number, at } = rowOf(key);
    let heads = this.rows.get(number);
    if (!heads) this.rows.set(number, (heads = readHeads(this.read, number)));
    const before = headAt(heads, at);
    heads.writeUIntBE(sequence + 1, at, HEAD_BYTES);
    this.changed.add(number);
    return before;
  }

  flush(): void {
    for (const number of this.changed) {
      const heads = this.rows.get(number)!;
      this.update.run(heads, markOfHeads(number, heads), number);
    }
    this.changed.clear();
  }

  /** Where they were not flushed as they moved: from the events, which say it too. */
  recover(): void {
    const heads = this.db.prepare(`SELECT max(sequence) AS last, id FROM events GROUP BY id % ${PLACES}`);
    for (const { last, id } of heads.all() as { last: number; id: number }[]) this.moveTo(last, id);
  }

  forget(): void {
    this.rows.clear();
    this.changed.clear();
  }
}
