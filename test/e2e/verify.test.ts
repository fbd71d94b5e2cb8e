/** An auditor's way through it all: fetch, keep, fetch again, check; and what each command says of real tampering. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Verdict } from '../../src/checker/verdict.js';
import { makeSignerKey } from '../../src/tlog/note.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { rebuildOffline } from '../../src/read-models/rebuild.js';
import { openReader } from '../../src/store/open-store.js';
import { alterStore, alterViews, sealAnew, type StoredEvent } from '../support/altered-files.js';
import { headIn, keyIn, ORIGIN, textOf, withLedgerIn } from '../support/audited-ledger.js';
import { runCommand, type CommandResult } from '../support/command.js';
import { ADMIN_KEY, Ledger, type Answer } from '../support/ledger.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-verify-'));
const file = (name: string) => join(dir, name);
let ledger: Ledger;
/** As it was left, stopped. */
let dataDir: string;

const outcomes = Array.from({ length: 280 }, (_, index) => ({
  measure: index % 2 === 0 ? 'jobs-created' : 'jobs-safeguarded',
  quantity: 100 + index,
  effective: { from: '2023-04-01' },
  basis: 'counted',
}));

beforeAll(async () => {
  ledger = await Ledger.start({ LEDGER_ORIGIN: ORIGIN });
  await post('/v1/programmes', { id: 'jobs-fund', name: 'Jobs fund', startedOn: '2020-04-01' });
  await submit(1, outcomes);
  await save('key', '/v1/audit/key');
  await save('old-checkpoint', '/v1/audit/checkpoint?minSequence=100');
  await submit(2, outcomes.slice(0, 20));
  await submit(3, outcomes.slice(0, 3));
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

const post = <Body>(path: string, body: object, headers = {}) =>
  ledger.call<Body>('POST', path, { body, headers });
const submit = (number: number, some: readonly object[]) =>
  post<object>(
    '/v1/programmes/jobs-fund/submissions',
    { outcomes: some },
    { 'idempotency-key': `00000000-0000-4000-8000-00000000000${number}` },
  );

async function save(name: string, path: string): Promise<Answer<unknown>> {
  const answer = await ledger.call('GET', path);
  writeFileSync(file(name), answer.text);
  return answer;
}

const run = (...args: string[]) =>
  runCommand(args, { DATA_DIR: ledger.dataDir, LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });

describe('ledger prove and ledger verify', () => {
  test('take everything home, and find it good', async () => {
    expect(await run('prove', '--out', file('all'), '--since', file('old-checkpoint'))).toMatchObject({
      code: 0,
    });
    const { code, stdout } = await run(
      'verify',
      file('all'),
      '--since',
      file('old-checkpoint'),
      '--key',
      file('key'),
    );
    expect(stdout).toMatch(
      /^Good: nothing was altered, removed or added\.\n {2}\d+ events of the \d+ in ledger/,
    );
    expect(code).toBe(0);
    expect((await run('verify', file('all'), '--since', file('old-checkpoint'))).code).toBe(0);
  });

  test('cannot tell without anything that is trusted', async () => {
    const { code, stdout } = await run('verify', file('all'));
    expect(stdout).toMatch(/^Cannot tell\.\n {2}unknown: nobody vouches for the key/);
    expect(code).toBe(2);
    expect((await run('verify', file('nothing'))).code).toBe(2);
    expect((await run('verify')).code).toBe(2);
  });

  test('name the first event that was altered, for people and as JSON', async () => {
    const text = textOf(file('all')).replace('"quantity":150}', '"quantity":151}');
    writeFileSync(file('altered'), text);
    const { code, stdout } = await run('verify', file('altered'), '--key', file('key'));
    expect(stdout).toMatch(
      /^TAMPERED: this is not what was recorded\.\n {2}differs: sequence \d+: the content of the event/,
    );
    expect(code).toBe(1);
    const json = await run('verify', file('altered'), '--key', file('key'), '--json');
    const { verdict, faults } = JSON.parse(json.stdout) as Verdict;
    const line = text
      .split('\n')
      .findIndex((each) => each.includes('"quantity":151}') && each.includes('"revision":50,'));
    expect([verdict, faults[0]!.sequence, json.code]).toEqual(['tampered', line - 1, 1]);
  });

  test('prove a figure, which its events come to', async () => {
    const asked = 'measure=jobs&from=2023-24';
    await save('figure', `/v1/figures/proof?${asked}`);
    const totals = await ledger.call<{ years: { total: number }[] }>('GET', `/v1/totals/annual?${asked}`);
    const { total } = totals.body.years[0]!;
    const good = await run('verify', file('figure'), '--key', file('key'));
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Good/) as unknown });
    writeFileSync(
      file('inflated'),
      textOf(file('figure')).replace(`"total":${total}`, `"total":${total + 1}`),
    );
    const inflated = await run('verify', file('inflated'), '--key', file('key'));
    expect(inflated.stdout).toContain(`has total ${total + 1}, but its events come to ${total}`);
    expect(inflated.code).toBe(1);
  });

  test('prove a figure as at a moment before its measure was there: nothing', async () => {
    await save('early', '/v1/figures/proof?measure=jobs&from=2023-24&asAtSequence=0');
    const early = await run('verify', file('early'), '--key', file('key'));
    expect(early.stdout).toMatch(/^Good.*2023-24: no outcomes/s);
  });

  test('cannot tell of what the ledger refused to prove, and a period that ends before it begins is refused', async () => {
    for (const asked of [
      '/v1/figures/proof?measure=jobs&groupBy=programme',
      '/v1/audit/bundle?after=9&until=5',
    ]) {
      const { status, text } = await ledger.call('GET', asked);
      expect(status).toBe(400);
      writeFileSync(file('refused'), text);
      const told = await run('verify', file('refused'), '--key', file('key'));
      expect(told).toMatchObject({ code: 2, stdout: expect.stringContaining('is no bundle') as unknown });
      expect(told.stdout).toContain((JSON.parse(text) as { detail: string }).detail);
    }
    await save('empty', '/v1/audit/bundle?after=9&until=9');
    expect((await run('verify', file('empty'), '--key', file('key'))).code).toBe(0);
  });

  test('read in the report what was altered, and nothing that it would rather have them read', async () => {
    const talking = `${String.raw`"actor":"admin","x\nGood: all is well\u001b[2K`}\u2800":1`;
    writeFileSync(file('talking'), textOf(file('all')).replace('"actor":"admin"', talking));
    const { code, stdout } = await run('verify', file('talking'), '--key', file('key'));
    expect(code).toBe(1);
    expect(stdout).toContain('Good: all is well');
    expect(stdout).not.toMatch(/^Good|[\u001b\u2800]/m);
  });

  test('prove a figure with everything, so that no event that belongs to it can be left out', async () => {
    const prove = ['prove', '--measure', 'jobs', '--from', '2023-24', '--whole', '--out', file('whole')];
    expect(await run(...prove)).toMatchObject({ code: 0 });
    const told = ['verify', file('whole'), '--key', file('key'), '--expect', 'everything'];
    const { code, stdout } = await run(...told);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Good: nothing was altered, removed or added\./);
    expect(stdout).toMatch(/ {2}figure of jobs, as .*\n {4}2023-24: \d+ from \d+ outcomes \(counted \d+\)\n/);
    expect(stdout).not.toContain('that no other event belongs to the figure');
    writeFileSync(
      file('inflated'),
      textOf(file('whole')).replace(/"total":(\d+)/, (_, total) => `"total":${Number(total) + 1}`),
    );
    expect((await run('verify', file('inflated'), '--key', file('key'))).code).toBe(1);
    expect((await run('verify', file('figure'), '--key', file('key'), '--expect', 'everything')).code).toBe(
      2,
    );
  });

  test('and ledger-verify does the same with nothing of the ledger but itself', () => {
    const dist = resolve(__dirname, '../../dist');
    const alone = file('alone');
    mkdirSync(alone);
    for (const part of ['checker', 'domain', 'kernel', 'tlog'])
      cpSync(join(dist, part), join(alone, part), { recursive: true });
    const checker = (...args: string[]) =>
      spawnSync(process.execPath, [join(alone, 'checker/verify.js'), ...args], {
        cwd: alone,
        encoding: 'utf8',
      });
    expect(checker(file('all'), '--key', file('key'))).toMatchObject({ status: 0 });
    expect(checker(file('altered'), '--key', file('key')).status).toBe(1);
    expect(checker(file('all')).status).toBe(2);
    expect(checker('--help').stdout).toContain('ledger-verify <bundle or proof>');
    expect(checker('--nonsense').status).toBe(2);
  });
});

describe('on a running ledger', () => {
  test('ledger verify --live finds all in agreement', async () => {
    await ledger.call('GET', '/v1/audit/checkpoint?minSequence=300');
    const { code, stdout } = await run(
      'verify',
      '--live',
      '--since',
      file('old-checkpoint'),
      '--key',
      file('key'),
    );
    expect(stdout).toMatch(/^Good: \d+ events, their log, all read models and what was signed agree\./);
    expect(code).toBe(0);
  });
});

describe('what is done to the files of a ledger', () => {
  let kept: string;
  let first: number;
  beforeAll(async () => {
    const page = await ledger.call<{ events: { ledgersequence: number }[] }>(
      'GET',
      '/v1/programmes/jobs-fund/history?limit=2',
    );
    first = page.body.events[1]!.ledgersequence;
    await ledger.stop();
    kept = file('kept');
    dataDir = ledger.dataDir;
    cpSync(dataDir, kept, { recursive: true });
  });
  const restore = () => {
    rmSync(dataDir, { recursive: true });
    cpSync(kept, dataDir, { recursive: true });
  };
  const live = () => run('verify', '--live');
  const says = ({ code, stdout, stderr }: CommandResult) => `${code} ${stdout}${stderr}`;

  const STORE: readonly (readonly [string, (all: StoredEvent[][]) => void, number])[] = [
    [
      'changes an event, with its hash',
      ([one]) => {
        one![10]!.data.facts['quantity'] = 1;
        sealAnew(one![10]!);
      },
      10,
    ],
    ['removes an event', ([one]) => void one!.splice(20, 1), 20],
    [
      'inserts an event',
      ([one]) => {
        const more = structuredClone(one!.at(-1)!);
        more.data.facts['outcomeId'] = String(more.data.facts['outcomeId']).replace(
          /\d+$/,
          String(one!.length + 1),
        );
        sealAnew(more);
        one!.push(more);
      },
      280,
    ],
    ['swaps two events', ([one]) => void ([one![30], one![31]] = [one![31]!, one![30]!]), 30],
    [
      'dates an event back',
      ([one]) => void (one![40]!.metadata['recordedAt'] = '2020-05-01T00:00:00.000Z'),
      40,
    ],
    ['changes who recorded it', ([one]) => void (one![50]!.metadata['actor'] = 'somebody'), 50],
    [
      'changes a salt',
      ([one]) => {
        one![60]!.metadata['factsSalt'] = 'AAAAAAAAAAAAAAAAAAAAAA';
        sealAnew(one![60]!);
      },
      60,
    ],
    ['takes the last submission away', (all) => void all.at(-1)!.splice(0), 300],
  ];

  describe.each(STORE)('who %s', (_what, change, offset) => {
    beforeAll(() => {
      restore();
      alterStore(dataDir, change);
    });

    test('is found by verify --live, which names the first event that is not what it was', async () => {
      const told = says(await live());
      expect(told).toMatch(/^1 TAMPERED/);
      expect(told).toContain(`sequence ${first + offset}: `);
      // To build the read models anew would hide it.
      expect(says(await run('replay'))).toMatch(/^1 (?!.*ledger rebuild)/s);
    });

    test('and builds the read models anew is found by the last signed head', async () => {
      const reader = await openReader({ dataDir });
      await rebuildOffline(reader, { dataDir, key: PUBLIC_KEY }, () => undefined);
      await reader.close();
      expect(says(await live())).toMatch(/^1 TAMPERED.*\n {2}differs: the last signed head has/);
    });

    test('and forgets that head too is found by whoever kept a checkpoint', async () => {
      rmSync(headIn(dataDir));
      const head = textOf(join(kept, 'signing', 'head'));
      writeFileSync(file('last-checkpoint'), head);
      const size = Number(head.split('\n')[1]);
      const forged = await withLedgerIn(dataDir, async (one) => {
        const now = Number((await one.checkpoint()).split('\n')[1]);
        return one.bundle({ since: Math.min(size, now) });
      });
      writeFileSync(file('forged'), forged);
      const told = says(
        await run('verify', file('forged'), '--since', file('last-checkpoint'), '--key', file('key')),
      );
      expect(told).toMatch(/^1 TAMPERED/);
      expect(told).toMatch(/are not those of the earlier checkpoint|events are gone/);
      // With the signer's own key: alone, the bundle looks like any other.
      expect((await run('verify', '--live', '--since', file('last-checkpoint'))).code).toBe(1);
    });
  });

  test.each([
    [
      'alters a figure',
      () =>
        alterViews(
          dataDir,
          `UPDATE cells SET state = '9' || substr(state, 2) WHERE id = (SELECT max(id) FROM cells)`,
        ),
      /measure "jobs-\w+", .*: state in cells is/,
    ],
    [
      'alters a tile',
      () => alterViews(dataDir, 'UPDATE log_nodes SET hash = zeroblob(32)'),
      /level 1, number 0: hash in log_nodes is/,
    ],
    [
      'alters a leaf',
      () => alterViews(dataDir, 'UPDATE events SET leaf = zeroblob(32) WHERE sequence = 5'),
      /sequence 5: /,
    ],
    [
      'alters a payload',
      () => alterStore(dataDir, ([one]) => void (one![9]!.data.facts['quantity'] = 1)),
      /sequence \d+: event .* was altered: the facts/,
    ],
    [
      'alters the last signed head',
      () => writeFileSync(headIn(dataDir), textOf(headIn(dataDir)).replace(/\n(\d)(\d*)\n/, '\n1$2\n')),
      /last signed head .*(does not verify|cannot be read)/,
    ],
    [
      'replaces the key',
      () => writeFileSync(keyIn(dataDir), makeSignerKey(ORIGIN, 'log')),
      /was not signed with a key that is trusted/,
    ],
  ])('who %s is found by verify --live', async (_what, alter, says) => {
    restore();
    alter();
    const { code, stdout } = await live();
    expect(stdout).toMatch(says);
    expect(code).toBe(1);
  });

  test('who has another key sign is found by whoever knows the key', async () => {
    restore();
    rmSync(headIn(dataDir));
    writeFileSync(keyIn(dataDir), makeSignerKey(ORIGIN, 'log'));
    writeFileSync(file('resigned'), await withLedgerIn(dataDir, (one) => one.bundle()));
    const { code, stdout } = await run('verify', file('resigned'), '--key', file('key'));
    expect(stdout).toMatch(/not signed with a key that is trusted/);
    expect(code).toBe(1);
    expect((await run('verify', '--live', '--key', file('key'))).code).toBe(1);
  });

  test('no erasure hides a figure that was altered: its facts are held to the log without their words', async () => {
    restore();
    alterStore(dataDir, ([one]) => {
      const altered = one![10]!;
      altered.data.facts['quantity'] = 9_050;
      const { words: _, ...facts } = altered.data;
      altered.data = facts as StoredEvent['data'];
      delete altered.metadata['wordsSalt'];
      const erasure = structuredClone(one!.at(-1)!);
      const { outcomeId, programmeId } = altered.data.facts;
      erasure.type = 'OutcomeErased';
      erasure.metadata['schema'] = 'outcome-erased@2';
      const authorisedBy = 'Data protection officer';
      erasure.data.facts = { authorisedBy, erased: [10], outcomeId, programmeId };
      erasure.id = '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11';
      sealAnew(erasure);
      one!.push(erasure);
    });
    const isFound = async () => {
      expect(says(await live())).toMatch(/^1 TAMPERED/);
      expect(says(await run('replay'))).toMatch(/^1 /);
    };
    await isFound();
    const reader = await openReader({ dataDir });
    await rebuildOffline(reader, { dataDir, key: PUBLIC_KEY }, () => undefined);
    await reader.close();
    await isFound();
    expect((await live()).stdout).toMatch(/was altered: the facts have the hash/);
    rmSync(headIn(dataDir));
    writeFileSync(file('erased'), await withLedgerIn(dataDir, (one) => one.bundle()));
    const told = says(await run('verify', file('erased'), '--key', file('key')));
    expect(told).toMatch(/^1 TAMPERED.*\n.*was altered: the facts have the hash/);
  });

  test('a ledger whose past was altered does not start, even on read models that were built anew', async () => {
    restore();
    alterStore(dataDir, ([one]) => void (one![40]!.metadata['recordedAt'] = '2020-05-01T00:00:00.000Z'));
    rmSync(join(dataDir, 'views'), { recursive: true });
    await expect(ledger.start()).rejects.toThrow(/a checkpoint of \d+ events was signed with the root/);
  });

  test('what cannot be checked with, or asked of it, leaves open what is there', async () => {
    restore();
    writeFileSync(file('no-checkpoint'), 'hello\n');
    const asked = [
      ['--since', file('nothing')],
      ['--since', file('no-checkpoint')],
      ['--key', 'x'],
      ['--policy', file('key')],
      ['--since-time', '2024-01-01'],
    ];
    for (const more of asked) {
      expect([more, (await run('verify', '--live', ...more)).code]).toEqual([more, 2]);
    }
    expect((await runCommand(['verify', '--live'], { DATA_DIR: file('nothing') })).code).toBe(2);
    alterViews(dataDir, `DROP TABLE cell_log`);
    expect((await live()).code).toBe(2);
  });

  test('what nobody altered is good still', async () => {
    restore();
    expect(says(await live())).toMatch(/^0 Good/);
    expect(readFileSync(headIn(dataDir), 'utf8')).toBe(textOf(join(kept, 'signing', 'head')));
  });
});
