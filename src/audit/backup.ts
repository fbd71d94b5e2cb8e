/**
 * Backups of the embedded ledger, each a directory: `events.db`, `head`, the newest checkpoint that was signed
 * before, the public keys in `log.pub`, and `backup.json`, which says what the copy comes to.
 *
 * A backup is there whole or not at all, and only once every event in it was read back, held to its checksum and its
 * hash, and the log made anew of them has the root that was signed. Restoring does the same again, and refuses a
 * copy that is older than what is known to have been signed. No secret is in it: keys are kept apart from backups.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { EventReader, Position } from '../store/event-store.js';
import { backUpEvents, flush, hashOfEvents, hasEvents, putEvents } from '../store/backup-file.js';
import { openReader } from '../store/open-reader.js';
import { verifyPayload } from '../store/verify-payload.js';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { entryOf } from '../tlog/entry.js';
import { Frontier, leafHash } from '../tlog/merkle.js';
import { parseVerifierKey, verifiedSignatures } from '../tlog/note.js';
import { SigningFiles } from './signing-files.js';

export class BackupRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BackupRefused';
  }
}

/** What a backup comes to. */
export interface Contents {
  readonly events: number;
  /** Of the log of all of them, base64. */
  readonly root: string;
  /** How many of them the checkpoint in it covers; null where nothing was signed yet. */
  readonly signed: number | null;
}

interface Manifest extends Contents {
  readonly format: 1;
  readonly madeAt: string;
  /** Of `events.db`. */
  readonly sha256: string;
}

const HEAD = 'head';
const KEYS = 'log.pub';
const MANIFEST = 'backup.json';
const BATCH_SIZE = 2_000;

type OnProgress = (what: string) => void;

/** @throws BackupRefused, StoreDamaged */
export async function makeBackup(
  { dataDir, signingDir }: { readonly dataDir: string; readonly signingDir: string },
  to: string,
  onProgress: OnProgress,
): Promise<Contents> {
  if (!hasEvents(dataDir)) throw new BackupRefused(`there is no ledger in ${dataDir}: set DATA_DIR`);
  if (existsSync(to)) throw new BackupRefused(`${to} is there already: name a new directory`);
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  // Read before the events are copied, so that the copy has at least what it covers.
  const signing = new SigningFiles(signingDir);
  const [head, keys] = [signing.head(), signing.verifierKeys()];
  if (head !== null) writeFileSync(join(unfinished, HEAD), head, { flush: true });
  writeFileSync(join(unfinished, KEYS), keys.map((key) => `${key}\n`).join(''), { flush: true });
  await backUpEvents(dataDir, unfinished, (share) => onProgress(`copied ${Math.floor(share * 100)} %`));
  const contents = await contentsOf(unfinished, onProgress);
  const sha256 = await hashOfEvents(unfinished);
  const manifest: Manifest = { format: 1, madeAt: new Date().toISOString(), ...contents, sha256 };
  writeFileSync(join(unfinished, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  flush(unfinished);
  renameSync(unfinished, to);
  flush(dirname(resolve(to)));
  return contents;
}

/**
 * Into a directory that holds no ledger; the caller holds it.
 * @throws BackupRefused, StoreDamaged
 */
export async function restoreBackup(
  from: string,
  { dataDir, signingDir }: { readonly dataDir: string; readonly signingDir: string },
  onProgress: OnProgress,
): Promise<Contents> {
  const manifest = readManifest(from);
  if (hasEvents(dataDir)) throw new BackupRefused(`${dataDir} holds a ledger: move it away, and keep it`);
  refuseOlder(manifest, signingDir);
  const contents = await contentsOf(from, onProgress);
  if (contents.events !== manifest.events || contents.root !== manifest.root) {
    throw new BackupRefused(
      `${from} is not the backup that was made: it has ${contents.events} events with the root ${contents.root}, ` +
        `and had ${manifest.events} with ${manifest.root}`,
    );
  }
  if ((await hashOfEvents(from)) !== manifest.sha256)
    throw new BackupRefused(
      `${from} is not the backup that was made: its events.db is not the file that it was`,
    );
  putEvents(from, dataDir);
  return contents;
}

function readManifest(dir: string): Manifest {
  const file = join(dir, MANIFEST);
  if (!existsSync(file)) throw new BackupRefused(`${dir} is no backup: there is no ${MANIFEST} in it`);
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  if (manifest.format !== 1)
    throw new BackupRefused(`${file} has the format ${String(manifest.format)}, and 1 is known`);
  return manifest;
}

/** A signer that is still there knows how long the ledger was: going on from less would contradict it. */
function refuseOlder({ events, madeAt }: Manifest, signingDir: string): void {
  const files = new SigningFiles(signingDir);
  const head = files.head();
  if (head === null) return;
  const { size } = parseCheckpoint(head);
  if (size <= BigInt(events)) return;
  throw new BackupRefused(
    `this backup is older than the ledger was: it was made at ${madeAt} with ${events} events, and ${size} were ` +
      `signed since. Restore a newer one; if that loss is meant, remove ${files.headFile}, and tell whoever holds a checkpoint`,
  );
}

/** Reads all of it, from the first event. */
async function contentsOf(dir: string, onProgress: OnProgress): Promise<Contents> {
  const head = checkpointIn(dir);
  const reader = await openReader({ dataDir: dir });
  try {
    const { root, rootOfHead, events } = await foldLog(reader, head, onProgress);
    if (head && rootOfHead !== head.root.toString('base64')) {
      throw new BackupRefused(
        `${dir} is not what was signed: the checkpoint of ${head.size} events has the root ` +
          `${head.root.toString('base64')}, and they come to ${rootOfHead ?? `no more than ${events}`}`,
      );
    }
    return { events, root, signed: head && Number(head.size) };
  } finally {
    await reader.close();
  }
}

function checkpointIn(dir: string): Checkpoint | null {
  const file = join(dir, HEAD);
  if (!existsSync(file)) return null;
  const checkpoint = parseCheckpoint(readFileSync(file, 'utf8'));
  const keys = readFileSync(join(dir, KEYS), 'utf8').split('\n').filter(Boolean).map(parseVerifierKey);
  if (verifiedSignatures(checkpoint.note, keys).length === 0)
    throw new BackupRefused(`${file} is signed with no key of ${KEYS}`);
  return checkpoint;
}

async function foldLog(
  reader: EventReader,
  head: Checkpoint | null,
  onProgress: OnProgress,
): Promise<{ root: string; rootOfHead: string | null; events: number }> {
  const log = new Frontier();
  const root = () => log.root().toString('base64');
  let rootOfHead = head?.size === 0n ? root() : null;
  let position: Position | null = null;
  for (let atEnd = false; !atEnd;) {
    const run = await reader.readRun(position, BATCH_SIZE);
    for (const event of run.events) {
      await verifyPayload(event, reader);
      log.append(leafHash(entryOf(event)));
      if (head && BigInt(log.size) === head.size) rootOfHead = root();
    }
    ({ end: position, atEnd } = run);
    onProgress(`verified ${log.size} events`);
  }
  return { root: root(), rootOfHead, events: log.size };
}
