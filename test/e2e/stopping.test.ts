import { afterEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme, submit } from '../support/outcomes.js';

let ledger: Ledger;
afterEach(() => ledger.remove());

const since = async () =>
  (await ledger.call<{ outcomes: number }>('GET', '/v1/totals/since?measure=patients-benefited')).body
    .outcomes;

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'after %s under load every acknowledged submission is there once, and retries complete the rest',
  async (signal) => {
    ledger = await Ledger.start();
    await registerProgramme(ledger);
    /** By key, whether it was acknowledged. Where the connection ended it may be recorded or not. */
    const sent = new Map<string, boolean>();
    let answered = 0;
    let ended: Promise<unknown> | undefined;
    const client = async (): Promise<void> => {
      for (;;) {
        const key = randomUUID();
        sent.set(key, false);
        try {
          const { status } = await submit(ledger, 'asthma-care', [OUTCOME], key);
          sent.set(key, status === 201);
        } catch {
          return;
        }
        if (++answered === 200) ended = signal === 'SIGTERM' ? ledger.stop() : ledger.kill();
      }
    };
    await Promise.all(Array.from({ length: 40 }, client));
    const code = await ended;
    await ledger.start();
    const recordedBefore = await since();
    const acknowledged = [...sent.values()].filter(Boolean).length;
    expect(acknowledged).toBeGreaterThanOrEqual(200);
    // Drained: whatever it recorded before it ended, it had answered.
    if (signal === 'SIGTERM') expect([code, recordedBefore]).toEqual([0, acknowledged]);
    expect(recordedBefore).toBeGreaterThanOrEqual(acknowledged);
    const again = new Map<string, number>();
    for (const key of sent.keys())
      again.set(key, (await submit(ledger, 'asthma-care', [OUTCOME], key)).status);
    expect([...again.values()].filter((status) => status === 200)).toHaveLength(recordedBefore);
    expect([...again].filter(([key, status]) => sent.get(key) && status !== 200)).toEqual([]);
    expect(await since()).toBe(sent.size);
  },
);

test('a start of which nobody can be told is one all the same', async () => {
  ledger = await Ledger.start();
  await ledger.stop();
  const full = openSync('/dev/full', 'w');
  const settings = { DATA_DIR: ledger.dataDir, PORT: '0', LOG_LEVEL: 'info', LEDGER_ADMIN_KEY: ADMIN_KEY };
  const child = spawn(process.execPath, [resolve(__dirname, '../../dist/main.js')], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  let log = '';
  const url = await new Promise<string>((listens) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const found = /listening at (http:[^"]+)"/.exec((log += text))?.[1];
      if (found) listens(found);
    });
  });
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('open live streams do not keep the ledger from ending', async () => {
  ledger = await Ledger.start();
  const streams = await Promise.all([1, 2, 3].map(() => ledger.fetch('/v1/events/stream')));
  const read = Promise.all(streams.map((response) => response.text()));
  expect(await ledger.stop()).toBe(0);
  expect((await read).every((text) => text.startsWith(': connected'))).toBe(true);
});

test('a second process on the same data is refused in one line, and the first serves on', async () => {
  ledger = await Ledger.start();
  const env = { DATA_DIR: ledger.dataDir, PORT: '0', LOG_LEVEL: 'silent' };
  const { code, stderr } = await runCommand(['serve'], env);
  expect([code, stderr]).toEqual([
    1,
    `ledger: another process has the data directory ${ledger.dataDir}: stop it first, or set DATA_DIR to another directory\n`,
  ]);
  expect((await ledger.call('GET', '/health/ready')).status).toBe(200);
});

test('every fault of the configuration is named at once, and nothing is started', async () => {
  ledger = await Ledger.start();
  const env = {
    DATA_DIR: ledger.dataDir,
    PORT: 'http',
    SINCE: '2018',
    LOG_LEVEL: 'loud',
    LEDGER_ADMIN_KEY: 'short',
  };
  const { code, stderr } = await runCommand(['serve'], env);
  expect(code).toBe(1);
  for (const name of ['PORT', 'SINCE', 'LOG_LEVEL', 'LEDGER_ADMIN_KEY']) expect(stderr).toContain(name);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('a store that is not one is refused in one line', async () => {
  ledger = await Ledger.start();
  await ledger.stop();
  const env = { DATA_DIR: ledger.dataDir, PORT: '0', LOG_LEVEL: 'silent' };
  expect(existsSync(join(ledger.dataDir, 'events.db-wal'))).toBe(false);
  writeFileSync(
    join(ledger.dataDir, 'events.db'),
    'not a database, but as long as the head of one would be. '.repeat(20),
  );
  const { code, stderr } = await runCommand(['serve'], env);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ledger: .*events\.db: its first page is damaged\n$/);
});

test('the admin key is made once, shown once, and readable by its owner alone', async () => {
  ledger = await Ledger.start();
  await ledger.stop();
  const env = { DATA_DIR: join(ledger.dataDir, 'new'), PORT: 'x' };
  expect((await runCommand(['serve'], env)).code).toBe(1);
  const other = await Ledger.start({ LEDGER_ADMIN_KEY: undefined });
  try {
    expect(statSync(join(other.dataDir, 'admin.key')).mode & 0o777).toBe(0o600);
    for (const path of [
      '/v1/programmes',
      '/v1/events',
      '/v1/totals/annual?measure=jobs',
      '/v1/nothing',
      '/metrics',
    ]) {
      const response = await fetch(other.url + path);
      expect([path, response.status, response.headers.get('www-authenticate')]).toEqual([
        path,
        401,
        'Bearer realm="outcome-ledger"',
      ]);
    }
    for (const path of ['/health/live', '/health/ready', '/docs', '/openapi.json']) {
      expect((await fetch(other.url + path)).status).toBe(200);
    }
  } finally {
    await other.remove();
  }
});
