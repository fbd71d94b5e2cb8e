/**
 * Places on disk that are not as the ledger left them, or cannot be written: each is told in one line or in one
 * answer, and takes no more with it than it must.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminKeyFile } from '../../src/access/admin-key.js';
import { runCommand } from '../support/command.js';
import { FaultyMachine } from '../support/faulty-machine.js';
import { eventually } from '../support/keys.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme, submit } from '../support/outcomes.js';
import { told } from '../support/refusals.js';
import { mayMount, needsTool } from '../support/tools.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-places-'));
afterAll(() => rmSync(dir, { recursive: true }));

interface Readiness {
  readonly projection: object;
  readonly diskFreeBytes: number;
}

const serve = (dataDir: string, env: NodeJS.ProcessEnv = {}) =>
  runCommand(['serve'], { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', ...env });

describe('H4: read models that cannot be put in their place', () => {
  interface State {
    readonly rebuild: object | null;
    readonly rebuildFailure: string | null;
  }
  let ledger: Ledger;
  let pointer: string;
  beforeAll(async () => {
    ledger = await Ledger.start({ LOG_LEVEL: 'fatal' });
    pointer = join(ledger.dataDir, 'views/current.new');
  });
  afterAll(() => ledger.remove());

  async function rebuilt(): Promise<string | null> {
    await ledger.call('POST', '/v1/projections/rebuild');
    let state: State;
    await eventually(async () => {
      ({ body: state } = await ledger.call<State>('GET', '/v1/projections'));
      return state.rebuild === null;
    });
    return state!.rebuildFailure;
  }

  test('are told as a rebuild that failed, and the ledger goes on with those that it has', async () => {
    mkdirSync(pointer);
    expect(await rebuilt()).toMatch(/^the read models cannot be put in their place: EISDIR: .*current\.new/);
    expect((await ledger.call('GET', '/health/ready')).status).toBe(200);
    rmdirSync(pointer);
    expect(await rebuilt()).toBeNull();
    expect((await ledger.call('GET', '/health/ready')).status).toBe(200);
  });

  test('are no reason not to start where nothing must change, nor is what is not the ledger’s', async () => {
    mkdirSync(pointer);
    mkdirSync(join(ledger.dataDir, 'views/lost+found'));
    await ledger.stop();
    await ledger.start();
    expect(readdirSync(join(ledger.dataDir, 'views'))).toContain('lost+found');
  });

  test('keep a ledger from starting that has no others, in one line', async () => {
    await ledger.stop();
    rmSync(join(ledger.dataDir, 'views/current'));
    const { code, stderr } = await serve(ledger.dataDir);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^ledger: the read models cannot be put .*EISDIR.*\n$/),
    ]);
  });

  (mayMount() ? test : test.skip)('nor does one start on a file system that is only read', async () => {
    const mounted = mkdtempSync(join(dir, 'read-only-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', mounted]);
    try {
      const { code, stderr } = await serve(mounted);
      const says = `ledger: the data directory ${mounted} cannot be used: EROFS: read-only file system`;
      expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^${says}.*\n$`))]);
    } finally {
      execFileSync('umount', [mounted]);
    }
  });
});

test('M9: after a restore that was cut off, no new ledger is begun in its place', async () => {
  const dataDir = join(dir, 'cut-off');
  const backup = join(dir, 'backup');
  const ledger = await Ledger.start({ DATA_DIR: dataDir, LOG_LEVEL: 'fatal' });
  await ledger.stop();
  expect((await runCommand(['backup', backup], { DATA_DIR: dataDir })).code).toBe(0);
  renameSync(join(dataDir, 'events.db'), join(dataDir, 'events.db.new'));
  const { code, stdout, stderr } = await serve(dataDir);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^ledger: .*events\.db\.new is of a restore that was cut off: run ledger restore .*\n$/,
  );
  expect((await runCommand(['restore', backup], { DATA_DIR: dataDir })).code).toBe(0);
  await ledger.start();
  await ledger.remove();
});

test('L8: what is no unfinished backup is not removed by a backup of that name', async () => {
  const ledger = await Ledger.start({ LOG_LEVEL: 'fatal' });
  const to = join(dir, 'mine');
  mkdirSync(`${to}.unfinished`);
  writeFileSync(join(`${to}.unfinished`, 'thesis.txt'), 'the only copy');
  const back = () => runCommand(['backup', to], { DATA_DIR: ledger.dataDir });
  const { code, stderr } = await back();
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^ledger: .*mine\.unfinished is there, and is no .*\n$/),
  ]);
  expect(readdirSync(`${to}.unfinished`)).toEqual(['thesis.txt']);
  renameSync(join(`${to}.unfinished`, 'thesis.txt'), join(`${to}.unfinished`, 'events.db'));
  expect((await back()).code).toBe(0);
  await ledger.remove();
});

needsTool('gcc')(
  'L11: an admin key that did not reach the disk is none, and the next start makes one',
  async () => {
    const disk = new FaultyMachine('/admin.key');
    const dataDir = join(dir, 'no-key');
    disk.fail({ what: 'flushes', error: 'EIO', passing: 0, failing: 1 });
    const { code, stderr } = await serve(dataDir, disk.env);
    expect([code, stderr]).toEqual([1, 'ledger: EIO: i/o error, fsync\n']);
    expect(existsSync(adminKeyFile(dataDir))).toBe(false);
    expect(disk.heal().failed).toBe(1);
    const ledger = await Ledger.start({ ...disk.env, DATA_DIR: dataDir, LEDGER_ADMIN_KEY: undefined });
    expect(existsSync(adminKeyFile(dataDir))).toBe(true);
    await ledger.remove();
    disk.remove();
  },
);

describe('M6: a store whose files are taken away while it serves', () => {
  const remove = (file: string) => rmSync(file);
  const replace = (file: string) => {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  };
  test.each([
    ['events.db', 'removed', remove],
    ['events.db-wal', 'removed', remove],
    ['events.db', 'replaced by a copy of itself', replace],
  ])('acknowledges nothing more, and is not ready: %s is %s', async (name, _how, take) => {
    const ledger = await Ledger.start({ LOG_LEVEL: 'error' });
    await registerProgramme(ledger);
    expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(201);
    take(join(ledger.dataDir, name));
    const { status, text } = await submit(ledger, 'asthma-care', [OUTCOME]);
    expect([status, text]).toEqual([503, expect.stringContaining('store-damaged')]);
    await eventually(async () => (await ledger.call('GET', '/health/ready')).status === 503);
    expect((await ledger.call<Readiness>('GET', '/health/ready')).body.projection).toEqual({
      status: 'stopped',
      message: `${name} was removed or replaced while it was open`,
    });
    expect((await ledger.call('GET', '/v1/totals/since?measure=patients-benefited')).status).toBe(200);
    await ledger.remove();
  });
});

(mayMount() ? test : test.skip)(
  'H3: a ledger whose disk is all but full says that it is not ready, and why',
  async () => {
    const mounted = mkdtempSync(join(dir, 'small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=15m', 'tmpfs', mounted]);
    const ledger = await Ledger.start({ DATA_DIR: join(mounted, 'data'), LOG_LEVEL: 'fatal' });
    try {
      const { status, body } = await ledger.call<Readiness>('GET', '/health/ready');
      expect([status, body.projection]).toEqual([503, { status: 'live' }]);
      expect(body.diskFreeBytes).toBeLessThan(15 * 1024 * 1024);
      await registerProgramme(ledger);
      const headers = { 'content-type': 'text/csv' };
      const sent = await ledger.call('POST', '/v1/programmes/asthma-care/imports', {
        body: 'measure\n',
        headers,
      });
      expect(told(sent)).toBe('503 store-unavailable');
    } finally {
      await ledger.remove();
      execFileSync('umount', [mounted]);
    }
  },
);
