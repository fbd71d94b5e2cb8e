/** Counts what is done in one turn of a question, in rows of databases: time depends on the machine, and rows do not. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { asking } from '../../src/kernel/turns.js';

export interface CountedTurns {
  readonly turns: number;
  /** The most rows that were read in one turn. */
  readonly rowsMax: number;
}

interface Reading {
  all: (this: unknown, ...values: unknown[]) => unknown[];
  get: (this: unknown, ...values: unknown[]) => unknown;
  iterate: (this: unknown, ...values: unknown[]) => Iterable<unknown>;
}

/** @param database any database: the statements of all are counted */
export async function turnsOf(database: Database, work: () => Promise<unknown>): Promise<CountedTurns> {
  const statements = Object.getPrototypeOf(database.prepare('SELECT 1')) as Reading;
  const { all, get, iterate } = statements;
  let [rows, rowsMax, turns] = [0, 0, 0];
  const endTurn = () => {
    rowsMax = Math.max(rowsMax, rows);
    rows = 0;
  };
  statements.all = function (...values) {
    const found = all.apply(this, values);
    rows += found.length + 1;
    return found;
  };
  statements.get = function (...values) {
    rows++;
    return get.apply(this, values);
  };
  statements.iterate = function* (...values) {
    for (const row of iterate.apply(this, values)) {
      rows++;
      yield row;
    }
  };
  const hasGone = () => {
    turns++;
    endTurn();
    return false;
  };
  try {
    await asking.run({ actor: 'key:a', hasGone }, work);
  } finally {
    Object.assign(statements, { all, get, iterate });
  }
  endTurn();
  return { turns, rowsMax };
}
