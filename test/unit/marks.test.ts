/** What a figure is read from carries a mark, and a figure is refused where a row is not as it was written. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import type { Projection } from '../../src/read-models/projection.js';
import {
  everything,
  listOf,
  nameWith,
  rowsAfter,
  rowsWithId,
  type EventList,
} from '../../src/read-models/event-rows.js';
import { markOf, ViewsDamaged } from '../../src/read-models/mark.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import { cellsAt, type Cell } from '../../src/figures/cells.js';
import { parseMoment } from '../../src/figures/moment.js';
import { EntryReader, standingEntries, START } from '../../src/figures/outcomes.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { refusal } from '../contracts/store-fixture.js';
import { DRAFT } from '../support/histories.js';
import { LivedLedger } from '../support/lived-ledger.js';

const BITS_OF_A_NUMBER = 53;
const number = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.stringMatching(/^[ -~]{0,40}$/);

test('a mark changes with any bit of any number', () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 5 }), fc.array(text), (numbers, texts) => {
      const mark = markOf(numbers, ...texts);
      for (const [index, value] of numbers.entries()) {
        for (let bit = 0; bit < BITS_OF_A_NUMBER; bit++) {
          const flipped = Number(BigInt(value) ^ (1n << BigInt(bit)));
          expect(markOf(numbers.with(index, flipped), ...texts)).not.toBe(mark);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a mark changes with any bit of any text', () => {
  fc.assert(
    fc.property(number, fc.array(text, { minLength: 1, maxLength: 5 }), (value, texts) => {
      const mark = markOf([value], ...texts);
      for (const [index, one] of texts.entries()) {
        for (let bit = 0; bit < 7 * one.length; bit++) {
          const at = Math.floor(bit / 7);
          const flipped = String.fromCharCode(one.charCodeAt(at) ^ (1 << (bit % 7)));
          expect(
            markOf([value], ...texts.with(index, one.slice(0, at) + flipped + one.slice(at + 1))),
          ).not.toBe(mark);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a value of another type than was written has no mark', () => {
  const damaged = (value: unknown) => [value as number, value as string] as const;
  for (const [asNumber, asText] of [null, undefined, Buffer.from('7')].map(damaged)) {
    expect(markOf([asNumber], '7')).toBe(-1);
    expect(markOf([7], asText)).toBe(-1);
  }
  expect(markOf([7], '7')).toBeGreaterThanOrEqual(0);
});

let lived: LivedLedger;
let measure: string;
let dir: string;

beforeAll(async () => {
  const once = { does: 'submit', programme: 0, outcomes: [DRAFT] } as const;
  lived = await LivedLedger.of({ steps: [once, once, once], clockMs: [1_000] });
  await lived.stop();
  measure = (lived.events.at(-1)!.data as { measureId: string }).measureId;
  dir = mkdtempSync(join(tmpdir(), 'ledger-marks-'));
});
afterAll(() => {
  for (const made of [lived.dataDir, dir]) rmSync(made, { recursive: true });
});

function altered<Read>(sql: string, read: (views: Database.Database) => Read): Read {
  const file = join(dir, 'views.db');
  copyFileSync(lived.viewsFile, file);
  const altering = new Database(file);
  altering.unsafeMode(true).exec(sql);
  altering.close();
  const views = openViewsForReading(file);
  try {
    return read(views);
  } finally {
    views.close();
  }
}

function cellsIn(views: Database.Database, sequence: number): readonly Cell[] {
  const [from, to] = [parseFinancialYear('2018-19'), parseFinancialYear('2030-31')];
  return cellsAt(views, { measures: [measure], from, to }, sequence);
}

const cellsAfter = (sql: string, sequence: number) => altered(sql, (views) => cellsIn(views, sequence));

/** What the outcomes are made of that stand now, or of those that had come by a moment, listed from a place on. */
const entriesAfter = (sql: string, until = last(), after = START) =>
  altered(
    sql,
    (views) => standingEntries(views, cellsIn(views, until), { after, until, limit: 100 }).entries,
  );

const last = () => lived.events.length - 1;
/** Before the last outcome, which ended what stood then. */
const past = () => last() - 1;

