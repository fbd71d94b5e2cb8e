/**
 * Checks a data directory against itself, beside a running ledger or without one: every event in the store
 * against its hash and the log, every row of the read models against the events (`compare-views.ts`), and the log
 * against the last signed head.
 *
 * It reads each event once, in bounded memory, so that it can be run every night. It trusts the directory's own
 * key. Someone with access to the whole directory could write all of it anew: only a checkpoint that was kept
 * elsewhere shows that.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOCKS_APART_MS, datedTooEarly } from '../checker/since-check.js';
import { FINDINGS_MAX } from '../checker/verdict.js';
import { compareViews } from '../read-models/compare-views.js';
import { Difference } from '../read-models/read-model.js';
import { treeIn } from '../read-models/log.js';
import { ViewsDirectory } from '../read-models/views-directory.js';
import { openViewsForReading, readCheckpoint, viewsVersionOf } from '../read-models/views-file.js';
import { StoreDamaged, type EventReader, type Position, type RecordedEvent } from '../store/event-store.js';
import { keyOf, openReader, type StoreLocation } from '../store/open-store.js';
import { wantOfRoomAside } from '../store/room-aside.js';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { rootOf } from '../tlog/merkle.js';
import { parseVerifierKey, signsLogs, verifiedSignatures, type VerifierKey } from '../tlog/note.js';
import { VIEWS_VERSION } from '../read-models/layout.js';
import { SigningFiles } from './signing-files.js';

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
  /** A checkpoint that was kept elsewhere, as text. */
  readonly since?: string | undefined;
  /** Verifier keys to trust in place of those in the directory. */
  readonly keys?: readonly string[] | undefined;
  /** Called after each batch with the sequence of the last event that was read. */
  readonly onProgress?: (sequence: number) => void | Promise<void>;
}

/** @returns a report in any case: a file that cannot be read leaves the verdict open */
export async function verifyLive(options: LiveOptions): Promise<LiveReport> {
  const { dataDir } = options.store;
  try {
    const file = existsSync(dataDir) ? new ViewsDirectory(dataDir).currentFile() : null;
    if (file === null)
      return cannotTell(
        `there are no read models in ${dataDir}: set DATA_DIR, or make them with ledger rebuild --offline`,
      );
    // The heads are read before anything is compared: a head that is signed meanwhile covers events that were not
    // compared.
    const heads = readHeads(options);
    return await compare(options, file, heads);
  } catch (error) {
    return cannotTell(wantOfRoomAside(error) ?? (error as Error).message);
  }
}

function cannotTell(doubt: string): LiveReport {
  return { verdict: 'cannot tell', events: 0, root: null, faults: [], doubts: [doubt] };
}

async function compare(
  { store, onProgress = () => undefined }: LiveOptions,
  file: string,
  heads: Heads,
): Promise<LiveReport> {
  const views = openViewsForReading(file, keyOf(store));
  try {
    if (viewsVersionOf(views) !== VIEWS_VERSION)
      return cannotTell(
        'the read models are of another version: start the ledger, or run ledger rebuild --offline',
      );
    const reader = await openReader(store);
    let read = 0;
    try {
      const dates = new DatesBehind(heads.kept);
      const { events, root } = await compareViews(
        reader,
        { file, key: keyOf(store) },
        {
          onProgress: (sequence) => {
            read = sequence + 1;
            return onProgress(sequence);
          },
          onRead: (recorded, sequence) => dates.take(recorded, sequence),
        },
      );
      const rootAt = (size: number) =>
        size <= events ? rootOf(size, treeIn(views).subtree).toString('base64') : null;
      const { faults, doubts } = checkHeads(heads, events, rootAt);
      faults.push(...dates.faults);
      const beyond = await unprojected(reader, views);
      if (beyond > 0)
        doubts.push(
          `the store has ${beyond} events or more after sequence ${events - 1} that the read models do not have: start the ledger, or see why it stopped there, and ask again`,
        );
      const verdict = faults.length > 0 ? 'tampered' : doubts.length > 0 ? 'cannot tell' : 'good';
      return { verdict, events, root, faults, doubts };
    } catch (error) {
      // A disk that fails, or an event with a schema of a later version, is no tampering.
      if (!(error instanceof Difference || error instanceof StoreDamaged)) throw error;
      return { verdict: 'tampered', events: read, root: null, faults: [error.message], doubts: [] };
    } finally {
      await reader.close();
    }
  } finally {
    views.close();
  }
}

