/**
 * A disk that is full, or fails at any of its writes or flushes, under a whole ledger: what it cannot keep it does
 * not acknowledge, what it has it goes on serving, and nothing that it acknowledged is lost.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyMachine } from '../support/faulty-machine.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme, submit } from '../support/outcomes.js';
import { allNeedTool, areToolsRequired, hasTool } from '../support/tools.js';

const withCompiler = allNeedTool('gcc');

let disk: FaultyMachine | undefined;
let ledger: Ledger;
/** By key, what became of it at last. */
let sent: Map<string, number>;

beforeAll(() => {
  if (hasTool('gcc')) disk = new FaultyMachine('/events.db');
});
afterAll(() => disk?.remove());
afterEach(() => ledger.remove());

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  ledger = await Ledger.start({ ...disk?.env, LOG_LEVEL: 'fatal', ...env });
  sent = new Map();
  await registerProgramme(ledger);
}

async function send(key: string = randomUUID()): Promise<number> {
  const { status } = await submit(ledger, 'asthma-care', [OUTCOME], key);
  // Once acknowledged, never taken back.
  if (sent.get(key) === 201 || sent.get(key) === 200) expect(status).toBe(200);
  sent.set(key, status);
  return status;
}

async function sendAgain(): Promise<number[]> {
  const statuses: number[] = [];
  for (const key of sent.keys()) statuses.push(await send(key));
  return statuses;
}

async function recorded(): Promise<number> {
  const path = '/v1/totals/since?measure=patients-benefited';
  const { status, body } = await ledger.call<{ outcomes: number }>('GET', path);
  expect(status).toBe(200);
  return body.outcomes;
}

/** Everything that was sent is taken now, once. */
async function expectAllTaken(): Promise<void> {
  for (const status of await sendAgain()) expect([200, 201]).toContain(status);
  for (const status of await sendAgain()) expect(status).toBe(200);
  expect(await recorded()).toBe(sent.size);
  const { body } = await ledger.call<{ selfCheck: { ok: boolean } }>('GET', '/health/ready');
  expect(body.selfCheck.ok).toBe(true);
}

withCompiler.each(['EIO', 'ENOSPC'] as const)('the write that fails with %s', (error) => {
  test('is the N-th, for every N of a submission: 503, and the next is taken', async () => {
    await start();
    for (let passing = 0; ; passing++) {
      disk!.fail({ what: 'writes', error, passing, failing: 1 });
      const status = await send();
      const { failed } = disk!.heal();
      if (failed === 0) {
        expect(status).toBe(201);
        expect(passing).toBeGreaterThan(2);
        break;
      }
      expect(status).toBe(503);
      expect(await recorded()).toBeGreaterThanOrEqual([...sent.values()].filter((is) => is !== 503).length);
      expect(await send()).toBe(201);
    }
    await expectAllTaken();
  });
});

withCompiler('a disk', () => {
  test('after a flush that failed nothing more is written until a restart, and all is read', async () => {
    await start();
    expect(await send()).toBe(201);
    for (let passing = 0; ; passing++) {
      disk!.fail({ what: 'flushes', error: 'EIO', passing, failing: 1 });
      const statuses = [await send(), await send()];
      const { failed } = disk!.heal();
      if (failed === 0) {
        expect(statuses).toEqual([201, 201]);
        expect(passing).toBe(2);
        break;
      }
      expect(statuses).toEqual(passing === 0 ? [503, 503] : [201, 503]);
      // The disk is well again, but nobody can know what became of what was not flushed.
      expect([await send(), await send()]).toEqual([503, 503]);
      expect(await recorded()).toBeGreaterThan(0);
      expect(await ledger.stop()).toBe(0);
      await ledger.start();
      expect(await send()).toBe(201);
    }
    await expectAllTaken();
  });

  test('a disk that stays full is told with 503, read from, and written to once there is room', async () => {
    await start();
    expect(await send()).toBe(201);
    disk!.fail({ what: 'writes', error: 'ENOSPC', passing: 0, failing: Number.MAX_SAFE_INTEGER });
    const together = await Promise.all(Array.from({ length: 20 }, () => send()));
    expect(new Set(together)).toEqual(new Set([503]));
    expect(await recorded()).toBe(1);
    expect(disk!.heal().failed).toBeGreaterThan(0);
    await expectAllTaken();
  });
});

describe('a small file system of its own', () => {
  let mounted: string | null = null;
  afterEach(async () => {
    await ledger.kill();
    if (mounted !== null) execFileSync('umount', ['--lazy', mounted]);
    if (mounted !== null) rmSync(mounted, { recursive: true });
    mounted = null;
  });

  (mayMount() ? test : test.skip)(
    'that fills up is told with 503, and carries on once there is room',
    async () => {
      mounted = mkdtempSync(join(tmpdir(), 'ledger-small-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mounted]);
      await start({ DATA_DIR: join(mounted, 'data') });
      expect(await send()).toBe(201);
      const { bavail, bsize } = statfsSync(mounted);
      writeFileSync(join(mounted, 'filler'), Buffer.alloc(bavail * bsize));
      // What is allocated already may take a few more.
      const seen = new Set<number>();
      for (let turn = 0; turn < 400 && !seen.has(503); turn++) seen.add(await send());
      expect([...seen].filter((status) => status !== 201)).toEqual([503]);
      const before = await recorded();
      rmSync(join(mounted, 'filler'));
      await expectAllTaken();
      expect(await recorded()).toBeGreaterThanOrEqual(before);
    },
  );
});

function mayMount(): boolean {
  if (areToolsRequired) return true;
  const dir = mkdtempSync(join(tmpdir(), 'ledger-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
