/** Whatever is altered in any table of the read models is found by folding the events anew. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareViews } from '../../src/read-models/compare-views.js';
import { TABLES } from '../../src/read-models/layout.js';
import { history } from '../support/histories.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { LivedLedger } from '../support/lived-ledger.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-compare-test-'));
let lived: LivedLedger;

beforeAll(async () => {
  // Long enough for every table to have a row, a node of the log included.
  const steps = fc.sample(history, { numRuns: 25, seed: 2018 }).flatMap((one) => one.steps);
  lived = await LivedLedger.of({ steps, clockMs: [1_000] });
});
afterAll(async () => {
  await lived.remove();
  rmSync(dir, { recursive: true });
});

let copies = 0;
/** Of the read models, altered by someone who can write to them. */
function altered(alter: (db: Database.Database) => unknown): string {
  const file = join(dir, `${copies++}.db`);
  for (const end of ['', '-wal', '-shm']) cpSync(lived.viewsFile + end, file + end);
  const db = openDatabase(file, PUBLIC_KEY);
  alter(db);
  db.close();
  return file;
}

async function differenceIn(file: string): Promise<string | null> {
  try {
    await compareViews(lived.store, { file, key: PUBLIC_KEY });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

test('what nobody altered agrees, also while the ledger serves from it', async () => {
  expect(await differenceIn(lived.viewsFile)).toBeNull();
});

describe('a row is told that', () => {
  test.each([
    ['says another type', 'names', "UPDATE names SET text = 'JobLost' WHERE id = 1"],
    ['says another time', 'events', 'UPDATE events SET ledger_time = ledger_time + 1 WHERE sequence = 3'],
    ['says another place', 'events', "UPDATE events SET position = position || '0' WHERE sequence = 3"],
    ['is gone from the events', 'events', 'DELETE FROM events WHERE sequence = 5'],
    [
      'says another state of the catalogue',
      'catalogue',
      "UPDATE catalogue SET state = '{}' WHERE sequence = 0",
    ],
    ['is gone from the catalogue', 'catalogue', 'DELETE FROM catalogue WHERE sequence = 0'],
    ['says another figure', 'cells', "UPDATE cells SET state = '1 1 0 1 1 0' WHERE id = 1"],
    ['says what a figure was', 'cell_log', "UPDATE cell_log SET state = '1 1 0 1 1 0' WHERE rowid = 1"],
    ['says what a figure is made of', 'cell_log', 'UPDATE cell_log SET line = line + 1 WHERE rowid = 1'],
    [
      'is one too many',
      'cell_log',
      'INSERT INTO cell_log SELECT cell, -1, adds, submission, line, revision, state FROM cell_log LIMIT 1',
    ],
    ['says when a version was replaced', 'supersessions', 'UPDATE supersessions SET sequence = sequence + 1'],
    ['says another value of a stock', 'stock_values', "UPDATE stock_values SET quantity = '123456789'"],
    ['is gone from the values of a stock', 'stock_values', 'DELETE FROM stock_values'],
    [
      'stands twice, in the place of another',
      'cell_log',
      'INSERT INTO cell_log SELECT * FROM cell_log WHERE rowid = 1; DELETE FROM cell_log WHERE rowid = 2',
    ],
  ])('%s', async (_what, table, sql) => {
    const file = altered((db) => {
      db.exec(sql);
      expect(db.prepare('SELECT total_changes()').pluck().get()).toBeGreaterThan(0);
    });
    expect(await differenceIn(file)).toMatch(
      new RegExp(
        `^(sequence|id|kind|measure|submission) .*: (\\w+ in ${table} is .*, but .* by the events|${table} has .* row, )`,
      ),
    );
  });
});

test('a value that was altered is told, in each column of each table that there is', async () => {
  const db = openDatabase(
    altered(() => undefined),
    PUBLIC_KEY,
  );
  const columns = db
    .prepare(
      `SELECT tables.name AS "table", columns.name AS "column", columns.type FROM sqlite_schema AS tables
         JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'`,
    )
    .all() as { readonly table: string; readonly column: string; readonly type: string }[];
  db.close();
  // How far a shared store was read is not made of the ledger's events; and one row has one key.
  const notCompared = ['checkpoint.one', 'checkpoint.position', 'checkpoint.skipped'];
  const compared = columns.filter(({ table, column }) => !notCompared.includes(`${table}.${column}`));
  expect(new Set(compared.map(({ table }) => table)).size).toBe(TABLES.length);
  for (const { table, column, type } of compared) {
    const other = {
      TEXT: `${column} || '0'`,
      INTEGER: `coalesce(${column}, 0) + 100000`,
      BLOB: 'zeroblob(7)',
    }[type]!;
    const file = altered((db) => {
      db.exec(
        `UPDATE ${table} SET ${column} = ${other} WHERE ${column} = (SELECT max(${column}) FROM ${table})`,
      );
      const changed = db.prepare('SELECT total_changes()').pluck().get();
      expect([table, column, changed]).not.toEqual([table, column, 0]);
    });
    expect([table, column, await differenceIn(file)]).not.toEqual([table, column, null]);
  }
});

test('an index that does not lead to its rows is told', async () => {
  const file = altered((db) => {
    db.unsafeMode(true).pragma('writable_schema = ON');
    db.exec(
      "UPDATE sqlite_schema SET sql = replace(sql, '(cell, sequence, state)', '(cell, line, state)') WHERE name = 'cell_log_of_cell'",
    );
  });
  expect(await differenceIn(file)).toMatch(/^the read models: .*index/);
});