/** No event behind a checkpoint that was kept may be dated before it: the checker of bundles judges in the same way. */
class DatesBehind {
  readonly faults: string[] = [];
  private readonly size: number;
  /** The latest time at which an event of the checkpoint was recorded, in milliseconds since 1970. */
  private knownMs = 0;

  constructor(kept: Checkpoint | null) {
    this.size = kept ? Number(kept.size) : Infinity;
  }

  take({ id, metadata: { recordedAt } }: RecordedEvent, sequence: number): void {
    const recordedMs = Date.parse(recordedAt);
    if (sequence < this.size) this.knownMs = Math.max(this.knownMs, recordedMs);
    else if (this.knownMs - recordedMs > CLOCKS_APART_MS && this.faults.length < FINDINGS_MAX)
      this.faults.push(
        `sequence ${sequence}: ${datedTooEarly(id, recordedAt, this.knownMs)}: it is back-dated`,
      );
  }
}

const PROJECTED_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** Counts the events that nobody projects: a ledger that serves is level with what is recorded meanwhile at once. */
async function unprojected(reader: EventReader, views: Database): Promise<number> {
  const { position, sequence } = readCheckpoint(views);
  const { events } = await reader.readRun(position as Position | null, EVENTS_COUNTED_MAX);
  const last = sequence + events.length;
  for (let waited = 0; waited < PROJECTED_WITHIN_MS; waited += LOOK_EVERY_MS) {
    if (readCheckpoint(views).sequence >= last) return 0;
    await sleep(LOOK_EVERY_MS);
  }
  return last - readCheckpoint(views).sequence;
}

const EVENTS_COUNTED_MAX = 100;

interface Heads {
  readonly files: SigningFiles;
  readonly head: string | null;
  readonly keys: readonly VerifierKey[];
  readonly kept: Checkpoint | null;
}

/** @throws BadNote where a key, or the checkpoint that was kept, cannot be read */
function readHeads({ signingDir, since, keys: trusted }: LiveOptions): Heads {
  const files = new SigningFiles(signingDir);
  const keys = (trusted ?? files.verifierKeys()).map(parseVerifierKey);
  return { files, head: files.head(), keys, kept: since === undefined ? null : parseCheckpoint(since) };
}

/**
 * Checks the signatures of the last signed head and of the kept checkpoint, and that the log begins with both.
 */
function checkHeads(
  { files, head, keys, kept }: Heads,
  events: number,
  rootAt: (size: number) => string | null,
): { faults: string[]; doubts: string[] } {
  const faults: string[] = [];
  const doubts: string[] = [];
  const checkHead = (what: string, unsigned: string[], { origin, size, root, note }: Checkpoint) => {
    const logs = keys.filter((key) => signsLogs(key, origin));
    if (verifiedSignatures(note, logs).length === 0)
      unsigned.push(`${what} was not signed with a key that is trusted`);
    const now = rootAt(Number(size));
    if (now === null)
      faults.push(`${what} has ${size} events, and the store has only ${events}: events are gone`);
    else if (now !== root.toString('base64')) {
      faults.push(
        `${what} has the root ${root.toString('base64')}, but the first ${size} events lead to ${now}`,
      );
    }
  };
  if (head === null) doubts.push(`nothing was signed: there is no ${files.headFile}`);
  else {
    try {
      checkHead('the last signed head', faults, parseCheckpoint(head));
    } catch (error) {
      faults.push(`the last signed head cannot be read: ${(error as Error).message}`);
    }
  }
  // A kept checkpoint without a trusted signature is a doubt and no fault: its key may have been removed since.
  if (kept) checkHead('the checkpoint that was kept', doubts, kept);
  return { faults, doubts };
}
