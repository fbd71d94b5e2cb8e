/** The log: how fast leaves are appended and bundles verified, and how long a proof takes in a tree of any size. */
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { BundleCheck } from '../src/audit/bundle-check.js';
import {
  BUNDLE_FORMAT,
  loggedEventOf,
  type BundleEvent,
  type BundleLine,
} from '../src/audit/bundle-format.js';
import { encodeTreeHead } from '../src/audit/checkpoint.js';
import { entryOf } from '../src/audit/entry.js';
import { Frontier, inclusionProof, leafHash, type Hash } from '../src/audit/merkle.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, signNote } from '../src/audit/note.js';
import { policyOf } from '../src/audit/policy.js';
import { subtreesOf, TILE_HEIGHT } from '../src/audit/tiles.js';
import { tilesIn } from '../src/projections/log-projection.js';
import { openViewsForReading, openViewsForWriting } from '../src/projections/views-file.js';
import { cloudEventOf } from '../src/reports/cloud-event.js';
import type { RecordedEvent } from '../src/store/event-store.js';
import { openReader } from '../src/store/open-reader.js';

export interface LogSpeeds {
  /** Leaves a second: entry, leaf hash and tree, in memory. */
  readonly appends: number;
  /** Entries a second: leaf hash, tree and root against a signed checkpoint, from entries as tiles have them. */
  readonly entries: number;
  /** Events a second of a bundle of everything: all of its checks, from its text. */
  readonly bundle: number;
}

const EVENTS_MAX = 100_000;

export async function measureLog(dataDir: string): Promise<LogSpeeds> {
  const reader = await openReader({ dataDir });
  const events = await reader.readAll(null, EVENTS_MAX);
  await reader.close();
  const perSecond = (work: () => void) => {
    work();
    const startedAt = performance.now();
    work();
    return (events.length * 1_000) / (performance.now() - startedAt);
  };
  const entries = events.map((event) => Buffer.from(entryOf(event)));
  const lines = bundleOf(events);
  return {
    appends: perSecond(() => treeOf(events.map((event) => leafHash(entryOf(event))))),
    entries: perSecond(() => treeOf(entries.map((entry) => leafHash(entry)))),
    bundle: perSecond(() => verify(lines)),
  };
}

function treeOf(leaves: Iterable<Hash>): Frontier {
  const tree = new Frontier();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

const signer = parseSignerKey(makeSignerKey('bench.example/log', 'log'));

function bundleOf(events: readonly RecordedEvent[]): Buffer[] {
  const origin = signer.verifier.name;
  let ledgerTimeMs = 0;
  const leaves: Hash[] = [];
  const lines: BundleLine[] = events.map((recorded, sequence) => {
    ledgerTimeMs = Math.max(ledgerTimeMs, Date.parse(recorded.metadata.recordedAt));
    const event = cloudEventOf({ event: recorded, sequence, ledgerTimeMs }) as unknown as BundleEvent;
    leaves.push(leafHash(entryOf(loggedEventOf(event))));
    return { event, leaf: leaves.at(-1)!.toString('base64') };
  });
  const head = { origin, size: BigInt(events.length), root: treeOf(leaves).root() };
  const header = {
    format: BUNDLE_FORMAT,
    origin,
    size: events.length,
    keys: [encodeVerifierKey(signer.verifier)],
  } as const;
  const checkpoint = signNote(encodeTreeHead(head), [signer]);
  return [{ ...header, scope: { kind: 'everything' } } as const, ...lines, { checkpoint }].map((line) =>
    Buffer.from(`${JSON.stringify(line)}\n`),
  );
}

function verify(lines: readonly Buffer[]): void {
  const check = new BundleCheck({ policy: policyOf([signer.verifier]) });
  for (const line of lines) check.takeLine(line, 0, line.length - 1);
  const { verdict, faults } = check.end();
  if (verdict !== 'good') throw new Error(`the bundle is ${verdict}: ${JSON.stringify(faults[0])}`);
}

export interface ProofLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Of inclusion proofs of leaves all over a tree of a size that nobody has to record for it. */
export function measureProofs(dir: string, size: number): ProofLatency {
  const file = join(dir, `proofs-${size}.db`);
  growTree(file, size);
  const views = openViewsForReading(file);
  const took: number[] = [];
  for (let turn = 0; turn < 1_000; turn++) {
    const index = (turn * 7_919 * 104_729) % size;
    const startedAt = performance.now();
    inclusionProof(index, size, subtreesOf(tilesIn(views)));
    took.push(performance.now() - startedAt);
  }
  views.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  took.sort((one, other) => one - other);
  return { p50Ms: took[500]!, p99Ms: took[990]! };
}

function growTree(file: string, size: number): void {
  const db = openViewsForWriting(file);
  db.pragma('synchronous = OFF');
  const addLeaf = db.prepare(`INSERT INTO events VALUES (?, '', 0, 1, NULL, 0, ?)`);
  const addNode = db.prepare('INSERT INTO log_nodes VALUES (?, ?, ?)');
  const tree = new Frontier((height, number, hash) => {
    if (height % TILE_HEIGHT === 0) addNode.run(height / TILE_HEIGHT, number, hash);
  });
  for (let next = 0; next < size;) {
    db.transaction(() => {
      for (const end = Math.min(size, next + 50_000); next < end; next++) {
        const leaf = leafHash(String(next));
        tree.append(leaf);
        addLeaf.run(next, leaf);
      }
    })();
  }
  db.close();
}
