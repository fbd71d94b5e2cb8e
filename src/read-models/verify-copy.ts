/**
 * The verification of a copy reads two stores from the first event, compares the events one by one, checks every
 * payload against its hash, folds each store into read models of its own, and compares all figures and the root of the
 * log.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CopyImpossible, refuseDifference } from '../store/copy.js';
import type { EventReader, Position } from '../store/event-store.js';
import type { DatabaseKey } from '../store/database.js';
import { verifyPayload } from '../store/verify-payload.js';
import { Projector } from './projector.js';
import { differencesBetween, rootAt } from './replay.js';
import { openViewsForReading } from './views-file.js';

export interface VerifiedCopy {
  readonly events: number;
  readonly figures: number;
  readonly root: string;
}

const BATCH_SIZE = 5_000;

/**
 * @param events the number of events to compare: the source may have grown since it was copied
 * @throws CopyImpossible with the first difference; StoreDamaged, ProjectionStopped when history itself cannot be read
 */
export async function verifyCopy(
  from: EventReader,
  to: EventReader,
  {
    events,
    onProgress,
    key,
    heldDir,
  }: {
    readonly events: number;
    readonly onProgress: (events: number) => void;
    /** The key of the read models that are made of both. */
    readonly key: DatabaseKey;
    /**
     * A directory that is the caller's alone, for the read models of both, which take up as much as two ledgers' own.
     */
    readonly heldDir?: string;
  },
): Promise<VerifiedCopy> {
  const dir = heldDir === undefined ? mkdtempSync(join(tmpdir(), 'ledger-copy-')) : emptied(heldDir);
  const files = { source: join(dir, 'source.db'), target: join(dir, 'target.db') };
  try {
    await foldBoth(from, to, { files, key, events, onProgress });
    return { events, ...compareViews({ files, key, events }) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The directory always has the same name, so that the next verification removes what a killed one has left. */
function emptied(heldDir: string): string {
  const dir = join(heldDir, 'copy-verification');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  return dir;
}

interface Folding {
  readonly files: { readonly source: string; readonly target: string };
  readonly key: DatabaseKey;
  readonly events: number;
  readonly onProgress: (events: number) => void;
}

async function foldBoth(
  from: EventReader,
  to: EventReader,
  { files, key, events, onProgress }: Folding,
): Promise<void> {
  const projectors = { source: new Projector(files.source, key), target: new Projector(files.target, key) };
  const at: { source: Position | null; target: Position | null } = { source: null, target: null };
  try {
    for (const projector of Object.values(projectors)) projector.buildFast(true);
    for (let done = 0; done < events;) {
      const run = await from.readRun(at.source, Math.min(BATCH_SIZE, events - done));
      const source = run.events;
      const target = await to.readAll(at.target, source.length);
      if ((source.length === 0 && run.atEnd) || target.length < source.length) {
        const missing = target.length < source.length ? 'target' : 'source';
        throw new CopyImpossible(`the ${missing} ends before its ${events} events`);
      }
      for (const [index, event] of source.entries()) {
        refuseDifference(done + index, event, target[index]!);
        await verifyPayload(event, from);
      }
      projectors.source.project(source);
      projectors.target.project(target);
      at.source = run.end;
      at.target = target.at(-1)?.position ?? at.target;
      onProgress((done += source.length));
    }
  } finally {
    for (const projector of Object.values(projectors)) projector.close();
  }
}

function compareViews({ files, key, events }: Omit<Folding, 'onProgress'>): {
  readonly figures: number;
  readonly root: string;
} {
  const [one, other] = [files.source, files.target].map((file) => openViewsForReading(file, key)) as [
    Database,
    Database,
  ];
  try {
    const { cells, differences } = differencesBetween(one, other, events - 1);
    const [first] = differences;
    if (first) {
      throw new CopyImpossible(`the figures of ${first.cell} differ: ${first.served} and ${first.replayed}`);
    }
    const [root, copied] = [rootAt(one, events), rootAt(other, events)];
    if (root !== copied) throw new CopyImpossible(`the roots of the logs differ: ${root} and ${copied}`);
    return { figures: cells, root };
  } finally {
    one.close();
    other.close();
  }
}
