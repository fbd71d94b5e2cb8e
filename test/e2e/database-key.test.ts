/** A ledger with LEDGER_DATABASE_KEY: encrypted at rest, with its backups; and told apart from a damaged one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkOf } from '../../src/store/database.js';
import { eventsFile } from '../../src/store/sqlite/store.js';
import { runCommand } from '../support/command.js';
import { flip } from '../support/flips.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme } from '../support/outcomes.js';

const KEY = 'the-first-key-of-these-databases-0001';
const NEW_KEY = 'the-second-key-of-these-databases-002';
/** Words of an event, of its evidence, and the id of its programme. */
const WORDS = ['A note that nobody may read on disk', 'asthma-care'];

let ledger: Ledger;
let dir: string;
const copyOf = (name: string) => {
  const copy = join(dir, name);
  cpSync(ledger.dataDir, copy, { recursive: true });
  return copy;
};
const start = (dataDir: string, key: string | undefined) =>
  runCommand(['serve'], { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', LEDGER_DATABASE_KEY: key });

function filesIn(place: string): readonly string[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .map((name) => join(place, name))
    .filter((path) => statSync(path).isFile());
}

function wordsIn(place: string): readonly string[] {
  return filesIn(place).filter((path) => WORDS.some((word) => readFileSync(path).includes(word)));
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-database-key-'));
  ledger = await Ledger.start({ LEDGER_DATABASE_KEY: KEY, TMPDIR: dir });
  await registerProgramme(ledger);
  for (let turn = 0; turn < 5; turn++) await record(ledger, 'asthma-care', { ...OUTCOME, note: WORDS[0]! });
  await ledger.call('GET', '/v1/audit/checkpoint');
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

test('no word of an event is in any file of a ledger that serves, nor of one that was stopped', async () => {
  expect(filesIn(ledger.dataDir).length).toBeGreaterThan(5);
  expect(wordsIn(ledger.dataDir)).toEqual([]);
  await ledger.stop();
  expect([...wordsIn(ledger.dataDir), ...wordsIn(dir)]).toEqual([]);
});

test('nor of one that was killed, or that is rebuilt, replayed and verified', async () => {
  await ledger.start();
  await record(ledger, 'asthma-care', { ...OUTCOME, note: WORDS[0]! });
  await ledger.kill();
  expect(wordsIn(ledger.dataDir)).toEqual([]);
  const env = { DATA_DIR: ledger.dataDir, LEDGER_DATABASE_KEY: KEY, TMPDIR: dir, LOG_LEVEL: 'silent' };
  for (const args of [['rebuild', '--offline'], ['replay'], ['verify', '--live']])
    expect(await runCommand(args, env)).toMatchObject({ code: 0, stderr: '' });
  expect([...wordsIn(ledger.dataDir), ...wordsIn(dir)]).toEqual([]);
  // What was killed leaves pages in the write-ahead log, which the next start moves into the file.
  await ledger.start();
  await ledger.stop();
});

test('with a wrong key, or none, it does not start and says so in one line', async () => {
  const file = eventsFile(ledger.dataDir);
  expect(await start(ledger.dataDir, NEW_KEY)).toEqual({
    code: 1,
    stdout: '',
    stderr: `ledger: ${file} is encrypted with another key than the one in LEDGER_DATABASE_KEY\n`,
  });
  expect(await start(ledger.dataDir, undefined)).toEqual({
    code: 1,
    stdout: '',
    stderr: `ledger: ${file} is encrypted: set LEDGER_DATABASE_KEY to the key that it was made with\n`,
  });
});

test('a key that is too short is a fault of the configuration, which does not show it', async () => {
  const { code, stderr } = await start(ledger.dataDir, 'short-secret');
  expect([code, stderr]).toEqual([
    1,
    'ledger: the configuration has a fault: LEDGER_DATABASE_KEY must be at least 32 visible ASCII characters without spaces\n',
  ]);
});

test('a damaged first page is told as damage, with the right key and with a wrong one', async () => {
  const damaged = copyOf('damaged');
  const file = eventsFile(damaged);
  writeFileSync(file, flip(readFileSync(file), 8 * 1_000));
  expect((await start(damaged, KEY)).stderr).toBe(`ledger: ${file}: its first page is damaged\n`);
  expect((await start(damaged, NEW_KEY)).stderr).toContain('is encrypted with another key');
  rmSync(checkOf(file));
  expect((await start(damaged, KEY)).stderr).toBe(
    `ledger: ${file}: its first page is damaged, or LEDGER_DATABASE_KEY is not its key\n`,
  );
});

test('a flipped bit in the check value of the key is told as damage of that file', async () => {
  const damaged = copyOf('damaged-check');
  const check = checkOf(eventsFile(damaged));
  const whole = readFileSync(check);
  for (const byte of [0, 20, 40, whole.length - 1]) {
    writeFileSync(check, flip(whole, 8 * byte));
    expect((await start(damaged, KEY)).stderr).toContain(`ledger: ${check} is damaged: remove it`);
  }
});

test('a backup is encrypted with the key of the ledger, and is restored with it alone', async () => {
  const backup = join(dir, 'backup');
  const env = { DATA_DIR: ledger.dataDir, LEDGER_DATABASE_KEY: KEY };
  expect(await runCommand(['backup', backup], env)).toMatchObject({ code: 0, stderr: '' });
  expect(wordsIn(backup)).toEqual([]);
  const restored = join(dir, 'restored');
  const wrong = await runCommand(['restore', backup], { DATA_DIR: restored, LEDGER_DATABASE_KEY: NEW_KEY });
  expect([wrong.code, wrong.stderr]).toEqual([
    1,
    `ledger: ${eventsFile(backup)} is encrypted with another key than the one in LEDGER_DATABASE_KEY\n`,
  ]);
  const right = await runCommand(['restore', backup], { ...env, DATA_DIR: restored });
  expect(right).toMatchObject({ code: 0, stderr: '' });
  expect((await start(restored, undefined)).stderr).toContain('is encrypted: set LEDGER_DATABASE_KEY');
});

test('backup --rekey encrypts the copy with a new key, by which the ledger is restored', async () => {
  const backup = join(dir, 'rekeyed');
  const env = { DATA_DIR: ledger.dataDir, LEDGER_DATABASE_KEY: KEY };
  const without = await runCommand(['backup', backup, '--rekey'], env);
  expect([without.code, without.stderr]).toEqual([
    2,
    'ledger: --rekey needs the new key in LEDGER_DATABASE_NEW_KEY\n',
  ]);
  const made = await runCommand(['backup', backup, '--rekey'], { ...env, LEDGER_DATABASE_NEW_KEY: NEW_KEY });
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout + made.stderr).not.toMatch(new RegExp(`${KEY}|${NEW_KEY}`));
  expect(wordsIn(backup)).toEqual([]);
  const restored = join(dir, 'restored-anew');
  const renewed = { DATA_DIR: restored, LEDGER_DATABASE_KEY: NEW_KEY, LOG_LEVEL: 'silent' };
  expect(await runCommand(['restore', backup], { ...renewed, LEDGER_DATABASE_KEY: KEY })).toMatchObject({
    code: 1,
  });
  expect(await runCommand(['restore', backup], renewed)).toMatchObject({ code: 0, stderr: '' });
  expect(await runCommand(['rebuild', '--offline'], renewed)).toMatchObject({ code: 0, stderr: '' });
  expect(await runCommand(['verify', '--live'], renewed)).toMatchObject({ stderr: '' });
});
