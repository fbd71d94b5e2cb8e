/**
 * Backups of the embedded ledger, each a directory: `events.db`, `head`, the newest checkpoint that was signed
 * before, the public keys in `log.pub`, and `backup.json`, which has the number of events and the root of their
 * log.
 *
 * A backup exists whole or not at all. It is put in place once every event in it was read back and checked
 * against its hash, and the log of these events has the root that was signed. Restoring checks
 * the same again, and refuses a backup that is older than what is known to have been signed. A backup has no
 * secret: keys are kept apart. Its pages are encrypted as the ledger's are, with the same key or with the one that is
 * to take its place.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { EventReader } from '../store/event-store.js';
import {
  backUpEvents,
  hashOfEvents,
  hasEvents,
  putEvents,
  type EventsDirectory,
} from '../store/backup-file.js';
import { flush } from '../store/durable-file.js';
import { openReader } from '../store/open-store.js';
import type { DatabaseKey } from '../store/database.js';
import { verifyPayload } from '../store/verify-payload.js';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { entryOf } from '../tlog/entry.js';
import { Frontier, leafHash } from '../tlog/merkle.js';
import { parseVerifierKey, verifiedSignatures } from '../tlog/note.js';
import { SigningFiles } from './signing-files.js';

export class BackupRefused extends Error {
  override readonly name: string = 'BackupRefused';
}

/** The number of a backup's events, and the root of their log. */
export interface Contents {
  readonly events: number;
  /** The root of the log of all events, base64. */
  readonly root: string;
  /** The number of events that the backup's checkpoint covers; null where nothing was signed yet. */
  readonly signed: number | null;
}

interface Manifest extends Contents {
  readonly format: 1;
  readonly madeAt: string;
  /** The hash of `events.db`, in hexadecimal. */
  readonly sha256: string;
}

const HEAD = 'head';
const KEYS = 'log.pub';
const MANIFEST = 'backup.json';
const BATCH_SIZE = 2_000;

type OnProgress = (what: string) => void;

/** Where a ledger keeps what is backed up, and the key of its databases. */
export interface Places {
  readonly dataDir: string;
  readonly signingDir: string;
  readonly databaseKey: DatabaseKey;
}

/**
 * @param to.key encrypts the backup, where it is to have another key than the ledger
 * @throws BackupRefused, StoreDamaged, WrongDatabaseKey
 */
export async function makeBackup(
  { dataDir, signingDir, databaseKey }: Places,
  { to, key = databaseKey }: { readonly to: string; readonly key?: DatabaseKey | undefined },
  onProgress: OnProgress,
): Promise<Contents> {
  if (!hasEvents(dataDir)) throw new BackupRefused(`there is no ledger in ${dataDir}: set DATA_DIR`);
  if (existsSync(to)) throw new BackupRefused(`${to} is there already: name a new directory`);
  const unfinished = `${to}.unfinished`;
  removeUnfinished(unfinished);
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  // The head is read before the events are copied, so that the copy has at least the events that the head covers.
  const signing = new SigningFiles(signingDir);
  const [head, keys] = [signing.head(), signing.verifierKeys()];
  if (head !== null) writeFileSync(join(unfinished, HEAD), head, { flush: true });
  writeFileSync(join(unfinished, KEYS), keys.map((key) => `${key}\n`).join(''), { flush: true });
  const [from, copy] = [
    { dir: dataDir, key: databaseKey },
    { dir: unfinished, key },
  ];
  await backUpEvents(from, copy, (share) => onProgress(`copied ${Math.floor(share * 100)} %`));
  const contents = await contentsOf(copy, onProgress);
  const sha256 = await hashOfEvents(unfinished);
  const manifest: Manifest = { format: 1, madeAt: new Date().toISOString(), ...contents, sha256 };
  writeFileSync(join(unfinished, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
  flush(unfinished);
  renameSync(unfinished, to);
  flush(dirname(resolve(to)));
  return contents;
}

/** Removes what a backup that was cut off left. @throws BackupRefused where something else has that name */
function removeUnfinished(dir: string): void {
  if (!existsSync(dir)) return;
  const isOurs = (name: string) => [HEAD, KEYS, MANIFEST].includes(name) || name.startsWith('events.db');
  if (!statSync(dir).isDirectory() || !readdirSync(dir).every(isOurs))
    throw new BackupRefused(
      `${dir} is there, and is no unfinished backup: move it away, or name another directory`,
    );
  rmSync(dir, { recursive: true });
}

/**
 * Restores into a directory that has no ledger; the caller holds the directory.
 * @throws BackupRefused, StoreDamaged, WrongDatabaseKey
 */
export async function restoreBackup(
  from: string,
  { dataDir, signingDir, databaseKey }: Places,
  onProgress: OnProgress,
): Promise<Contents> {
  const manifest = readManifest(from);
  if (hasEvents(dataDir)) throw new BackupRefused(`${dataDir} holds a ledger: move it away, and keep it`);
  refuseOlder(manifest, signingDir);
  const contents = await contentsOf({ dir: from, key: databaseKey }, onProgress);
  if (contents.events !== manifest.events || contents.root !== manifest.root) {
    throw new BackupRefused(
      `${from} was altered since it was made: it has ${contents.events} events with the root ${contents.root}, ` +
        `and had ${manifest.events} with ${manifest.root}`,
    );
  }
  if ((await hashOfEvents(from)) !== manifest.sha256)
    throw new BackupRefused(
      `${from} was altered since it was made: its events.db has another SHA-256 than the one in ${MANIFEST}`,
    );
  putEvents(from, dataDir);
  return contents;
}

function readManifest(dir: string): Manifest {
  const file = join(dir, MANIFEST);
  if (!existsSync(file)) throw new BackupRefused(`${dir} is no backup: there is no ${MANIFEST} in it`);
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  if (manifest.format !== 1)
    throw new BackupRefused(`${file} has the format ${String(manifest.format)}: this version reads format 1`);
  return manifest;
}

/**
 * Refuses a backup with fewer events than the signer has signed: a ledger that goes on from there would
 * contradict its own checkpoint.
 */
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

/** Reads and verifies the whole backup, from the first event. */
async function contentsOf({ dir, key }: EventsDirectory, onProgress: OnProgress): Promise<Contents> {
  const head = checkpointIn(dir);
  const reader = await openReader({ dataDir: dir, databaseKey: key });
  try {
    const { root, rootOfHead, events } = await foldLog(reader, head, onProgress);
    if (head && rootOfHead !== head.root.toString('base64')) {
      throw new BackupRefused(
        `${dir} contradicts its checkpoint: that of ${head.size} events has the root ` +
          `${head.root.toString('base64')}, but the events lead to ${rootOfHead ?? `none: there are ${events}`}`,
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
    throw new BackupRefused(`${file} has no signature by a key of ${KEYS}`);
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
  for await (const run of reader.runs(null, BATCH_SIZE)) {
    for (const event of run.events) {
      await verifyPayload(event, reader);
      log.append(leafHash(entryOf(event)));
      if (head && BigInt(log.size) === head.size) rootOfHead = root();
    }
    onProgress(`verified ${log.size} events`);
  }
  return { root: root(), rootOfHead, events: log.size };
}
