/** The projector's thread catches up, says so, and follows. It alone writes its views file. */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { asStoreError } from '../store/database-errors.js';
import type { Position, Run } from '../store/event-store.js';
import { keyOf, openReader, type StoreLocation } from '../store/open-store.js';
import { isDiskFull, ProjectionStopped, Projector, type BatchProjected } from './projector.js';

export interface ProjectorOptions {
  readonly store: StoreLocation;
  readonly file: string;
  /** A rebuild is faster, and its file is worth nothing until it is level. */
  readonly rebuild: boolean;
}

export type ProjectorReport =
  | ({
      readonly kind: 'projected';
      /** The positions of events that were just recorded: someone may wait for them. */
      readonly positions: readonly Position[];
    } & BatchProjected)
  | { readonly kind: 'level' }
  /** The projector lost the store, and goes on by itself. */
  | { readonly kind: 'lost'; readonly message: string }
  /** With `atEvent`, all before the event is good; without it, nothing in the file can be trusted. */
  | { readonly kind: 'stopped'; readonly message: string; readonly atEvent: boolean };

const BATCH_SIZE_MAX = 10_000;
/** A full disk is looked at again after so many milliseconds. */
const FULL_MS = 500;

async function run({ store, file, rebuild }: ProjectorOptions, signal: AbortSignal): Promise<void> {
  const reader = await openReader(store, ({ message }) => report({ kind: 'lost', message }));
  // Closing the reader at the abort ends a wait for a store that is silent.
  signal.addEventListener('abort', () => void reader.close());
  const projector = new Projector(file, keyOf(store));
  const project = async (run: Run, positions: readonly Position[]) => {
    try {
      const projected = await unlessFull(() => projector.project(run.events, run), signal);
      if (projected) report({ kind: 'projected', ...projected, positions });
    } catch (error) {
      // The views can be read up to the event at which the projector stopped.
      report({ kind: 'projected', ...projector.checkpoint, catalogueChanged: true, positions: [] });
      throw error;
    }
  };
  try {
    await projector.verifyStoreHolds(reader);
    projector.buildFast(rebuild);
    let after = projector.checkpoint.position as Position | null;
    report({ kind: 'projected', ...projector.checkpoint, catalogueChanged: true, positions: [] });
    for await (const run of reader.runs(after, BATCH_SIZE_MAX)) {
      if (signal.aborted) break;
      if (run.end !== after) await project(run, []);
      after = run.end;
    }
    projector.buildFast(false);
    report({ kind: 'level' });
    for await (const run of reader.subscribe(after, signal)) {
      const positions = run.events.map(({ position }) => position);
      await project(run, positions);
    }
  } finally {
    projector.close();
    await reader.close();
  }
}

/** A batch is applied whole or not at all, so on a full disk the projector waits for room and goes on where it was. */
async function unlessFull<Result>(project: () => Result, signal: AbortSignal): Promise<Result | null> {
  for (let isTold = false; !signal.aborted;) {
    try {
      return project();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (!isTold)
        report({ kind: 'lost', message: `the read models wait for room: ${(error as Error).message}` });
      isTold = true;
    }
    await delay(FULL_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function report(message: ProjectorReport): void {
  parentPort!.postMessage(message);
}

const stopping = new AbortController();
parentPort!.once('message', () => stopping.abort());
run(workerData as ProjectorOptions, stopping.signal)
  .catch((error: unknown) => {
    if (stopping.signal.aborted) return;
    report({
      kind: 'stopped',
      message: (asStoreError(error, 'the read models') as Error).message,
      atEvent: error instanceof ProjectionStopped,
    });
  })
  .finally(() => parentPort!.close());
