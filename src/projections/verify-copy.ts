/**
 * Whether one store is a copy of another: reads both from the first event, compares one by one, checks every payload
 * against its hash, folds both by themselves into read models of their own, and compares all figures.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CopyImpossible, refuseDifference } from '../store/copy.js';
import type { EventReader, Position } from '../store/event-store.js';
import { verifyPayload } from '../store/upcast.js';
import { Projector } from './projector.js';
import { differencesBetween } from './replay.js';
import { openViewsForReading } from './views-file.js';

export interface VerifiedCopy {
  readonly events: number;
  readonly figures: number;
  /** SHA-256 over id, place and payload hash of every event in order, hexadecimal: the same in both. */
  readonly digest: string;
}

const BATCH_SIZE = 5_000;

/**
 * @param events how many are compared: a source may have grown since
 * @throws CopyImpossible with the first difference; StoreDamaged, ProjectionStopped when history itself cannot be read
 */
export async function verifyCopy(
  from: EventReader,
  to: EventReader,
  { events, onProgress }: { readonly events: number; readonly onProgress: (events: number) => void },
): Promise<VerifiedCopy> {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-copy-'));
  const files = { source: join(dir, 'source.db'), target: join(dir, 'target.db') };
  try {
    const digest = await foldBoth(from, to, { files, events, onProgress });
    return { events, figures: compareFigures(files, events - 1), digest };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

interface Folding {
  readonly files: { readonly source: string; readonly target: string };
  readonly events: number;
  readonly onProgress: (events: number) => void;
}

async function foldBoth(
  from: EventReader,
  to: EventReader,
  { files, events, onProgress }: Folding,
): Promise<string> {
  const projectors = { source: new Projector(files.source), target: new Projector(files.target) };
  const digest = createHash('sha256');
  const at: { source: Position | null; target: Position | null } = { source: null, target: null };
  try {
    for (const projector of Object.values(projectors)) projector.buildFast(true);
    for (let done = 0; done < events;) {
      const size = Math.min(BATCH_SIZE, events - done);
      const source = await from.readAll(at.source, size);
      const target = await to.readAll(at.target, size);
      if (source.length < size || target.length < size) {
        const missing = source.length < size ? 'source' : 'target';
        throw new CopyImpossible(`the ${missing} ends before its ${events} events`);
      }
      for (const [index, event] of source.entries()) {
        refuseDifference(done + index, event, target[index]!);
        verifyPayload(event);
        const { id, stream, revision, metadata } = event;
        digest.update(`${id} ${stream}@${revision} ${metadata.payloadHash}\n`);
      }
      projectors.source.project(source);
      projectors.target.project(target);
      at.source = source.at(-1)!.position;
      at.target = target.at(-1)!.position;
      onProgress((done += size));
    }
  } finally {
    for (const projector of Object.values(projectors)) projector.close();
  }
  return digest.digest('hex');
}

/** @returns how many there are */
function compareFigures({ source, target }: Folding['files'], sequence: number): number {
  const [one, other] = [openViewsForReading(source), openViewsForReading(target)];
  try {
    const { cells, differences } = differencesBetween(one, other, sequence);
    const [first] = differences;
    if (first) {
      throw new CopyImpossible(`the figures of ${first.cell} differ: ${first.served} and ${first.replayed}`);
    }
    return cells;
  } finally {
    one.close();
    other.close();
  }
}
