/** The log in the read models is that of the events, however they came to be projected. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3-multiple-ciphers';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inclusionFault, inclusionProof, parseHash, rootOf } from '../../src/tlog/merkle.js';
import { TransparencyLog } from '../../src/audit/log.js';
import { tilesIn, treeIn } from '../../src/read-models/log.js';
import { Projector, ProjectionStopped } from '../../src/read-models/projector.js';
import { replay } from '../../src/read-models/replay.js';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import type { RecordedEvent } from '../../src/store/event-store.js';
import { contentOfViews, LivedLedger, viewsOf } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { naiveLeaf, rootOfEvents } from '../support/naive-log.js';
import { decodeEntries } from '../support/tile-entries.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-log-'));
let lived: LivedLedger;
let events: readonly RecordedEvent[];

beforeAll(async () => {
  lived = await LivedLedger.of(longHistory(600));
  ({ events } = lived);
});
afterAll(async () => {
  await lived.remove();
  rmSync(dir, { recursive: true });
});

const rootAt = (views: Database.Database, size: number) =>
  rootOf(size, treeIn(views).subtree).toString('base64');

test('every size of the tree that was ever reached has its root', () => {
  const { views } = lived.readModels;
  expect(events.length).toBeGreaterThan(2 * 256);
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 513, events.length]) {
    expect(rootAt(views, size)).toBe(rootOfEvents(events.slice(0, size)));
  }
});

test('a tile with a hash missing is none: those that follow would stand for others', () => {
  const views = new Database(':memory:');
  views.exec('CREATE TABLE events (sequence INTEGER PRIMARY KEY, leaf BLOB)');
  views.exec('CREATE TABLE log_nodes (level INTEGER, number INTEGER, hash BLOB)');
  for (const sequence of [0, 1, 3]) {
    views.prepare('INSERT INTO events VALUES (?, zeroblob(32))').run(sequence);
    views.prepare('INSERT INTO log_nodes VALUES (1, ?, zeroblob(32))').run(sequence);
  }
  expect(() => tilesIn(views)(0, 0)).toThrow('the tile 0/0 of the log lost hashes before 3');
  expect(() => tilesIn(views)(1, 0)).toThrow('the tile 1/0 of the log lost hashes before 3');
  views.close();
});

test('entries that are not those that were logged are not served', async () => {
  const other = await LivedLedger.of(longHistory(600));
  const tile = { level: 'entries', index: 0, width: 256 } as const;
  try {
    const damaged = new TransparencyLog(lived.readModels, other.store);
    await expect(damaged.tile(tile)).rejects.toThrow(/is not the one that was logged/);
    const whole = new TransparencyLog(lived.readModels, lived.store);
    expect(decodeEntries((await whole.tile(tile))!)).toHaveLength(256);
  } finally {
    await other.remove();
  }
});

test('every event has an inclusion proof in the whole tree', () => {
  const { subtree } = treeIn(lived.readModels.views);
  const size = events.length;
  const root = rootOf(size, subtree);
  const faults = events.map((event, index) => {
    const [leaf, proof] = [parseHash(naiveLeaf(event)), inclusionProof(index, size, subtree)];
    return inclusionFault({ index, size, leaf, proof, root });
  });
  expect(faults.filter((fault) => fault !== null)).toEqual([]);
});

test('batches of any size, with the views closed in between, give the same tiles', () => {
  const whole = viewsOf(events);
  const batches = [1, 255, 1, 256, 3, 100].map((size) => ({ size, reopen: true }));
  expect(viewsOf(events, batches)).toEqual(whole);
  expect(whole['log_nodes']).toHaveLength(2);
});

test.each([false, true])(
  'after an event that cannot be projected, all goes on as if it had not been tried (%s)',
  (isFast) => {
    const file = join(dir, `stopped-${isFast}.db`);
    const projector = new Projector(file, PUBLIC_KEY);
    projector.buildFast(isFast);
    projector.project(events.slice(0, 100));
    const strange = { ...events[300]!, metadata: { ...events[300]!.metadata, schema: 'outcome@9' } };
    expect(() => projector.project(events.slice(100, 300).concat(strange))).toThrow(ProjectionStopped);
    expect(projector.checkpoint.sequence).toBe(299);
    projector.project(events.slice(300));
    projector.close();
    const views = openViewsForReading(file, PUBLIC_KEY);
    expect(rootAt(views, events.length)).toBe(rootOfEvents(events));
    views.close();
    expect(contentOfViews(file)).toEqual(viewsOf(events));
  },
);

describe('a node that was altered', () => {
  const ALTERED = 'UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 1 AND number = 1';
  let altered: LivedLedger;
  beforeAll(async () => {
    altered = await LivedLedger.of(longHistory(600));
    const views = openDatabase(altered.viewsFile, PUBLIC_KEY);
    views.exec(ALTERED);
    views.close();
  });
  afterAll(() => altered.remove());

  test('is found by the self-check, which says where', async () => {
    const report = await new SelfCheck(altered.store, altered.readModels.views).step();
    expect(report.fault).toBe('node 1 of level 1 of the log is not that of the events 256 to 511');
  });

  test('is found by a replay, of any moment', async () => {
    const until = altered.events.length - 1;
    const report = await replay(
      altered.store,
      { file: altered.viewsFile, key: PUBLIC_KEY },
      { until, onProgress: () => undefined },
    );
    expect(report.root).toBe(rootOfEvents(altered.events));
    expect(report.servedRoot).not.toBe(report.root);
    // What is served is held to the root that it has now, also where only its beginning is asked for.
    const before = await replay(
      altered.store,
      { file: altered.viewsFile, key: PUBLIC_KEY },
      {
        until: 400,
        onProgress: () => undefined,
      },
    );
    expect([before.root, before.servedRoot]).toEqual([rootOfEvents(altered.events.slice(0, 401)), null]);
  });
});