test('what is as it was written is answered', () => {
  expect(cellsAfter('', last())).toMatchObject([{ state: { amount: 360n, outcomes: 3 } }]);
  expect(cellsAfter('', past())).toMatchObject([{ state: { amount: 240n, outcomes: 2 } }]);
  expect(cellsAfter('', past() - 1)).toMatchObject([{ state: { amount: 120n, outcomes: 1 } }]);
  expect(cellsAfter('', past() - 2)).toMatchObject([{ state: { outcomes: 0 } }]);
});

test.each([
  ['state', `'2 241 0 240 240 0'`],
  ['since', 'since - 1'],
  ['mark', 'mark + 1'],
])('a figure as at a past moment is refused where the %s in its log is altered', (column, value) => {
  const sql = `UPDATE cell_log SET ${column} = ${value} WHERE sequence = ${last()}`;
  expect(() => cellsAfter(sql, past())).toThrow(ViewsDamaged);
});

/** Whatever is looked up by the index of the log, as if it had never had these rows; the table has them all. */
const lostFromIndex = (condition: string) => `
  DROP INDEX cell_log_of_cell;
  CREATE INDEX cell_log_of_cell ON cell_log (cell, sequence, since, state, mark) WHERE NOT (${condition});
  PRAGMA writable_schema = ON;
  UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, ' WHERE') - 1) WHERE name = 'cell_log_of_cell';`;

test('a figure as at a past moment is refused where its row is lost from the index', () => {
  const none = 'sequence < 0';
  expect(cellsAfter(lostFromIndex(none), past())).toMatchObject([{ state: { amount: 240n } }]);
  for (const moment of [past() - 2, past() - 1, past()])
    for (const lost of [`sequence = ${moment + 1}`, `sequence > ${moment}`, 'true'])
      expect(() => cellsAfter(lostFromIndex(lost), moment)).toThrow(ViewsDamaged);
});

test.each([
  ['year', 'year + 1'],
  ['programme', `'polypill'`],
  ['organisation', `'oxford'`],
  ['basis', `'modelled'`],
  ['series', 'series + 1'],
  ['sequence', 'sequence + 1'],
  ['state', `'3 361 0 360 360 0'`],
  ['mark', 'mark + 1'],
])('a figure is refused where the %s of its cell is altered', (column, value) => {
  expect(() => cellsAfter(`UPDATE cells SET ${column} = ${value}`, last())).toThrow(ViewsDamaged);
});

test('a list of outcomes is refused where a row of their log is lost, from its index or altogether', () => {
  const [first, second, third] = [last() - 2, last() - 1, last()];
  expect(entriesAfter('').map(({ sequence }) => sequence)).toEqual([first, second, third]);
  expect(entriesAfter('', second).map(({ sequence }) => sequence)).toEqual([first, second]);
  const [{ id: cell }] = cellsAfter('', third) as [Cell];
  const onwards = { cell, sequence: second - 1, kept: 1 };
  expect(entriesAfter('', third, onwards).map(({ sequence }) => sequence)).toEqual([second, third]);
  for (const lost of [first, second, third]) {
    expect(() => entriesAfter(lostFromIndex(`sequence = ${lost}`))).toThrow(ViewsDamaged);
    expect(() => entriesAfter(`DELETE FROM cell_log WHERE sequence = ${lost}`)).toThrow(ViewsDamaged);
  }
  expect(() => entriesAfter(lostFromIndex(`sequence = ${second}`), second)).toThrow(ViewsDamaged);
  expect(() => entriesAfter(lostFromIndex(`sequence = ${second}`), third, onwards)).toThrow(ViewsDamaged);
});

test('a list of outcomes is refused where not all are in it that its figure counts', () => {
  expect(() => entriesAfter(`UPDATE cell_log SET adds = 0 WHERE sequence = ${past()}`)).toThrow(
    /2 of 3 outcomes are in the read models/,
  );
  const superseded = `INSERT INTO supersessions
    SELECT submission, line, revision, sequence, 0 FROM cell_log WHERE sequence = ${past()}`;
  expect(() => entriesAfter(superseded)).toThrow(/what superseded an outcome .* fails its checksum/);
});

