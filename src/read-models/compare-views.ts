/**
 * Checks that the read models that serve are what the events make of them. Each event must be the one that was
 * projected, every row of every table must be what a fold of the same events writes, and indexes must lead to their
 * rows.
 *
 * Each event is read once. It is compared with its hash and its logged leaf first, so that the first altered event is
 * named. It is then folded into a second set of read models, and added up by a fold that shares nothing with the
 * projector's. Memory does not grow with history, and a ledger that serves is not held up: only the last events, and
 * the comparison, see one moment of it.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryOf } from '../tlog/entry.js';
import { leafHash, type Hash } from '../tlog/merkle.js';
import type { EventReader, RecordedEvent } from '../store/event-store.js';
import { attachDatabase } from '../store/database.js';
import { upcast } from '../domain/upcast.js';
import { cellRows, ExpectedFigures } from './expected-cells.js';
import { TABLES } from './layout.js';
import { Difference, handle, type Table } from './read-model.js';
import { foldTo, rootAt, type FoldOptions, type ViewsFile } from './replay.js';
import { openViewsForReading, prepared, readCheckpoint, SCAN_CACHE_KIB } from './views-file.js';

interface CompareOptions extends Partial<Pick<FoldOptions, 'onProgress'>> {
  readonly onRead?: (recorded: RecordedEvent, sequence: number) => void;
}

export async function compareViews(
  reader: EventReader,
  { file: servedFile, key }: ViewsFile,
  { onProgress = () => undefined, onRead = () => undefined }: CompareOptions = {},
): Promise<{ readonly events: number; readonly root: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-compare-'));
  const file = join(dir, 'views.db');
  const served = openViewsForReading(servedFile, key, SCAN_CACHE_KIB);
  const figures = new ExpectedFigures();
  let ledgerTime = 0;
  const onEvent = (recorded: RecordedEvent, sequence: number) => {
    onRead(recorded, sequence);
    const leaf = leafHash(entryOf(recorded));
    compareLeaf(served, leaf, { recorded, sequence });
    ledgerTime = Math.max(ledgerTime, Date.parse(recorded.metadata.recordedAt));
    handle(figures.handlers, upcast(recorded), { recorded, sequence, ledgerTime, leaf });
  };
  const foldToServed = async () => {
    const { sequence } = readCheckpoint(served);
    await foldTo(reader, { file, key }, { last: sequence, onEvent, onProgress });
  };
  try {
    await foldToServed();
    served.exec('BEGIN');
    await foldToServed();
    compareNow(served, { file, key }, figures);
    const events = readCheckpoint(served).sequence + 1;
    return { events, root: rootAt(served, events) };
  } finally {
    served.close();
    rmSync(dir, { recursive: true });
  }
}

function compareLeaf(
  served: Database,
  leaf: Hash,
  { recorded, sequence }: { readonly recorded: RecordedEvent; readonly sequence: number },
): void {
  const logged = prepared(served, 'SELECT leaf FROM events WHERE sequence = ?').pluck().get(sequence);
  // A lost row is reported when its table is compared.
  if (logged === undefined || leaf.equals(logged as Buffer)) return;
  const { id, type, stream, revision } = recorded;
  throw new Difference(
    `sequence ${sequence}: event ${id} (${type}, ${stream} revision ${revision}), as the store has it, is not what was logged there`,
  );
}

/** Compares within the caller's transaction, so that all tables are seen at one moment. */
function compareNow(served: Database, { file, key }: ViewsFile, figures: ExpectedFigures): void {
  attachDatabase(served, { file, key, name: 'replayed' });
  for (const table of TABLES) compareTable(served, table);
  figures.compare(cellRows(served));
  const [found] = served.pragma('main.integrity_check(1)') as { readonly integrity_check: string }[];
  if (found?.integrity_check !== 'ok') throw new Difference(`the read models: ${found?.integrity_check}`);
}

/**
 * Each row that serves must have an equal replayed row, and the other way round. The check of integrity has shown that
 * no two rows of a file share a key, so both files then hold the same rows. Rows are read in the order of the table,
 * not by an index.
 */
function compareTable(db: Database, { name: table, key, calledBy = key, notOfEvents = [] }: Table): void {
  const all = db.pragma(`replayed.table_info(${table})`) as { readonly name: string }[];
  const columns = all.map(({ name }) => name).filter((name) => !notOfEvents.includes(name));
  const isSameRow = key.map((column) => `known.${column} = found.${column}`).join(' AND ');
  const differs = columns.map((column) => `found.${column} IS NOT known.${column}`).join(' OR ');
  const rowsWhere = (condition: string, [from, to]: readonly [string, string]) =>
    db.prepare(
      `SELECT ${halvesOf(columns)} FROM ${from} NOT INDEXED LEFT JOIN ${to} ON ${isSameRow} WHERE ${condition} LIMIT 1`,
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
  const named = calledBy
    .map((column) => `${column} ${(isThere ?? mustBe)!.get(column)!.slice(0, TOLD_MAX)}`)
    .join(', ');
  if (!mustBe) throw new Difference(`${named}: ${table} has this row, but no event makes it`);
  if (!isThere) throw new Difference(`${named}: ${table} has lost this row, which the events make`);
  const [column, value] = [...isThere].find(([each, is]) => is !== mustBe.get(each))!;
  const [is, must] = aroundDifference(value, mustBe.get(column)!);
  throw new Difference(`${named}: ${column} in ${table} is ${is}, but ${must} by the events`);
}

/** A report shows so many characters of a value. */
const TOLD_MAX = 200;

/** Cuts two long texts to the place where they begin to differ. */
function aroundDifference(one: string, other: string): readonly [string, string] {
  let same = 0;
  while (one[same] === other[same]) same++;
  const from = Math.max(0, same - TOLD_MAX / 2);
  return [one.slice(from, from + TOLD_MAX), other.slice(from, from + TOLD_MAX)];
}

const halvesOf = (columns: readonly string[]) =>
  ['found', 'known'].flatMap((half) => columns.map((column) => `${half}.${column}`)).join(', ');

function told(value: unknown): string {
  return value instanceof Buffer ? value.toString('hex') : JSON.stringify(value);
}
