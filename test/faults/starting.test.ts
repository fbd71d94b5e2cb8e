/**
 * A ledger starts in seconds, whatever its size: a start reads the ends of its files and what orders them, never the
 * history. Counted in bytes that the process read from files, until it is ready, of a short and of a long history.
 */
import { beforeAll, afterAll, expect, test } from '@jest/globals';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsFile } from '../../src/store/sqlite/store.js';
import { eventually } from '../support/keys.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { LivedLedger, viewsFileIn } from '../support/lived-ledger.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { longHistory } from '../support/long-history.js';

/** The self-check does read all of it, beside what is served; its share is left out. */
const HOOK = { NODE_OPTIONS: `--require ${join(__dirname, 'without-self-check.js')}` };
const [SHORT, LONG] = [1_000, 20_000];
/** Tree pages on the way to what is read grow with the logarithm. */
const MORE_BYTES_MAX = 200_000;

test('while read models are built anew at a start, it lives, says how far it is, and lets nobody do more', async () => {
  const ledger = await Ledger.start();
  const gate = join(ledger.dataDir, 'goes-on');
  const port = new URL(ledger.url).port;
  await ledger.stop();
  const views = openDatabase(viewsFileIn(ledger.dataDir), PUBLIC_KEY);
  views.pragma('user_version = 1');
  views.close();
  const hold = `--require ${join(__dirname, 'hold-rebuild.js')}`;
  const env = { DATA_DIR: ledger.dataDir, PORT: port, NODE_OPTIONS: hold, REBUILD_GOES_ON: gate };
  const rebuilding = Ledger.start(env);
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers }).catch(() => null);
  await eventually(async () => (await ask('/health/live')) !== null);
  const ready = (await ask('/health/ready'))!;
  expect([ready.status, await ready.json()]).toEqual([
    503,
    expect.objectContaining({
      projection: { status: 'rebuilding', sequence: -1, target: expect.any(Number) },
    }),
  ]);
  const refused = (await ask('/v1/measures'))!;
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  writeFileSync(gate, '');
  const built = await rebuilding;
  expect((await built.call('GET', '/v1/measures')).status).toBe(200);
  expect((await built.call('GET', '/health/ready')).status).toBe(200);
  await built.remove();
  await ledger.remove();
});

let dirs: readonly string[];
beforeAll(async () => {
  dirs = await Promise.all([SHORT, LONG].map(livedFor));
});
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true })));

/** @returns the directory of a ledger with such a history, stopped */
async function livedFor(outcomes: number): Promise<string> {
  const lived = await LivedLedger.of(longHistory(outcomes));
  await lived.stop();
  return lived.dataDir;
}

/** By a ledger that has just started, until it is ready. */
async function bytesRead(ledger: Ledger): Promise<number> {
  expect((await ledger.call('GET', '/health/ready')).status).toBe(200);
  const read = /^rchar: (\d+)$/m.exec(readFileSync(`/proc/${ledger.pid}/io`, 'utf8'))![1];
  return Number(read);
}

const sizeOf = (dataDir: string) => statSync(eventsFile(dataDir)).size + statSync(viewsFileIn(dataDir)).size;

test('the files of the long history are larger by megabytes', () => {
  const [short, long] = dirs.map(sizeOf) as [number, number];
  expect(long - short).toBeGreaterThan(40 * MORE_BYTES_MAX);
});

test.each(['stop', 'kill'] as const)(
  'after a %s, a start reads no more of a long history than of a short one',
  async (end) => {
    const read = [];
    for (const dataDir of dirs) {
      const ledger = await Ledger.start({ ...HOOK, DATA_DIR: dataDir });
      expect((await ledger.call('GET', '/v1/audit/checkpoint')).status).toBe(200);
      await ledger[end]();
      await ledger.start();
      read.push(await bytesRead(ledger));
      await ledger.remove();
    }
    const [short, long] = read as [number, number];
    expect(long - short).toBeLessThan(MORE_BYTES_MAX);
  },
);
