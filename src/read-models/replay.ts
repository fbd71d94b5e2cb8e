/**
 * A replay folds history afresh, from the first event, and compares the result with the read models that serve.
 *
 * The fold goes into a temporary views file, so that memory is bounded; every payload is checked against its hash. The
 * served figures are taken as at the same sequence, so any past moment can be replayed while the ledger runs.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootOf } from '../tlog/merkle.js';
import {
  StoreDamaged,
  type EventReader,
  type Position,
  type RecordedEvent,
  type Run,
} from '../store/event-store.js';
import type { DatabaseKey } from '../store/database.js';
import { verifyPayload } from '../store/verify-payload.js';
import { EMPTY_CELL, encodeCell } from './cell.js';
import { treeIn } from './log.js';
import { Projector } from './projector.js';
import { openViewsForReading, readCheckpoint } from './views-file.js';

export interface CellDifference {
  readonly cell: string;
  readonly served: string | null;
  readonly replayed: string | null;
}

export interface ReplayReport {
  readonly sequence: number;
  readonly events: number;
  readonly cells: number;
  readonly differences: readonly CellDifference[];
  /** Both are roots of the log of these events, base64; `servedRoot` is null where the served log has none. */
  readonly root: string;
  readonly servedRoot: string | null;
}

export interface ViewsFile {
  readonly file: string;
  readonly key: DatabaseKey;
}

const BATCH_SIZE = 5_000;
const DIFFERENCES_MAX = 100;

/**
 * @param until the last sequence to replay; at most what the served views have reached
 * @throws StoreDamaged, ProjectionStopped where history itself cannot be read
 */
export async function replay(
  reader: EventReader,
  served: ViewsFile,
  { until, onProgress }: { readonly until: number; readonly onProgress: (sequence: number) => void },
): Promise<ReplayReport> {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-replay-'));
  const views = openViewsForReading(served.file, served.key);
  try {
    const file = join(dir, 'views.db');
    const last = Math.min(until, readCheckpoint(views).sequence);
    await foldTo(reader, { file, key: served.key }, { last, onProgress });
    const replayed = openViewsForReading(file, served.key);
    try {
      const { cells, differences } = differencesBetween(views, replayed, last);
      return {
        sequence: last,
        events: last + 1,
        cells,
        differences: differences.slice(0, DIFFERENCES_MAX),
        root: rootAt(replayed, last + 1),
        servedRoot: servedRootAt(views, last + 1),
      };
    } finally {
      replayed.close();
    }
  } finally {
    views.close();
    rmSync(dir, { recursive: true });
  }
}

export interface FoldOptions {
  readonly last: number;
  /** This callback gets each event before its hash is checked and it is folded. */
  readonly onEvent?: (event: RecordedEvent, sequence: number) => void;
  readonly onProgress: (sequence: number) => void | Promise<void>;
}

/**
 * Folds events into a views file of the caller's own, going on from where that file is.
 * @throws StoreDamaged, ProjectionStopped
 */
export async function foldTo(
  reader: EventReader,
  { file, key }: ViewsFile,
  { last, onEvent, onProgress }: FoldOptions,
): Promise<void> {
  const projector = new Projector(file, key);
  try {
    projector.buildFast(true);
    let position = projector.checkpoint.position as Position | null;
    for (
      let next = projector.checkpoint.sequence + 1;
      next <= last;
      next = projector.checkpoint.sequence + 1
    ) {
      const limit = Math.min(BATCH_SIZE, last - next + 1);
      const run: Run = await readRunFrom(next, reader, { after: position, limit });
      if (run.events.length === 0 && run.atEnd)
        throw new StoreDamaged(`sequence ${next}: an event was logged there, which the store does not hold`);
      for (const [index, event] of run.events.entries()) {
        onEvent?.(event, next + index);
        await verifyPayloadAt(next + index, event, reader);
      }
      projector.project(run.events);
      position = run.end;
      await onProgress(projector.checkpoint.sequence);
    }
  } finally {
    projector.close();
  }
}

async function verifyPayloadAt(sequence: number, event: RecordedEvent, reader: EventReader): Promise<void> {
  try {
    await verifyPayload(event, reader);
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
    throw damagedAt(sequence, error);
  }
}

/**
 * Reads a run, or a shorter one where a damaged event spoils the whole read: in the end that event is met alone and can
 * be named.
 */
async function readRunFrom(
  sequence: number,
  reader: EventReader,
  { after, limit }: { readonly after: Position | null; readonly limit: number },
): Promise<Run> {
  try {
    return await reader.readRun(after, limit);
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
    if (limit === 1) throw damagedAt(sequence, error);
    return readRunFrom(sequence, reader, { after, limit: Math.floor(limit / 2) });
  }
}

function damagedAt(sequence: number, cause: StoreDamaged): StoreDamaged {
  return new StoreDamaged(`sequence ${sequence}: ${cause.message}`, { cause });
}

const KEY = `measure || ' ' || programme || ' ' || organisation || ' ' || year || ' ' || basis || ' ' || breakdown`;

export function differencesBetween(
  served: Database,
  replayed: Database,
  sequence: number,
): { readonly cells: number; readonly differences: readonly CellDifference[] } {
  const differences: CellDifference[] = [];
  let cells = 0;
  const statesServed = statesAt(served, sequence);
  for (const [cell, state] of statesAt(replayed, sequence)) {
    cells++;
    const known = statesServed.get(cell) ?? null;
    if (known !== state) differences.push({ cell, served: known, replayed: state });
    statesServed.delete(cell);
  }
  for (const [cell, state] of statesServed) differences.push({ cell, served: state, replayed: null });
  return { cells, differences };
}

export function rootAt(views: Database, size: number): string {
  return rootOf(size, treeIn(views).subtree).toString('base64');
}

/** A served log that lost hashes has no root: that too is a difference to report. */
function servedRootAt(served: Database, size: number): string | null {
  try {
    return rootAt(served, size);
  } catch {
    return null;
  }
}

/** The state of a cell at a sequence is the present one if it has not changed since, else one from its log. */
function statesAt(views: Database, sequence: number): Map<string, string> {
  const rows = views.prepare(
    `SELECT ${KEY} AS cell, CASE WHEN sequence <= :sequence THEN state ELSE
       (SELECT state FROM cell_log WHERE cell = cells.id AND sequence > :sequence ORDER BY sequence LIMIT 1)
     END AS state FROM cells`,
  );
  const states = new Map<string, string>();
  const nothing = encodeCell(EMPTY_CELL);
  for (const row of rows.iterate({ sequence }) as Iterable<{ cell: string; state: string | null }>) {
    if (row.state !== null && row.state !== nothing) states.set(row.cell, row.state);
  }
  return states;
}
