/**
 * The tables that do not grow with history: what figures, catalogue and lists are looked up by. In what is missing from
 * these nobody who reads would see a fault, so they are looked at as a whole, which takes moments: before anything is
 * answered, and by the self-check again and again.
 */
import type { Database } from 'better-sqlite3';
import { trustedEntryOf, type MarkedCatalogueRow } from './catalogue-rows.js';
import { trustedName, type MarkedName } from './event-rows.js';
import { trustedHeads, type MarkedHeads } from './id-heads.js';
import { ViewsDamaged } from './mark.js';
import { readCheckpoint } from './views-file.js';

const TABLES = ['checkpoint', 'cells', 'catalogue', 'names', 'id_heads'] as const;
/** What holds a row to its mark, where what is read may be nothing, because of a key that is another now. */
const HELD: Readonly<Record<string, (row: never) => unknown>> = {
  catalogue: (row: MarkedCatalogueRow) => trustedEntryOf(row),
  names: (row: MarkedName) => trustedName(row),
  id_heads: (row: MarkedHeads) => trustedHeads(row),
};

/** @throws ViewsDamaged at the first row that is not as it was written, or that an index does not lead to */
export function holdSmallTables(views: Database): void {
  for (const table of TABLES) holdTable(views, table);
  readCheckpoint(views);
  for (const [table, hold] of Object.entries(HELD)) {
    for (const row of views.prepare(`SELECT * FROM ${table}`).iterate()) hold(row as never);
  }
}

/** By SQLite's own means: the structure of a table, and whether its indexes lead to its rows. @throws ViewsDamaged */
export function holdTable(views: Database, table: string): void {
  const [found] = views.pragma(`integrity_check(${table})`) as { readonly integrity_check: string }[];
  if (found?.integrity_check !== 'ok') throw new ViewsDamaged(`the read models: ${found?.integrity_check}`);
}
