/** A disk may lose the last write of a page, whose tag is then good. Rows that are missed where they are read are told. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inOrder, pagesOfCells, type Cell } from '../../src/figures/cells.js';
import { CatalogueView } from '../../src/read-models/catalogue-view.js';
import { EntryReader, standingEntries, START } from '../../src/figures/outcomes.js';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import { rowsAfter, rowsWithId } from '../../src/read-models/events.js';
import type { ReadModels } from '../../src/read-models/read-models.js';
import { openViewsForReading, ViewsDamaged } from '../../src/read-models/views-file.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { refusal } from '../contracts/store-fixture.js';
import { DRAFT } from '../support/histories.js';
import { LivedLedger } from '../support/lived-ledger.js';

let lived: LivedLedger;
let measure: string;
let dir: string;

beforeAll(async () => {
  const once = { does: 'submit', programme: 0, outcomes: [DRAFT] } as const;
  lived = await LivedLedger.of({ steps: [once, once, once], clockMs: [1_000] });
  await lived.stop();
  measure = (lived.events.at(-1)!.data.facts as { measureId: string }).measureId;
  dir = mkdtempSync(join(tmpdir(), 'ledger-lost-rows-'));
});
afterAll(() => {
  for (const made of [lived.dataDir, dir]) rmSync(made, { recursive: true });
});

function altered<Read>(sql: string, read: (views: Database) => Read): Read {
  const file = join(dir, 'views.db');
  copyFileSync(lived.viewsFile, file);
  const altering = openDatabase(file, PUBLIC_KEY);
  altering.exec(sql);
  altering.close();
  const views = openViewsForReading(file, PUBLIC_KEY);
  try {
    return read(views);
  } finally {
    views.close();
  }
}

function cellsIn(views: Database, sequence: number): readonly Cell[] {
  const [from, to] = [parseFinancialYear('2018-19'), parseFinancialYear('2030-31')];
  return inOrder([...pagesOfCells(views, { measures: [measure], from, to }, sequence)].flat());
}

const cellsAfter = (sql: string, sequence: number) => altered(sql, (views) => cellsIn(views, sequence));
const entriesAfter = (sql: string, until = last()) =>
  altered(
    sql,
    (views) => standingEntries(views, cellsIn(views, until), { after: START, until, limit: 100 }).entries,
  );
const last = () => lived.events.length - 1;

test('what is as it was written is answered', () => {
  expect(cellsAfter('', last())).toMatchObject([{ state: { amount: 360n, outcomes: 3 } }]);
  expect(cellsAfter('', last() - 1)).toMatchObject([{ state: { amount: 240n, outcomes: 2 } }]);
  expect(cellsAfter('', last() - 3)).toMatchObject([{ state: { outcomes: 0 } }]);
});

test('a figure as at a past moment is refused where what it was until then is lost', () => {
  const lost = `DELETE FROM cell_log WHERE sequence = ${last()}`;
  expect(() => cellsAfter(lost, last() - 1)).toThrow(/after sequence \d+ are lost from the read models/);
});

test('a list of outcomes is refused where not all are in it that its figure counts', () => {
  const [first, second, third] = [last() - 2, last() - 1, last()];
  expect(entriesAfter('').map(({ sequence }) => sequence)).toEqual([first, second, third]);
  for (const lost of [first, second, third])
    expect(() => entriesAfter(`DELETE FROM cell_log WHERE sequence = ${lost}`)).toThrow(
      /the read models list 2 outcomes of cell \d+ at sequence \d+, and its figure is made of 3/,
    );
});

test('a list of all events is refused where one is lost', () => {
  const listed = (sql: string, after = -1) =>
    altered(sql, (views) => Array.from(rowsAfter(views, after, 'all'), ({ sequence }) => sequence));
  expect(listed('')).toEqual(lived.events.map((_, sequence) => sequence));
  for (const lost of [0, 3, last()]) {
    const gone = `DELETE FROM events WHERE sequence = ${lost}`;
    expect(() => listed(gone)).toThrow(`sequence ${lost} is lost from the read models`);
    expect(() => listed(gone, lost - 1)).toThrow(ViewsDamaged);
  }
});

test('an event is found by its id, in whichever part of the index it is', () => {
  const { id } = lived.events[3]!;
  const found = (sql: string) =>
    altered(sql, (views) => Array.from(rowsWithId(views, id), ({ sequence }) => sequence));
  expect(found('')).toEqual([3]);
  // As if so many events had come in between.
  const moved = 'UPDATE events SET sequence = 1000000 WHERE sequence = 3';
  expect(found(`${moved}; UPDATE checkpoint SET sequence = 2000000`)).toEqual([1_000_000]);
  expect(found('DELETE FROM events WHERE sequence = 3')).toEqual([]);
});

test.each([
  ['line', 'line + 1'],
  ['revision', 'revision + 1'],
  ['submission', 'zeroblob(16)'],
])('an outcome is refused where the %s that leads to it is another', async (column, value) => {
  const store = await SqliteStore.open(lived.dataDir);
  try {
    const views = openViewsForReading(lived.viewsFile, PUBLIC_KEY);
    const readModels = { views, catalogueVersion: 0 } as ReadModels;
    const reader = new EntryReader(readModels, store, new CatalogueView(readModels));
    expect(await reader.outcomesOf(entriesAfter(''))).toHaveLength(3);
    const entries = entriesAfter(`UPDATE cell_log SET ${column} = ${value} WHERE sequence = ${last() - 1}`);
    expect(await refusal(reader.outcomesOf(entries))).toBeInstanceOf(ViewsDamaged);
    views.close();
  } finally {
    await store.close();
  }
});
