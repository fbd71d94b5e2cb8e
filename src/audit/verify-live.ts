/**
 * Checks a data directory against itself, beside a running ledger or without one: every event in the store against
 * its hash, against the log and the figures in the read models, and the log against what was last signed.
 *
 * It reads each event once, so that it can be run every night. It trusts the directory's own key: that nobody with
 * access to all of it wrote it anew is shown only by a checkpoint that was kept elsewhere.
 */
import { existsSync } from 'node:fs';
import { SelfCheck } from '../projections/self-check.js';
import { tilesIn } from '../projections/log-projection.js';
import { ViewsDirectory } from '../projections/views-directory.js';
import { openViewsForReading, VIEWS_VERSION, viewsVersionOf } from '../projections/views-file.js';
import { openReader, type StoreLocation } from '../store/open-reader.js';
import { parseCheckpoint } from './checkpoint.js';
import { rootOf } from './merkle.js';
import { parseVerifierKey, verifiedSignatures } from './note.js';
import { SigningFiles } from './signing-files.js';
import { subtreesOf } from './tiles.js';

export interface LiveReport {
  readonly verdict: 'good' | 'tampered' | 'cannot tell';
  readonly events: number;
  readonly root: string | null;
  readonly faults: readonly string[];
  readonly doubts: readonly string[];
}

export interface LiveOptions {
  readonly store: StoreLocation;
  readonly signingDir: string;
  /** Checkpoints that were kept elsewhere, as text. */
  readonly since?: string | undefined;
  /** Verifier keys that are trusted, where they are not those in the directory. */
  readonly keys?: readonly string[] | undefined;
}

export async function verifyLive(options: LiveOptions): Promise<LiveReport> {
  const { dataDir } = options.store;
  const file = existsSync(dataDir) ? new ViewsDirectory(dataDir).currentFile() : null;
  const cannotTell = (doubt: string): LiveReport => ({
    verdict: 'cannot tell',
    events: 0,
    root: null,
    faults: [],
    doubts: [doubt],
  });
  if (file === null) return cannotTell(`there is no ledger in ${dataDir}: set DATA_DIR`);
  const views = openViewsForReading(file);
  const reader = await openReader(options.store);
  try {
    if (viewsVersionOf(views) !== VIEWS_VERSION)
      return cannotTell(
        'the read models are of another version: start the ledger, or run ledger rebuild --offline',
      );
    const { ok, sequence, root = null, fault } = await new SelfCheck(reader, views).step();
    const events = sequence + 1;
    if (!ok) return { verdict: 'tampered', events, root, faults: [fault!], doubts: [] };
    // What is signed while this runs may be more than was compared.
    const rootAt = (size: number) =>
      size <= events ? rootOf(size, subtreesOf(tilesIn(views))).toString('base64') : null;
    const { faults, doubts } = checkHeads(options, events, rootAt);
    return {
      verdict: faults.length > 0 ? 'tampered' : doubts.length > 0 ? 'cannot tell' : 'good',
      events,
      root,
      faults,
      doubts,
    };
  } finally {
    views.close();
    await reader.close();
  }
}

/** Of the last signed head, and of a checkpoint that was kept: signatures, and that the log begins with it. */
function checkHeads(
  { signingDir, since, keys: trusted }: LiveOptions,
  events: number,
  rootAt: (size: number) => string | null,
): { faults: string[]; doubts: string[] } {
  const faults: string[] = [];
  const doubts: string[] = [];
  const files = new SigningFiles(signingDir);
  const keys = (trusted ?? files.verifierKeys()).map(parseVerifierKey);
  const head = files.head();
  if (head === null) doubts.push(`nothing was signed: there is no ${files.headFile}`);
  for (const [what, text] of [
    ['the last signed head', head],
    ['the checkpoint that was kept', since ?? null],
  ] as const) {
    if (text === null) continue;
    try {
      const { size, root, note } = parseCheckpoint(text);
      if (verifiedSignatures(note, keys).length === 0)
        faults.push(`${what} was not signed with a key that is trusted`);
      const now = rootAt(Number(size));
      if (now === null) faults.push(`${what} has ${size} events, and there are ${events}: events are gone`);
      else if (now !== root.toString('base64')) {
        faults.push(
          `${what} has the root ${root.toString('base64')}, but the first ${size} events lead to ${now}`,
        );
      }
    } catch (error) {
      faults.push(`${what} cannot be read: ${(error as Error).message}`);
    }
  }
  return { faults, doubts };
}