describe('a list of events', () => {
  const DEFINED = 'MeasureDefined';
  const listed = (sql: string, list: (views: Database.Database) => EventList, after = -1) =>
    altered(sql, (views) => Array.from(rowsAfter(views, after, list(views)), ({ sequence }) => sequence));
  const ofType = (views: Database.Database) => listOf('type', nameWith(views, DEFINED)!);
  const lostFromTypes = (sequence: number) => `
    DROP INDEX events_of_type;
    CREATE INDEX events_of_type ON events (type) WHERE sequence <> ${sequence};
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, ' WHERE') - 1) WHERE name = 'events_of_type';`;

  test('is refused where one is lost, from its index or altogether', () => {
    const whole = listed('', ofType);
    expect(whole.length).toBeGreaterThan(2);
    expect(listed(lostFromTypes(-1), ofType)).toEqual(whole);
    for (const lost of [whole[0]!, whole[1]!, whole.at(-1)!]) {
      expect(() => listed(lostFromTypes(lost), ofType)).toThrow(ViewsDamaged);
      const gone = `DELETE FROM events WHERE sequence = ${lost}`;
      expect(() => listed(gone, ofType)).toThrow(ViewsDamaged);
      expect(() => listed(gone, everything)).toThrow(`sequence ${lost} is lost from the read models`);
      expect(() => listed(gone, everything, lost - 1)).toThrow(ViewsDamaged);
    }
  });

  test.each([
    ['position', `position || '0'`],
    ['ledger_time', 'ledger_time + 1'],
    ['programme', '1'],
    ['id', 'id + 1'],
    ['type_before', 'type_before + 1'],
    ['programme_before', 'programme_before + 1'],
    ['id_before', 'id_before + 1'],
    ['mark', 'mark + 1'],
  ])('is refused where the %s of one is altered', (column, value) => {
    const sql = `UPDATE events SET ${column} = ${value} WHERE sequence = 1`;
    expect(() => listed(sql, everything)).toThrow(
      'the place of sequence 1 in the read models fails its checksum',
    );
  });
});

test('an event is not said to be unknown where it was lost', () => {
  const { id } = lived.events[3]!;
  const found = (sql: string) =>
    altered(sql, (views) => Array.from(rowsWithId(views, id), ({ sequence }) => sequence));
  expect(found('')).toEqual([3]);
  expect(() => found('DELETE FROM events WHERE sequence = 3')).toThrow(ViewsDamaged);
  expect(() => found('DELETE FROM id_heads')).toThrow(ViewsDamaged);
  expect(() => found(`UPDATE id_heads SET heads = zeroblob(length(heads))`)).toThrow(ViewsDamaged);
});

test('a moment is not found by a time that was altered', () => {
  const { recordedAt } = lived.events[4]!.metadata;
  const sequenceAt = (sql: string) =>
    altered(
      sql,
      (views) =>
        parseMoment(views, { parameter: 'asAt', text: recordedAt }, Date.parse('2100-01-01')).sequence,
    );
  expect(sequenceAt('')).toBeGreaterThanOrEqual(4);
  expect(() => sequenceAt('UPDATE events SET ledger_time = ledger_time + 100000')).toThrow(ViewsDamaged);
});

test.each([
  ['line', 'line + 1'],
  ['revision', 'revision + 1'],
  ['submission', 'zeroblob(16)'],
])('an outcome is refused where the %s that leads to it is altered', async (column, value) => {
  const store = await SqliteStore.open(lived.dataDir);
  try {
    const views = openViewsForReading(lived.viewsFile);
    const reader = new EntryReader({ views } as Projection, store);
    expect(await reader.outcomesOf(entriesAfter(''))).toHaveLength(3);
    const entries = entriesAfter(`UPDATE cell_log SET ${column} = ${value} WHERE sequence = ${past()}`);
    expect(await refusal(reader.outcomesOf(entries))).toBeInstanceOf(ViewsDamaged);
  } finally {
    await store.close();
  }
});
