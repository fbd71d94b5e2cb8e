/**
 * Whether the read models that serve are, row by row and table by table, what the projector makes of the events: what
 * figures were at any moment, values of stocks, the catalogue, times, and the log included; and whether their indexes
 * lead to their rows.
 *
 * Both are read once, in the order of the tables, so that memory does not grow with them. The read models are folded
 * anew beside, without holding up a ledger that serves; only the last events, and the comparison, see one moment of it.
 */
import type { Database } from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventReader } from '../store/event-store.js';
import { Difference } from './expected-rows.js';
import { foldTo } from './replay.js';
import { openViewsForReading, readCheckpoint } from './views-file.js';

/** Every table but the checkpoint, of which what a shared store passed over is not made of the ledger's events. */
const TABLES = [
  'names',
  'events',
  'log_nodes',
  'catalogue',
  'cells',
  'cell_log',
  'supersessions',
  'stock_values',
];

/** @throws Difference at the first row that is not the same; StoreDamaged, ProjectionStopped */
export async function compareViews(
  reader: EventReader,
  served: Database,
  onProgress: (sequence: number) => void = () => undefined,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-compare-'));
  const file = join(dir, 'views.db');
  try {
    await foldTo(reader, file, { last: readCheckpoint(served).sequence, onProgress });
    served.exec('BEGIN');
    try {
      await compareNow(reader, served, { file, onProgress });
    } finally {
      served.exec('COMMIT');
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function compareNow(
  reader: EventReader,
  served: Database,
  { file, onProgress }: { readonly file: string; readonly onProgress: (sequence: number) => void },
): Promise<void> {
  const checkpoint = readCheckpoint(served);
  await foldTo(reader, file, { last: checkpoint.sequence, onProgress });
  const replayed = openViewsForReading(file);
  try {
    const { ledgerTime } = readCheckpoint(replayed);
    if (ledgerTime !== checkpoint.ledgerTime) throw new Difference('the checkpoint has another ledger time');
    for (const table of TABLES) compareTable(table, served, replayed);
  } finally {
    replayed.close();
  }
  const [found] = served.pragma('integrity_check(1)') as { readonly integrity_check: string }[];
  if (found?.integrity_check !== 'ok') throw new Difference(`the read models: ${found?.integrity_check}`);
}

function compareTable(table: string, served: Database, replayed: Database): void {
  const rowsOf = (db: Database) =>
    db.prepare(`SELECT * FROM ${table}`).raw().iterate() as IterableIterator<unknown[]>;
  const [rows, others] = [rowsOf(served), rowsOf(replayed)];
  try {
    for (let count = 1; ; count++) {
      const [row, other] = [rows.next(), others.next()];
      if (row.done && other.done) return;
      if (!row.done && !other.done && isSame(row.value, other.value)) continue;
      const [is, must] = [row, other].map(({ done, value }) => (done ? 'nothing' : told(value)));
      throw new Difference(`row ${count} of ${table} in the read models is ${is}, but by the events ${must}`);
    }
  } finally {
    rows.return?.();
    others.return?.();
  }
}

function isSame(row: readonly unknown[], other: readonly unknown[]): boolean {
  for (let column = 0; column < row.length; column++) {
    const [one, two] = [row[column], other[column]];
    if (one !== two && !(one instanceof Buffer && two instanceof Buffer && one.equals(two))) return false;
  }
  return row.length === other.length;
}

function told(row: readonly unknown[]): string {
  const columns = row.map((value) => (value instanceof Buffer ? value.toString('hex') : String(value)));
  return `(${columns.join(', ')})`.slice(0, 300);
}
