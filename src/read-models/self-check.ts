/**
 * The running self-check: does every committed event stand in the read models, once, in order and unaltered, and
 * do the figures add up to the events?
 *
 * It shares nothing with the projector. In its own thread it reads the store again from the first event,
 * checks each payload against its hash, and compares one by one with what the views say was projected: count,
 * position, the leaf in the log, and whatever else the event has left there (`expected-rows.ts`); and with its own
 * tree each node of the log's. Then it compares every cell with its own fold of the same events; and looks at the
 * tables that figures are looked up by, before all else and again each time.
 * It goes easy: after each batch it rests three times as long as it worked, and after the cells for longer.
 */
import type { Database } from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { entryOf } from '../tlog/entry.js';
import { Frontier, leafHash, type Hash } from '../tlog/merkle.js';
import { TILE_HEIGHT } from '../tlog/tiles.js';
import { StoreUnavailable, type EventReader, type Position } from '../store/event-store.js';
import { openReader, type StoreLocation } from '../store/open-reader.js';
import { asStoreError } from '../store/database-errors.js';
import { upcast } from '../domain/upcast.js';
import { verifyPayload } from '../store/verify-payload.js';
import { CELLS, ExpectedFigures, type CellRow } from './expected-figures.js';
import { Difference, EVENT_ROWS, ExpectedRows, type NamedEventRow } from './expected-rows.js';
import { holdSmallTables } from './small-tables.js';
import { openViewsForReading, prepared, readCheckpoint, SCAN_CACHE_KIB } from './views-file.js';

export interface SelfCheckReport {
  readonly ok: boolean;
  /** Up to which sequence committed and projected were compared. */
  readonly sequence: number;
  /** Outcomes that stand, counted from the events. */
  readonly outcomes?: number;
  /** SHA-256 over the position and the payload hash of every event so far, hexadecimal. */
  readonly digest?: string;
  /** Of the log so far, base64. */
  readonly root?: string;
  readonly fault?: string;
}

export interface SelfCheckOptions {
  readonly store: StoreLocation;
  readonly file: string;
}

/** The disk would not give the read models: what was compared so far is to be compared again. */
export class ViewsUnreadable extends Error {}

const BATCH_SIZE = 1_000;
const REST_MS = 1_000;
/** Where requests keep all cores busy, it takes a quarter of one from them. */
const BATCH_REST = 3;
/** All cells are compared again and again: at most a tenth of the time goes into it. */
const CELLS_REST = 9;

export class SelfCheck {
  private sequence = -1;
  private position: Position | null = null;
  private readonly expected = new ExpectedFigures();
  private readonly rows: ExpectedRows;
  private areTablesChecked = false;
  private readonly digest = createHash('sha256');
  private readonly log = new Frontier((height, number, hash) => this.compareNode(height, number, hash));

  constructor(
    private readonly reader: EventReader,
    private readonly views: Database,
  ) {
    this.rows = new ExpectedRows(views);
  }

