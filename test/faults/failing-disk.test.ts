/**
 * A disk that is full, or fails at any of its writes or flushes, under a whole ledger: what it cannot keep it does
 * not acknowledge, what it has it goes on serving, and nothing that it acknowledged is lost.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyMachine } from '../support/faulty-machine.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';
import { allNeedTool, hasTool, mayMount } from '../support/tools.js';

const withCompiler = allNeedTool('gcc');
/** Three of them are longer than the log of the store grows before it is moved into the file. */
const LARGE = Array.from({ length: 500 }, () => ({ ...OUTCOME, note: 'n'.repeat(2_000) }));

/** Whose faults are those of the store, of its file without its log, of the read models, and of what is signed. */
let [disk, file, views, signing]: (FaultyMachine | undefined)[] = [];
let ledger: Ledger;
/** By key, what became of it at last. */
let sent: Map<string, number>;

beforeAll(() => {
  if (hasTool('gcc'))
    [disk, file, views, signing] = ['/events.db', '/events.db$', '/views/', '/signing'].map(
      (files) => new FaultyMachine(files),
    );
});
afterAll(() => [disk, file, views, signing].forEach((machine) => machine?.remove()));
afterEach(() => ledger.remove());

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  ledger = await Ledger.start({ ...disk?.env, LOG_LEVEL: 'fatal', ...env });
  sent = new Map();
  await registerProgramme(ledger);
}

async function send(key: string = randomUUID(), outcomes: readonly object[] = [OUTCOME]): Promise<number> {
  const { status } = await submit(ledger, 'asthma-care', outcomes, key);
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

  test('whose flush fails, whichever it is of a move of the log into the file or of an erasure, is written to no more', async () => {
    await start();
    /** Sends them, and gives back how they are held to what was answered. */
    const sendLarge = async () => {
      const first = new Map<string, number>();
      return {
        work: async () => {
          for (let turn = 0; turn < 3; turn++) {
            const key = randomUUID();
            first.set(key, (await submit(ledger, 'asthma-care', LARGE, key)).status);
          }
        },
        hold: async () => {
          for (const [key, was] of first) {
            const { status } = await submit(ledger, 'asthma-care', LARGE, key);
            expect([was, status]).toEqual([was, was === 201 || status === 200 ? 200 : 201]);
          }
        },
      };
    };
    const erase = async () => {
      const { outcomes } = await record(ledger, 'asthma-care', { ...OUTCOME, note: 'to be erased' });
      const path = `/v1/outcomes/${outcomes[0]!.id}/erasure`;
      const body = { reason: 'request 7', authorisedBy: 'Data protection officer' };
      const work = async () => (await ledger.call('POST', path, { body })).status;
      return { work, hold: async () => expect(await work()).toBe(200) };
    };
    for (const prepare of [sendLarge, erase]) {
      let flushes = 0;
      for (; ; flushes++) {
        const { work, hold } = await prepare();
        disk!.fail({ what: 'flushes', error: 'EIO', passing: flushes, failing: 1 });
        await work();
        const { failed } = disk!.heal();
        const next = await submit(ledger, 'asthma-care', [OUTCOME]);
        expect([flushes, next.status]).toEqual([flushes, failed === 0 ? 201 : 503]);
        if (failed === 0) break;
        await ledger.stop();
        await ledger.start();
        await hold();
        // Its log is empty again, so that the next one is flushed at the same places.
        await ledger.stop();
        await ledger.start();
      }
      expect(flushes).toBeGreaterThan(3);
    }
  }, 120_000);

  test('that cannot take what is moved into the file: 503 until it can, and nothing is lost', async () => {
    await start(file!.env);
    const keys: string[] = [];
    const statuses: number[] = [];
    file!.fail({ what: 'writes', error: 'EIO', passing: 0, failing: Number.MAX_SAFE_INTEGER });
    for (let turn = 0; turn < 6; turn++) {
      keys.push(randomUUID());
      statuses.push((await submit(ledger, 'asthma-care', LARGE, keys.at(-1))).status);
    }
    expect(statuses).toEqual([...statuses].sort());
    expect(new Set(statuses)).toEqual(new Set([201, 503]));
    expect(await recorded()).toBe(500 * statuses.filter((status) => status === 201).length);
    expect(file!.heal().failed).toBeGreaterThan(1);
    for (const [index, key] of keys.entries()) {
      const { status } = await submit(ledger, 'asthma-care', LARGE, key);
      expect([index, status]).toEqual([index, statuses[index] === 201 ? 200 : 201]);
    }
    expect(await recorded()).toBe(500 * keys.length);
  });

  test('that fails at whichever write of the read models: 503, reads go on, and a start completes them', async () => {
    await start(views!.env);
    expect(await send()).toBe(201);
    for (let passing = 0; ; passing += 1 + Math.floor(passing / 2)) {
      views!.fail({ what: 'writes', error: 'EIO', passing, failing: 1 });
      const status = await send();
      const { failed } = views!.heal();
      if (failed === 0) {
        expect(status).toBe(201);
        expect(passing).toBeGreaterThan(2);
        break;
      }
      expect([passing, status]).toEqual([passing, 503]);
      expect(await send()).toBe(503);
      const { status: answered, headers } = await ledger.call('GET', '/v1/measures');
      expect([answered, headers.get('ledger-stale')]).toEqual([200, 'stopped']);
      await ledger.stop();
      await ledger.start();
    }
    await expectAllTaken();
  }, 60_000);

  test.each(['writes', 'flushes'] as const)(
    'on which the %s of a checkpoint fail: none is given out until one can be kept',
    async (what) => {
      await start(signing!.env);
      let failures = 0;
      for (; ; failures++) {
        signing!.fail({ what, error: 'EIO', passing: failures, failing: 1 });
        const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
        // What is covered by none yet is signed for whoever asks for its proof.
        const path = `/v1/audit/events/${outcomes[0]!.sequence}/proof`;
        const { status } = await ledger.call('GET', path);
        const { failed } = signing!.heal();
        if (failed === 0) expect(status).toBe(200);
        if (failed === 0) break;
        expect([failures, status]).toEqual([failures, 503]);
        expect((await ledger.call('GET', path)).status).toBe(200);
      }
      expect(failures).toBe(what === 'writes' ? 1 : 2);
      const files = readdirSync(join(ledger.dataDir, 'signing'));
      expect(files.filter((name) => name.endsWith('.new'))).toEqual([]);
    },
  );

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
