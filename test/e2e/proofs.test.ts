/** Single proofs in the hands of the checker, history folded to a checkpoint, and a key that is changed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { parseSignerKey, signNote } from '../../src/tlog/note.js';
import { keyIn, ORIGIN, textOf } from '../support/audited-ledger.js';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-proofs-'));
const file = (name: string) => join(dir, name);
const matching = (what: RegExp): unknown => expect.stringMatching(what);
let ledger: Ledger;

const outcome = { measure: 'jobs-created', effective: { from: '2023-04-01' }, basis: 'counted' };

beforeAll(async () => {
  ledger = await Ledger.start({ LEDGER_ORIGIN: ORIGIN });
  const programme = { id: 'fund', name: 'Fund', startedOn: '2020-04-01' };
  await ledger.call('POST', '/v1/programmes', { body: programme });
  await submit(1);
  await save('key', '/v1/audit/key');
  await save('old', '/v1/audit/checkpoint?minSequence=60');
  await save('old-proof', '/v1/audit/events/60/tlog-proof');
  await submit(2);
  await save('new', '/v1/audit/checkpoint?minSequence=80');
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

async function submit(number: number): Promise<void> {
  const outcomes = Array.from({ length: 20 }, (_, index) => ({ ...outcome, quantity: 100 + index }));
  await ledger.call('POST', '/v1/programmes/fund/submissions', {
    body: { outcomes },
    headers: { 'idempotency-key': `00000000-0000-4000-8000-00000000000${number}` },
  });
}

async function save(name: string, path: string): Promise<string> {
  const { text } = await ledger.call('GET', path);
  writeFileSync(file(name), text);
  return text;
}

const run = (...args: string[]) =>
  runCommand(args, { DATA_DIR: ledger.dataDir, LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });
const verify = async (name: string, ...args: string[]) => {
  const { code, stdout } = await run('verify', file(name), ...args);
  return [code, stdout];
};
const KEY = ['--key', file('key')];

describe('ledger verify takes the proof of an event', () => {
  beforeAll(async () => {
    await save('event', '/v1/events.ndjson?after=54&limit=1');
    await save('text', '/v1/audit/events/55/tlog-proof');
    await save('json', '/v1/audit/events/55/proof');
  });

  test('as a tlog-proof with its event, and as JSON, which has the entry', async () => {
    const good = [0, matching(/^Good.*\n {2}1 events of the 8\d in ledger\.example\.org/)];
    expect(await verify('text', ...KEY, '--event', file('event'))).toEqual(good);
    // As curl saves it where it is told to end each answer with a newline.
    writeFileSync(file('longer'), `${readFileSync(file('text'), 'utf8')}\n`);
    expect(await verify('longer', ...KEY, '--event', file('event'))).toEqual(good);
    expect(await verify('json', ...KEY)).toEqual(good);
    expect(await verify('json', ...KEY, '--event', file('event'))).toEqual(good);
  });

  test('and cannot tell of what event it is, or who vouches for it', async () => {
    expect(await verify('text', ...KEY)).toEqual([2, matching(/name a file with the event by --event/)]);
    expect(await verify('json')).toEqual([2, matching(/nobody vouches for the key/)]);
    expect(await verify('json', ...KEY, '--expect', 'everything')).toEqual([
      2,
      matching(/--expect and --since-time are for bundles/),
    ]);
    const { envelope: _, ...proof } = { envelope: 0, ...(JSON.parse(textOf(file('json'))) as object) };
    const bare = JSON.stringify(proof).replace(/,"checkpoint":\{"envelope":"[^"]*"\}/, '');
    writeFileSync(file('bare'), bare);
    expect(await verify('bare', ...KEY)).toEqual([2, matching(/nobody vouches for the root/)]);
  });

  test('and never takes an event for good that hides what it was sealed with', async () => {
    const hidden = async (change: (event: Record<string, unknown>) => void) => {
      const event = JSON.parse(textOf(file('event'))) as Record<string, unknown>;
      change(event);
      writeFileSync(file('hidden'), JSON.stringify(event));
      const [code] = await verify('text', ...KEY, '--event', file('hidden'));
      expect((await verify('json', ...KEY, '--event', file('hidden')))[0]).toBe(code);
      return code;
    };
    expect(await hidden(() => undefined)).toBe(0);
    expect(await hidden((event) => delete event['factssalt'])).toBe(2);
    expect(await hidden((event) => (event['factssalt'] = null))).toBe(2);
    expect(await hidden((event) => delete event['factshash'])).toBe(2);
    expect(await hidden((event) => (event['data'] = {}))).toBe(2);
    expect(await hidden((event) => (event['note'] = 'anything'))).toBe(2);
    expect(await hidden((event) => (event['subject'] = 'another'))).toBe(2);
    expect(await hidden((event) => (event['ledgersequence'] = 54))).toBe(1);
    expect(await hidden((event) => (event['recordedfrom'] = 'system'))).toBe(1);
    const twice = textOf(file('event')).replace('"quantity":', '"quantity":1,"quantity":');
    writeFileSync(file('twice'), twice);
    expect((await verify('text', ...KEY, '--event', file('twice')))[0]).toBe(2);
  });

  test.each([
    [
      'another quantity',
      'event',
      (text: string) => text.replace(/"quantity":\d+/, '"quantity":7'),
      /content/,
    ],
    [
      'another time',
      'event',
      (text: string) => text.replace('"time":"20', '"time":"19'),
      /leads to the root/,
    ],
    ['another index', 'text', (text: string) => text.replace('index 55', 'index 54'), /leads to the root/],
    [
      'another root',
      'text',
      (text: string) => text.replace(/\n8\d\n/, '\n90\n'),
      /too short|too long|leads to|does not verify: the text is not the one/,
    ],
  ])('and tells %s', async (_what, altered, alter, says) => {
    const files = { event: file('event'), text: file('text') };
    writeFileSync(file('altered'), alter(textOf(file(altered))));
    const names = { ...files, [altered]: file('altered') };
    const { code, stdout } = await run('verify', names.text, ...KEY, '--event', names.event);
    expect([code, stdout]).toEqual([1, matching(says)]);
  });
});

describe('ledger verify takes the proof that the log only grew', () => {
  const between = ['--since', file('old'), '--checkpoint', file('new')];

  test('from one checkpoint to another', async () => {
    const sizes = ['old', 'new'].map((name) => parseCheckpoint(textOf(file(name))).size);
    await save('growth', `/v1/audit/consistency?from=${sizes[0]}&to=${sizes[1]}`);
    expect(await verify('growth', ...between, ...KEY)).toEqual([0, matching(/^Good/)]);
  });

  test('and cannot tell without them', async () => {
    expect(await verify('growth', ...KEY)).toEqual([2, matching(/nobody vouches for the earlier root/)]);
    expect(await verify('growth', ...KEY, '--since', file('old'))).toEqual([
      2,
      matching(/nobody vouches for the root that the proof leads to/),
    ]);
  });

  test('and tells another beginning', async () => {
    const { hashes } = JSON.parse(textOf(file('growth'))) as { hashes: string[] };
    writeFileSync(file('other'), textOf(file('growth')).replace(hashes[0]!, hashes[1]!));
    expect(await verify('other', ...between, ...KEY)).toEqual([1, matching(/leads to the root/)]);
  });

  test('B3: and cannot tell where files do not belong together, which is no tampering', async () => {
    const pair = ['--since', file('new'), '--checkpoint', file('new')];
    expect(await verify('growth', ...pair, ...KEY)).toEqual([2, matching(/this is a wrong pair/)]);
  });

  test('A9: and looks at who signed the earlier checkpoint', async () => {
    const signature = / [A-Za-z0-9+/=]{90,}\n$/;
    const bytes = Buffer.from(signature.exec(textOf(file('old')))![0].trim(), 'base64');
    const forged = Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(bytes.length - 4)]);
    writeFileSync(file('forged'), textOf(file('old')).replace(signature, ` ${forged.toString('base64')}\n`));
    const files = ['--since', file('forged'), '--checkpoint', file('new')];
    expect(await verify('growth', ...files, ...KEY)).toEqual([1, matching(/does not verify/)]);
    writeFileSync(
      file('unsigned'),
      textOf(file('old')).replace(signature, ` ${Buffer.alloc(68, 1).toString('base64')}\n`),
    );
    const others = ['--since', file('unsigned'), '--checkpoint', file('new')];
    expect(await verify('growth', ...others, ...KEY)).toEqual([2, matching(/which is no key of this log/)]);
  });
});

describe('C3: ledger verify compares two checkpoints', () => {
  test('of one size, and asks for the proof between two sizes', async () => {
    expect(await verify('new', '--since', file('new'), ...KEY)).toEqual([0, matching(/^Good/)]);
    expect(await verify('new', '--since', file('old'), ...KEY)).toEqual([2, matching(/consistency\?from=/)]);
    expect(await verify('new', '--since', file('new'))).toEqual([2, matching(/give the one you know/)]);
    expect(await verify('new', ...KEY)).toEqual([2, matching(/is a checkpoint, and no bundle/)]);
  });

  test('and tells a fork by two roots that the log signed', async () => {
    const signer = parseSignerKey(textOf(keyIn(ledger.dataDir)).trim());
    const [origin, size] = textOf(file('new')).split('\n');
    const other = `${origin}\n${size}\n${Buffer.alloc(32, 1).toString('base64')}\n`;
    writeFileSync(file('forked'), signNote(other, [signer]));
    expect(await verify('new', '--since', file('forked'), ...KEY)).toEqual([1, matching(/FORK/)]);
    // Anyone could have written the other, as long as nobody says whose signature counts.
    expect(await verify('new', '--since', file('forked'))).toEqual([2, matching(/give the one you know/)]);
  });
});

describe('ledger replay folds history to a checkpoint', () => {
  test('and comes to the root that was signed', async () => {
    const { size } = parseCheckpoint(textOf(file('old')));
    const { code, stdout } = await run('replay', '--until', file('old'));
    expect([code, stdout]).toEqual([0, matching(/, as it was signed\./)]);
    expect(stdout).toMatch(new RegExp(`^Replayed ${size} events`));
    expect((await run('replay', '--until', file('old'), ...KEY, '--json')).stdout).toMatch(/"agrees":true/);
  });

  test('and believes none of another key, nor one that is altered', async () => {
    writeFileSync(file('forged'), textOf(file('old')).replace(/\n\d+\n/, '\n3\n'));
    expect(await run('replay', '--until', file('forged'))).toMatchObject({
      code: 2,
      stderr: matching(/does not verify: the text is not the one/),
    });
    writeFileSync(file('other-key'), `${ORIGIN}+00000000+AQ==`);
    expect((await run('replay', '--until', file('old'), '--key', file('other-key'))).code).toBe(2);
    expect((await run('replay', '--until', '99999')).code).toBe(2);
  });
});

describe('ledger log rotate-key', () => {
  test('adds a key, with which both sign, and takes the old one away when both have', async () => {
    expect(await run('log', 'rotate-key', '--finish')).toMatchObject({
      code: 1,
      stderr: matching(/only one key signs/),
    });
    expect((await run('log', 'rotate-key')).code).toBe(0);
    expect(statSync(keyIn(ledger.dataDir)).mode & 0o777).toBe(0o600);
    expect(await run('log', 'rotate-key')).toMatchObject({ code: 1, stderr: matching(/two keys sign/) });
    expect(await run('log', 'rotate-key', '--finish')).toMatchObject({
      code: 1,
      stderr: matching(/no checkpoint was signed with both keys yet/),
    });
    await ledger.stop();
    await ledger.start();
    const both = (await save('both', '/v1/audit/key')).trim().split('\n');
    expect(both).toHaveLength(2);
    expect(both[0]).toBe(textOf(file('key')).trim());
    expect(parseCheckpoint(await save('overlap', '/v1/audit/checkpoint')).note.signatures).toHaveLength(2);
    expect((await run('log', 'rotate-key', '--finish')).code).toBe(0);
    await ledger.stop();
    await ledger.start();
    expect((await save('rotated', '/v1/audit/key')).trim()).toBe(both[1]);
    await submit(3);
  });

  test('after which the new key continues what the old one signed', async () => {
    expect((await run('prove', '--out', file('all'), '--since', file('old'))).code).toBe(0);
    const since = ['--since', file('old'), '--since-time', '2020-01-01T00:00:00Z'];
    const { code, stdout } = await run('verify', file('all'), ...since, '--key', file('both'));
    expect([code, stdout]).toEqual([0, matching(/^Good/)]);
    expect(await run('verify', file('all'), ...since, ...KEY)).toMatchObject({
      code: 1,
      stdout: matching(/not signed with a key that is trusted/),
    });
    expect(await run('verify', '--live')).toMatchObject({ code: 0 });
  });
});
