/** A store and its real projection in one process, with the reports on top, as the app puts them together. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueView } from '../../src/read-models/catalogue-view.js';
import { History } from '../../src/read-models/history.js';
import { ReadModels } from '../../src/read-models/read-models.js';
import { Projector } from '../../src/read-models/projector.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import { ChangesReport } from '../../src/figures/changes.js';
import { OutcomesReport } from '../../src/figures/outcomes-report.js';
import { EntryReader } from '../../src/figures/outcomes.js';
import { StatedFigures } from '../../src/figures/stated-figures.js';
import { Totals } from '../../src/figures/totals.js';
import type { RecordedEvent } from '../../src/store/event-store.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import type { History as Steps } from './histories.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { record } from './record-history.js';

export class LivedLedger {
  readonly totals: Totals;
  readonly outcomes: OutcomesReport;
  readonly changes: ChangesReport;

  private constructor(
    readonly dataDir: string,
    readonly store: SqliteStore,
    readonly readModels: ReadModels,
    /** All events in order: the index of each is its sequence. */
    readonly events: readonly RecordedEvent[],
  ) {
    const catalogue = new CatalogueView(readModels);
    const entries = new EntryReader(readModels, store, catalogue);
    this.totals = new Totals(readModels, catalogue, new StatedFigures(readModels, entries));
    this.outcomes = new OutcomesReport(readModels, this.totals, entries);
    this.changes = new ChangesReport(readModels, this.totals, catalogue, new History(readModels, store));
  }

  /** Projects a history live, while it is being recorded. */
  static async of(history: Steps): Promise<LivedLedger> {
    const dataDir = mkdtempSync(join(tmpdir(), 'ledger-lived-'));
    const store = await SqliteStore.open(dataDir);
    const readModels = new ReadModels({ dataDir });
    await readModels.start();
    await record(history, store);
    const events = await store.readAll(null, 100_000);
    await readModels.reach(events.length - 1);
    return new LivedLedger(dataDir, store, readModels, events);
  }

  get viewsFile(): string {
    return viewsFileIn(this.dataDir);
  }

  async stop(): Promise<void> {
    await this.readModels.stop();
    await this.store.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true });
  }
}

/** The file of the current read models in a data directory. */
export function viewsFileIn(dataDir: string): string {
  const views = join(dataDir, 'views');
  return join(views, readFileSync(join(views, 'current'), 'utf8').trim());
}

/** All rows of a views file, in the order of the tables. */
export function contentOfViews(file: string): Record<string, unknown[]> {
  const db = openViewsForReading(file, PUBLIC_KEY);
  try {
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all() as string[];
    const rowsOf = (table: string) => db.prepare(`SELECT * FROM ${table}`).raw().all() as unknown[][];
    return Object.fromEntries(
      tables.map((table) => [table, rowsOf(table).map((row) => row.map(comparable))]),
    );
  } finally {
    db.close();
  }
}

/** Bytes become text, which compares fast. */
const comparable = (value: unknown) => (value instanceof Buffer ? value.toString('hex') : value);

/** The content of a views file into which the events are projected, in batches of these sizes by turns. */
export function viewsOf(
  events: readonly RecordedEvent[],
  batches: readonly { readonly size: number; readonly reopen: boolean }[] = [
    { size: Infinity, reopen: false },
  ],
): Record<string, unknown[]> {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-views-'));
  const file = join(dir, 'views.db');
  let projector = new Projector(file, PUBLIC_KEY);
  for (let next = 0, turn = 0; next < events.length; turn++) {
    const { size, reopen } = batches[turn % batches.length]!;
    projector.project(events.slice(next, next + size));
    next = projector.checkpoint.sequence + 1;
    if (!reopen) continue;
    projector.close();
    projector = new Projector(file, PUBLIC_KEY);
  }
  projector.close();
  const content = contentOfViews(file);
  rmSync(dir, { recursive: true });
  return content;
}
