/** A ledger whose checkpoints a witness in another process cosigns, checked against a policy that asks for it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import {
  encodeVerifierKey,
  makeSignerKey,
  parseSignerKey,
  parseVerifierKey,
  verifiedSignatures,
} from '../../src/tlog/note.js';
import { ORIGIN } from '../support/audited-ledger.js';
import { runCommand, startCommand } from '../support/command.js';
import { Ledger } from '../support/ledger.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-witness-'));
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

let witness: ChildProcess;
let ledger: Ledger;
let witnessKey: string;
let witnessUrl: string;
let logKey: string;

beforeAll(async () => {
  const signer = makeSignerKey(ORIGIN, 'log');
  logKey = encodeVerifierKey(parseSignerKey(signer).verifier);
  const key = join(dir, 'log.key');
  writeFileSync(key, signer, { mode: 0o600 });
  witness = startCommand(
    [
      'witness',
      '--name',
      'witness.example',
      '--logs',
      file('logs', logKey),
      '--dir',
      join(dir, 'witness'),
      '--port',
      '0',
    ],
    {},
  );
  const said = await new Promise<string>((serves) => {
    let output = '';
    witness.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (/serves at \S+ .*\n\S+\n/.test((output += text))) serves(output);
    });
  });
  const [, url, verifier] = /serves at (\S+) .*\n(\S+)\n/.exec(said)!;
  witnessKey = verifier!;
  witnessUrl = url!;
  const witnesses = file('witnesses', `# who watches us\n${witnessKey} ${url}\n`);
  ledger = await Ledger.start({
    LEDGER_ORIGIN: ORIGIN,
    LEDGER_SIGNING_DIR: dir,
    LEDGER_WITNESSES: witnesses,
  });
});
afterAll(async () => {
  await ledger.remove();
  await stopWitness();
  rmSync(dir, { recursive: true });
});

async function stopWitness(): Promise<void> {
  if (witness.exitCode !== null || witness.signalCode !== null) return;
  const exited = once(witness, 'exit');
  witness.kill();
  await exited;
}

const register = async (id: string) =>
  (await ledger.call<{ sequence: number }>('POST', '/v1/organisations', { body: { id, name: id } })).body
    .sequence;

async function cosignedBy(sequence: number): Promise<number> {
  const { text } = await ledger.call('GET', `/v1/audit/checkpoint?minSequence=${sequence}`);
  return verifiedSignatures(parseCheckpoint(text).note, [parseVerifierKey(witnessKey)]).length;
}

test('each checkpoint is cosigned, also after a restart, and a policy that asks for it is fulfilled', async () => {
  expect(await cosignedBy(await register('one'))).toBe(1);
  expect(await cosignedBy(await register('two'))).toBe(1);
  await ledger.stop();
  await ledger.start();
  expect(await cosignedBy(await register('three'))).toBe(1);
  const bundle = file('bundle', (await ledger.call('GET', '/v1/audit/bundle')).text);
  const policy = file('policy', `log ${logKey}\nwitness w ${witnessKey}\nquorum w\n`);
  expect((await runCommand(['verify', bundle, '--policy', policy], {})).code).toBe(0);
});

test('C4: the witness shows what it cosigned last to whoever asks for it by the hash of the log’s name', async () => {
  const { text } = await ledger.call('GET', `/v1/audit/checkpoint?minSequence=${await register('seen')}`);
  const shown = await fetch(`${witnessUrl}/${hash('sha256', ORIGIN, 'hex')}/checkpoint`);
  expect([shown.status, parseCheckpoint(await shown.text()).note.text]).toEqual([
    200,
    parseCheckpoint(text).note.text,
  ]);
  expect((await fetch(`${witnessUrl}/${hash('sha256', 'other', 'hex')}/checkpoint`)).status).toBe(404);
});

test('C2: a ledger that was rolled back with its signing directory is not ready once its witness shows what it forgot', async () => {
  await ledger.stop();
  const copy = mkdtempSync(join(tmpdir(), 'ledger-old-'));
  for (const [name, from] of [
    ['data', ledger.dataDir],
    ['signing', dir],
  ] as const)
    cpSync(from, join(copy, name), { recursive: true });
  await ledger.start();
  await cosignedBy(await register('forgotten'));
  const forgetful = await Ledger.start({
    DATA_DIR: join(copy, 'data'),
    LEDGER_ORIGIN: ORIGIN,
    LEDGER_SIGNING_DIR: join(copy, 'signing'),
    LEDGER_WITNESSES: join(dir, 'witnesses'),
  });
  const forked = await forgetful.call<{ sequence: number }>('POST', '/v1/organisations', {
    body: { id: 'forked', name: 'forked' },
  });
  const signed = await forgetful.call('GET', `/v1/audit/checkpoint?minSequence=${forked.body.sequence}`);
  expect([signed.status, (await forgetful.call('GET', '/health/ready')).status]).toEqual([503, 503]);
  expect(parseCheckpoint(readFileSync(join(copy, 'signing', 'fork.checkpoint'), 'utf8')).origin).toBe(ORIGIN);
  expect(
    (await forgetful.call('POST', '/v1/organisations', { body: { id: 'more', name: 'more' } })).status,
  ).toBe(503);
  await forgetful.remove();
  rmSync(copy, { recursive: true });
});

test('F6: a second witness neither serves from the same directory, nor under another name', async () => {
  const start = (name: string) =>
    runCommand(
      ['witness', '--name', name, '--logs', join(dir, 'logs'), '--dir', join(dir, 'witness'), '--port', '0'],
      {},
    );
  expect(await start('witness.example')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another process has the witness’s directory') as unknown,
  });
  await stopWitness();
  expect(await start('other.example')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('has the key of the witness witness.example') as unknown,
  });
});

test('without it a checkpoint is signed all the same, and the policy cannot be said to be fulfilled', async () => {
  await stopWitness();
  expect(await cosignedBy(await register('four'))).toBe(0);
  const bundle = file('bundle', (await ledger.call('GET', '/v1/audit/bundle')).text);
  const policy = join(dir, 'policy');
  const { code, stdout } = await runCommand(['verify', bundle, '--policy', policy], {});
  expect([code, stdout]).toEqual([2, expect.stringMatching(/only these cosigned: none/)]);
});
