/**
 * The speed of the log: how fast leaves are appended and bundles verified, how much the log slows the projector,
 * and how long a proof takes in a tree of any size.
 */
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { BundleCheck } from '../src/checker/bundle-check.js';
import { BUNDLE_FORMAT, loggedEventOf, type BundleEvent } from '../src/checker/bundle-format.js';
import { encodeTreeHead } from '../src/tlog/checkpoint.js';
import { entryOf } from '../src/tlog/entry.js';
import { Frontier, inclusionProof, leafHash, rootOf, type Hash } from '../src/tlog/merkle.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, signNote } from '../src/tlog/note.js';
import { policyOf } from '../src/tlog/policy.js';
import { TILE_HEIGHT } from '../src/tlog/tiles.js';
import { openViewsForWriting } from '../src/read-models/layout.js';
import { treeIn } from '../src/read-models/log.js';
import { Projector } from '../src/read-models/projector.js';
import { openViewsForReading } from '../src/read-models/views-file.js';
import { cloudEventOf } from '../src/api/cloud-event.js';
import type { RecordedEvent } from '../src/store/event-store.js';
import { openReader } from '../src/store/open-store.js';
import { PUBLIC_KEY } from '../src/store/database.js';
import { cpuMicrosOf, leastOf } from './cpu.js';

/** Events a second of processor time, which other work on the machine does not take away. */
export interface LogSpeeds {
  /** Entry, leaf hash and tree, in memory. */
  readonly appends: number;
  /** Leaf hash, tree and root against a signed checkpoint, from entries as tiles have them. */
  readonly entries: number;
  /** A bundle of everything: lines parsed, facts, words and entries hashed, order, times, tree, root and signature. */
  readonly bundle: number;
}

const EVENTS_MAX = 200_000;
const TURNS = 4;
/** The projector takes at most so many events at once. */
const BATCH_SIZE = 10_000;

export async function measureLog(dataDir: string): Promise<LogSpeeds> {
  const reader = await openReader({ dataDir });
  const events = await reader.readAll(null, EVENTS_MAX);
  await reader.close();
  const perSecond = (work: () => void) => (events.length * 1e6) / leastOf(TURNS, () => cpuMicrosOf(work));
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
  const lines = events.map((recorded, sequence) => {
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

export interface LogCost {
  /** Events a second of processor time, with the log and without it. */
  readonly withLog: number;
  readonly without: number;
}

/**
 * The projector's speed with the tree of the log and without it: the hashes of its nodes, and the rows that hold
 * them.
 */
export async function measureLogCost(dataDir: string): Promise<Record<'projecting' | 'reading', LogCost>> {
  const append = Object.getOwnPropertyDescriptor(Frontier.prototype, 'append')!;
  const least = {
    projecting: { withLog: Infinity, without: Infinity },
    reading: { withLog: Infinity, without: Infinity },
  };
  let events = 0;
  try {
    for (let turn = 0; turn < 2 * TURNS; turn++) {
      const which = turn % 2 === 0 ? 'withLog' : 'without';
      const value: Frontier['append'] = () => undefined;
      Object.defineProperty(
        Frontier.prototype,
        'append',
        which === 'withLog' ? append : { ...append, value },
      );
      const took = await projectAll(dataDir);
      ({ events } = took);
      least.projecting[which] = Math.min(least.projecting[which], took.projectMicros);
      least.reading[which] = Math.min(least.reading[which], took.allMicros);
    }
  } finally {
    Object.defineProperty(Frontier.prototype, 'append', append);
  }
  const perSecond = ({ withLog, without }: LogCost) => ({
    withLog: (events * 1e6) / withLog,
    without: (events * 1e6) / without,
  });
  return { projecting: perSecond(least.projecting), reading: perSecond(least.reading) };
}

/** Projects as the live projector does, but in this thread: batch by batch into a new file. */
async function projectAll(dataDir: string) {
  const file = join(dataDir, 'bench-log-cost.db');
  const reader = await openReader({ dataDir });
  const projector = new Projector(file, PUBLIC_KEY);
  const before = process.cpuUsage();
  let projectMicros = 0;
  for (let run = await reader.readRun(null, BATCH_SIZE); ; run = await reader.readRun(run.end, BATCH_SIZE)) {
    projectMicros += cpuMicrosOf(() => projector.project(run.events, run));
    if (run.atEnd) break;
  }
  const { user, system } = process.cpuUsage(before);
  const events = projector.checkpoint.sequence + 1;
  projector.close();
  await reader.close();
  removeDatabase(file);
  return { events, projectMicros, allMicros: user + system };
}

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

export interface ProofLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The latency of inclusion proofs for leaves all over a tree, whose size is grown without recording events. */
export function measureProofs(dir: string, size: number): ProofLatency {
  const file = join(dir, `proofs-${size}.db`);
  growTree(file, size);
  const views = openViewsForReading(file, PUBLIC_KEY);
  const took: number[] = [];
  for (let turn = 0; turn < 1_000; turn++) {
    const index = (turn * 7_919 * 104_729) % size;
    const startedAt = performance.now();
    const { subtree } = treeIn(views);
    inclusionProof(index, size, subtree);
    rootOf(size, subtree);
    took.push(performance.now() - startedAt);
  }
  views.close();
  removeDatabase(file);
  took.sort((one, other) => one - other);
  return { p50Ms: took[500]!, p99Ms: took[990]! };
}

function growTree(file: string, size: number): void {
  const db = openViewsForWriting(file, PUBLIC_KEY);
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
  const root = tree.root().toString('base64');
  db.prepare('UPDATE checkpoint SET sequence = ?, root = ?').run(size - 1, root);
  db.close();
}
