/** A ledger is backed up while it is written to, and restored elsewhere: the same events, figures and log. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type CommandResult } from '../support/command.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';

let ledger: Ledger;
let dir: string;
let backup: string;
let backedUp: CommandResult;
let events: number;
/** Acknowledged before the backup was begun. */
let before: number;

const SETTINGS = { LOG_LEVEL: 'silent', LEDGER_CHECKPOINT_SECONDS: '1' };
const restoreInto = (dataDir: string, more: NodeJS.ProcessEnv = {}) =>
  runCommand(['restore', backup], { DATA_DIR: dataDir, ...SETTINGS, ...more });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-backup-'));
  backup = join(dir, 'backup');
  ledger = await Ledger.start(SETTINGS);
  await registerProgramme(ledger);
  for (let turn = 0; turn < 40; turn++) {
    before = (await record(ledger, 'asthma-care', ...Array.from({ length: 100 }, () => OUTCOME))).outcomes.at(
      -1,
    )!.sequence;
  }
  await ledger.call('GET', '/v1/audit/checkpoint');
  let isDone = false;
  const writing = Promise.all(
    [1, 2, 3, 4].map(async () => {
      const statuses: number[] = [];
      while (!isDone) statuses.push((await submit(ledger, 'asthma-care', [OUTCOME])).status);
      return statuses;
    }),
  );
  backedUp = await runCommand(['backup', backup], { DATA_DIR: ledger.dataDir, ...SETTINGS });
  isDone = true;
  const statuses = (await writing).flat();
  expect(new Set(statuses)).toEqual(new Set([201]));
  expect(statuses.length).toBeGreaterThan(20);
  ({ events } = JSON.parse(readFileSync(join(backup, 'backup.json'), 'utf8')) as { events: number });
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

async function answersOf(of: Ledger): Promise<unknown[]> {
  const asAt = `asAtSequence=${events - 1}`;
  const paths = [
    `/v1/events?until=${events - 1}&after=${events - 1_001}&limit=1000`,
    `/v1/totals/annual?measure=patients-benefited&groupBy=programme&from=2018-19&to=2024-25&${asAt}`,
    `/v1/totals/since?measure=patients-benefited&${asAt}`,
  ];
  const answers = await Promise.all(paths.map((path) => of.call<Record<string, unknown>>('GET', path)));
  return answers.map(({ status, body }) => [status, body]);
}

test('the copy is whole, was read again, and has all that was acknowledged before and nothing half done', () => {
  expect([backedUp.code, backedUp.stderr]).toEqual([0, '']);
  expect(backedUp.stdout).toMatch(
    /^Backed up, and read again: [\d,]+ events with the root \S{44}; a checkpoint covers [\d,]+ of them\.\n$/,
  );
  expect(events).toBeGreaterThan(before);
  expect(readdirSync(backup).sort()).toEqual([
    'backup.json',
    'events.db',
    'events.db-keycheck',
    'head',
    'log.pub',
  ]);
});

test('restored elsewhere, it answers as the ledger did, and goes on from there', async () => {
  const dataDir = join(dir, 'elsewhere');
  const { code, stdout } = await restoreInto(dataDir);
  expect([code, stdout]).toEqual([0, backedUp.stdout.replace('Backed up, and read again', 'Restored')]);
  const restored = await Ledger.start({ ...SETTINGS, DATA_DIR: dataDir });
  try {
    expect(await answersOf(restored)).toEqual(await answersOf(ledger));
    expect((await record(restored, 'asthma-care', OUTCOME)).outcomes[0]!.sequence).toBe(events);
  } finally {
    await restored.remove();
  }
});

test('nobody else reads what is restored, or made of it, whatever others may read there', async () => {
  const dataDir = mkdtempSync(join(dir, 'shared-'));
  chmodSync(dataDir, 0o755);
  const mask = process.umask(0o022);
  try {
    expect((await restoreInto(dataDir)).code).toBe(0);
    expect((await runCommand(['rebuild', '--offline'], { DATA_DIR: dataDir })).code).toBe(0);
  } finally {
    process.umask(mask);
  }
  const modes = [backup, dataDir].flatMap((of) =>
    readdirSync(of, { recursive: true, encoding: 'utf8' }).map((name) => [
      name,
      statSync(join(of, name)).mode & 0o077,
    ]),
  );
  expect(modes.length).toBeGreaterThan(6);
  expect(modes.filter(([, others]) => others !== 0)).toEqual([]);
});

test('restored with the signer that is still there, it is a continuation of what was signed, or is refused', async () => {
  // The signer's directory outlived the disk that the data was on.
  const signing = join(dir, 'signing');
  const { body } = await ledger.call<{ sequence: number }>('GET', '/health/ready');
  expect(body.sequence + 1).toBeGreaterThan(events);
  // What is covered by none yet is signed for whoever asks for its proof.
  expect((await ledger.call('GET', `/v1/audit/events/${body.sequence}/proof`)).status).toBe(200);
  expect(Number(readFileSync(join(ledger.dataDir, 'signing/head'), 'utf8').split('\n')[1])).toBe(
    body.sequence + 1,
  );
  cpSync(join(ledger.dataDir, 'signing'), signing, { recursive: true });
  const { code, stderr } = await restoreInto(join(dir, 'older'), { LEDGER_SIGNING_DIR: signing });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /this backup is older than the ledger was: .* with \d+ events, and \d+ were signed since/,
  );
  expect(existsSync(join(dir, 'older/events.db'))).toBe(false);

  // Whoever copies the files by hand is stopped at the start.
  const byHand = mkdtempSync(join(dir, 'by-hand-'));
  cpSync(join(backup, 'events.db'), join(byHand, 'events.db'));
  const env = { DATA_DIR: byHand, LEDGER_SIGNING_DIR: signing, PORT: '0', ...SETTINGS };
  const started = await runCommand(['serve'], env);
  expect(started.code).toBe(1);
  expect(started.stderr).toMatch(/a checkpoint of \d+ events was signed, but there are \d+/);
});

test('a backup with a flipped bit is not restored, wherever it is', async () => {
  const file = join(backup, 'events.db');
  const whole = readFileSync(file);
  // In the head of the file, in a number that nobody asks for.
  const ofNothing = 92;
  const places = [0.3, 0.6, 0.9].map((place) => Math.floor(whole.length * place));
  try {
    for (const place of [ofNothing, ...places]) {
      const flipped = Buffer.from(whole);
      flipped[place]! ^= 4;
      writeFileSync(file, flipped);
      const { code, stderr } = await restoreInto(join(dir, 'damaged'));
      expect([place, code]).toEqual([place, 1]);
      expect(stderr).not.toBe('');
      expect(existsSync(join(dir, 'damaged/events.db'))).toBe(false);
    }
  } finally {
    writeFileSync(file, whole);
  }
});

test('nothing is written over: neither a backup nor a ledger', async () => {
  const again = await runCommand(['backup', backup], { DATA_DIR: ledger.dataDir, ...SETTINGS });
  expect([again.code, again.stderr]).toEqual([
    1,
    `ledger: ${backup} is there already: name a new directory\n`,
  ]);
  const running = await restoreInto(ledger.dataDir);
  expect([running.code, running.stderr]).toEqual([
    1,
    expect.stringContaining('another process has the data directory'),
  ]);
});
