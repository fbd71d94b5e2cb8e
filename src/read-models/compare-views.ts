/**
 * Whether the read models that serve are what the events make of them: each event is the one that was projected, and
 * every row of every table is, column by column, what a fold of the same events writes; what figures were at any
 * moment, values of stocks, the catalogue, times, and the log included. And whether their indexes lead to their rows.
 *
 * Each event is read once. It is held against its hash and against the leaf that was logged, before anything is made
 * of it, so that the first one that is another is named; it is folded into read models of one's own beside; and it is
 * added up by a fold that shares nothing with the projector's. Memory does not grow with history, and a ledger that
 * serves is not held up: only the last events, and the comparison, see one moment of it.
 */
import type { Database } from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryOf } from '../tlog/entry.js';
import { leafHash } from '../tlog/merkle.js';
import type { EventReader, RecordedEvent } from '../store/event-store.js';
import { upcast } from '../domain/upcast.js';
import { CELLS, ExpectedFigures, type CellRow } from './expected-figures.js';
import { Difference } from './expected-rows.js';
import { foldTo, rootAt, type FoldOptions } from './replay.js';
import { openViewsForReading, prepared, readCheckpoint, SCAN_CACHE_KIB } from './views-file.js';

/**
 * What finds a row in each table, and what it is called by; the events first, as all else is made of them. Not the
 * checkpoint: what a shared store passed over is not made of the ledger's events.
 */
const TABLES = {
  events: { key: ['sequence'] },
  names: { key: ['id'] },
  log_nodes: { key: ['level', 'number'] },
  catalogue: { key: ['kind', 'id', 'sequence'] },
  cells: { key: ['measure', 'series', 'programme', 'organisation', 'year', 'basis'] },
  cell_log: { key: ['rowid'], name: ['sequence', 'cell'] },
  supersessions: { key: ['submission', 'line', 'revision'] },
  stock_values: { key: ['rowid'], name: ['sequence', 'cell'] },
};

export interface ViewsCompared {
  readonly events: number;
  /** Of the log of these events, base64. */
  readonly root: string;
}

/** @throws Difference at the first that is found; StoreDamaged, ProjectionStopped */
export async function compareViews(
  reader: EventReader,
  servedFile: string,
  onProgress: FoldOptions['onProgress'] = () => undefined,
): Promise<ViewsCompared> {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-compare-'));
  const file = join(dir, 'views.db');
  const served = openViewsForReading(servedFile, SCAN_CACHE_KIB);
  const figures = new ExpectedFigures();
  const onEvent = (event: RecordedEvent, sequence: number) => {
    compareLeaf(served, event, sequence);
    figures.take(upcast(event));
  };
  const foldToServed = async () => {
    const { sequence } = readCheckpoint(served);
    await foldTo(reader, file, { last: sequence, onEvent, onProgress });
  };
  try {
    await foldToServed();
    served.exec('BEGIN');
    await foldToServed();
    compareNow(served, file, figures);
    const events = readCheckpoint(served).sequence + 1;
    return { events, root: rootAt(served, events) };
  } finally {
    served.close();
    rmSync(dir, { recursive: true });
  }
}

function compareLeaf(served: Database, event: RecordedEvent, sequence: number): void {
  const leaf = prepared(served, 'SELECT leaf FROM events WHERE sequence = ?').pluck().get(sequence);
  // A row that is lost is told with its table. What is damaged may be of any type.
  if (leaf === undefined) return;
  if (leaf instanceof Buffer && leafHash(entryOf(event)).equals(leaf)) return;
  const { id, type, stream, revision } = event;
  throw new Difference(
    `sequence ${sequence}: event ${id} (${type}, ${stream} revision ${revision}), as the store has it, is not what was logged there`,
  );
}

/** In a transaction, at whose moment the others stand too. */
function compareNow(served: Database, file: string, figures: ExpectedFigures): void {
  served.prepare('ATTACH ? AS replayed').run(file);
  for (const table of Object.keys(TABLES)) compareTable(served, table as keyof typeof TABLES);
  const [one, other] = ['main', 'replayed'].map((name) =>
    String(served.prepare(`SELECT ledger_time FROM ${name}.checkpoint`).pluck().get()),
  );
  if (one !== other)
    throw new Difference(`the ledger time of the checkpoint is ${one}, but ${other} by the events`);
  const difference = figures.differenceFrom(served.prepare(CELLS).all() as CellRow[]);
  if (difference !== null) throw new Difference(difference);
  const [found] = served.pragma('main.integrity_check(1)') as { readonly integrity_check: string }[];
  if (found?.integrity_check !== 'ok') throw new Difference(`the read models: ${found?.integrity_check}`);
}

/**
 * Each row that serves has its equal, and each that was replayed is there. Rows have different keys in both, as the
 * check of integrity makes sure, so they are the same rows. All are read in the order of the table, by no index.
 */
function compareTable(db: Database, table: keyof typeof TABLES): void {
  const { key, name = key }: { key: string[]; name?: string[] } = TABLES[table];
  const columns = (db.pragma(`replayed.table_info(${table})`) as { name: string }[]).map((one) => one.name);
  const isSameRow = key.map((column) => `known.${column} = found.${column}`).join(' AND ');
  const differs = columns.map((column) => `found.${column} IS NOT known.${column}`).join(' OR ');
  const rowsWhere = (condition: string, [from, to]: readonly [string, string]) =>
    db.prepare(
      `SELECT found.*, known.* FROM ${from} NOT INDEXED LEFT JOIN ${to} ON ${isSameRow} WHERE ${condition} LIMIT 1`,
    );
  const [found, known] = [`main.${table} AS found`, `replayed.${table} AS known`];
  const other = rowsWhere(differs, [found, known]).raw().get() as unknown[] | undefined;
  const lost = rowsWhere(`found.${key[0]} IS NULL`, [known, found]).raw().get() as unknown[] | undefined;
  const row = other ?? lost;
  if (!row) return;
  const halves = [row.slice(0, columns.length), row.slice(columns.length)];
  const [isThere, mustBe] = halves.map((values) =>
    values.some((value) => value !== null)
      ? new Map(columns.map((column, index) => [column, told(values[index])]))
      : null,
  );
  const named = name.map((column) => `${column} ${(isThere ?? mustBe)!.get(column)}`).join(', ');
  if (!mustBe) throw new Difference(`${named}: ${table} has this row, but no event makes it`);
  if (!isThere) throw new Difference(`${named}: ${table} has lost this row, which the events make`);
  const [column, value] = [...isThere].find(([each, is]) => is !== mustBe.get(each))!;
  throw new Difference(
    `${named}: ${column} in ${table} is ${value}, but ${mustBe.get(column)} by the events`,
  );
}

function told(value: unknown): string {
  return (value instanceof Buffer ? value.toString('hex') : JSON.stringify(value)).slice(0, 200);
}