  /** Compares what was committed and projected since the last step, and all figures. */
  async step(
    rest: (workedMs: number) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<SelfCheckReport> {
    try {
      return await this.compare(rest);
    } catch (error) {
      // To be told to stop while resting is no fault, and that nothing can be read now is no difference.
      if ((error as Error).name === 'AbortError' || error instanceof StoreUnavailable) throw error;
      const known = asStoreError(error, 'the read models');
      if (known instanceof StoreUnavailable) throw new ViewsUnreadable(known.message, { cause: error });
      return { ok: false, sequence: this.sequence, fault: (known as Error).message };
    }
  }

  /** @throws Difference, StoreDamaged; and whatever keeps it from being compared */
  private async compare(rest: (workedMs: number) => Promise<unknown>): Promise<SelfCheckReport> {
    const { target, cells, tookMs } = this.snapshot();
    if (!this.areTablesChecked) {
      await this.rows.checkTables(rest);
      this.areTablesChecked = true;
    }
    while (this.sequence < target) {
      const startedAt = performance.now();
      await this.compareBatch(Math.min(BATCH_SIZE, target - this.sequence));
      await rest(BATCH_REST * (performance.now() - startedAt));
    }
    const startedAt = performance.now();
    const difference = this.expected.differenceFrom(cells);
    if (difference !== null) throw new Difference(difference);
    await rest(CELLS_REST * (tookMs + performance.now() - startedAt));
    const { outcomes } = this.expected;
    const [digest, root] = [this.digest.copy().digest('hex'), this.log.root().toString('base64')];
    return { ok: true, sequence: this.sequence, outcomes, digest, root };
  }

  /** How far the views are and what their cells are then, both at one moment. */
  private snapshot(): { target: number; cells: readonly CellRow[]; tookMs: number } {
    const startedAt = performance.now();
    holdSmallTables(this.views);
    const cells = this.views.prepare(CELLS);
    return this.views.transaction(() => {
      const { sequence } = readCheckpoint(this.views);
      const rows = cells.all() as CellRow[];
      return { target: sequence, cells: rows, tookMs: performance.now() - startedAt };
    })();
  }

  private async compareBatch(size: number): Promise<void> {
    const { events: committed, end, atEnd } = await this.reader.readRun(this.position, size);
    const projected = prepared(this.views, EVENT_ROWS).all(
      this.sequence,
      committed.length,
    ) as NamedEventRow[];
    for (const [index, event] of committed.entries()) {
      const sequence = this.sequence + 1;
      const row = projected[index];
      const leaf = leafHash(entryOf(event));
      if (row?.sequence !== sequence || row.position !== event.position || !leaf.equals(row.leaf)) {
        throw new Difference(
          `event ${event.id} was committed, but sequence ${sequence} of the views is not it`,
        );
      }
      const looked = verifyPayload(event, this.reader);
      if (looked) await looked;
      this.digest.update(`${event.position} ${event.metadata.payloadHash}\n`);
      this.log.append(leaf);
      const known = upcast(event);
      this.rows.compare(event, known, row);
      this.expected.take(known);
      this.sequence = sequence;
      this.position = event.position;
    }
    if (committed.length < size && atEnd) {
      throw new Difference(`sequence ${this.sequence + 1} was projected, but the store does not hold it`);
    }
    this.position = end;
  }

  private compareNode(height: number, number: number, hash: Hash): void {
    if (height % TILE_HEIGHT !== 0) return;
    const level = height / TILE_HEIGHT;
    const row = prepared(this.views, 'SELECT hash FROM log_nodes WHERE level = ? AND number = ?')
      .pluck()
      .get(level, number) as Buffer | undefined;
    if (row?.equals(hash)) return;
    const events = `${number * 2 ** height} to ${(number + 1) * 2 ** height - 1}`;
    throw new Difference(`node ${number} of level ${level} of the log is not that of the events ${events}`);
  }
}

async function run({ store, file }: SelfCheckOptions): Promise<void> {
  const stopping = new AbortController();
  parentPort!.once('message', () => stopping.abort());
  const reader = await openReader(store);
  stopping.signal.addEventListener('abort', () => void reader.close());
  const views = openViewsForReading(file, SCAN_CACHE_KIB);
  let check = new SelfCheck(reader, views);
  const rest = (ms: number) => delay(ms, undefined, { signal: stopping.signal });
  let report: SelfCheckReport = { ok: true, sequence: -1 };
  try {
    while (report.ok) {
      try {
        report = await check.step(rest);
        parentPort!.postMessage(report);
      } catch (error) {
        if (error instanceof ViewsUnreadable) check = new SelfCheck(reader, views);
        else if (!(error instanceof StoreUnavailable)) throw error;
      }
      if (report.ok) await rest(REST_MS);
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    views.close();
    await reader.close();
    parentPort!.close();
  }
}

if (parentPort && (workerData as SelfCheckOptions | null)?.file) void run(workerData as SelfCheckOptions);
