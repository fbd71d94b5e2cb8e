/** A lawful erasure: what people wrote is in no file any more, figures stand, and everything still proves itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SubmissionId } from '../../src/kernel/ids.js';
import { outcomeIdOf, submissionStream } from '../../src/kernel/ids.js';
import { Clock } from '../../src/kernel/clock.js';
import { runDecider } from '../../src/store/run-decider.js';
import type { AppendRow } from '../../src/store/sqlite/format.js';
import { eventsFile, SqliteStore } from '../../src/store/sqlite/store.js';
import { submissionDecider } from '../../src/domain/submission.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { ORIGIN, textOf } from '../support/audited-ledger.js';
import { runCommand } from '../support/command.js';
import { plainBytesOf } from '../support/plain-bytes.js';
import { walOf } from '../../src/store/wal-damage.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { ADMIN_KEY, Ledger, type Answer } from '../support/ledger.js';

const ERASED = ['Zebra', 'Quagga', 'Okapi', 'Bongo', 'Kudu'];
const KEPT = 'Giraffe';
const dir = mkdtempSync(join(tmpdir(), 'ledger-erasure-'));
const file = (name: string) => join(dir, name);
const submissionId = (number: number) => `00000000-0000-4000-8000-00000000000${number}` as SubmissionId;
const ONE = `${submissionId(1)}.2`;
let ledger: Ledger;
let before: readonly unknown[];

const outcome = (quantity: number, more: object = {}) => ({
  measure: 'jobs-created',
  quantity,
  effective: { from: '2023-04-01' },
  basis: 'counted',
  ...more,
});
const evidence = { title: 'Minutes of Quagga', uri: 'https://example.org/Okapi' };
const SHA256 = 'a'.repeat(64);
const first = [
  outcome(1),
  outcome(20, { note: 'seen by Zebra', evidence, evidenceSha256: SHA256 }),
  outcome(3, { note: KEPT }),
];
const corrected = outcome(21, { note: 'seen by Bongo', reason: 'Zebra was counted twice' });

beforeAll(async () => {
  ledger = await Ledger.start({ LEDGER_ORIGIN: ORIGIN });
  await call('POST', '/v1/programmes', { id: 'fund', name: 'Fund', startedOn: '2020-04-01' });
  await submit(5, [outcome(1)]);
  await submit(1, first);
  // So that the record is spread over pages of its own, and pages are split and joined.
  await submit(
    2,
    Array.from({ length: 300 }, (_, index) => outcome(index, { note: `site ${index}` })),
  );
  await change('correction', 0, corrected);
  await change('withdrawal', 1, { reason: 'Kudu asked for it' });
  writeFileSync(file('key'), (await call('GET', '/v1/audit/key')).text);
  writeFileSync(file('old'), (await call('GET', '/v1/audit/checkpoint?minSequence=0')).text);
  before = await figures();
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

const call = <Body = unknown>(method: string, path: string, body?: object, headers = {}) =>
  ledger.call<Body>(method, path, { body, headers });
const submit = (number: number, outcomes: readonly object[]) =>
  call<{ type: string }>(
    'POST',
    '/v1/programmes/fund/submissions',
    { outcomes },
    {
      'idempotency-key': submissionId(number),
    },
  );
const change = (what: string, version: number, body: object) =>
  call<{ sequence: number; type: string }>('POST', `/v1/outcomes/${ONE}/${what}`, body, {
    'if-match': `"${version}"`,
  });
const run = (...args: string[]) =>
  runCommand(args, { DATA_DIR: ledger.dataDir, LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });
const order = { reason: 'request 2024-17', authorisedBy: 'Data protection officer' };

/** All that is told of figures, now and earlier. */
async function figures(): Promise<unknown[]> {
  const ask = '/v1/totals/annual?measure=jobs&from=2023-24&to=2023-24';
  const last = Number((await call('GET', '/v1/measures')).headers.get('ledger-sequence'));
  const answers: Answer<{ years: unknown }>[] = [];
  for (const back of [0, 1, 2, 10]) {
    answers.push(await call('GET', `${ask}&asAtSequence=${Math.min(last, LAST) - back}`));
  }
  return answers.map(({ body }) => body.years);
}
/** Of the withdrawal. */
let LAST = Number.MAX_SAFE_INTEGER;

/** Which words stand in which file of a directory, whatever file that is. */
function found(words: readonly string[], dataDir: string): string[] {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.flatMap(({ parentPath, name }) => {
    const bytes = plainBytesOf(join(parentPath, name));
    return words.filter((word) => bytes.includes(word)).map((word) => `${word} in ${name}`);
  });
}

describe('an erasure', () => {
  test('is refused where it is of nothing, or would itself have to be erased', async () => {
    const path = `/v1/outcomes/${ONE}/erasure`;
    expect((await call('POST', `/v1/outcomes/${submissionId(9)}.1/erasure`, order)).status).toBe(404);
    const telling = { ...order, reason: 'asked by jane.doe@example.org' };
    expect((await call('POST', path, telling)).body).toMatchObject({
      status: 422,
      errors: [{ code: 'personal-data-suspected', pointer: '/reason' }],
    });
    const wordless = await call('POST', `/v1/outcomes/${submissionId(5)}.1/erasure`, order);
    expect(wordless.body).toMatchObject({ status: 422, type: 'urn:outcome-ledger:problem:nothing-to-erase' });
    expect((await run('erase', 'nothing', '--reason', 'x', '--authorised-by', 'y')).code).toBe(2);
    expect(found(ERASED, ledger.dataDir)).not.toEqual([]);
  });

  test('leaves what was written in no file, and other words where they are', async () => {
    LAST = Number((await call('GET', '/v1/measures')).headers.get('ledger-sequence'));
    const told = await run('erase', ONE, '--reason', order.reason, '--authorised-by', order.authorisedBy);
    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining('is erased') as unknown });
    expect(found(ERASED, ledger.dataDir)).toEqual([]);
    // Older copies of pages stand in the log until it is emptied.
    expect(statSync(walOf(eventsFile(ledger.dataDir))).size).toBe(0);
    expect(found([KEPT, 'site 299'], ledger.dataDir)).not.toEqual([]);
  });

  test('is an event of its own, and changes nothing when it is asked for again', async () => {
    const again = await call<{ sequence: number }>('POST', `/v1/outcomes/${ONE}/erasure`, order);
    expect([again.status, again.body]).toEqual([200, { id: ONE, version: 2, sequence: LAST + 1 }]);
    const { body } = await call<{ events: object[] }>('GET', `/v1/events?after=${LAST}`);
    const { reason, authorisedBy } = order;
    const data = { facts: { authorisedBy, outcomeId: ONE, erased: [1, 3, 4] }, words: { reason } };
    expect(body.events).toMatchObject([{ type: 'OutcomeErased', data }]);
  });

  test('changes no figure, now or as at any moment', async () => {
    expect(await figures()).toEqual(before);
  });

  test('leaves facts alone in events, stories, exports and histories', async () => {
    const events = await call('GET', '/v1/programmes/fund/history');
    const story = await call<object>('GET', `/v1/outcomes/${ONE}`);
    const answers = [
      events.text,
      story.text,
      (await run('history', ONE)).stdout,
      (await run('history', 'fund', '--json')).stdout,
      (await run('history', submissionId(1))).stdout,
      (await call('GET', `/v1/totals/changes?measure=jobs&earlier=${LAST - 2}`)).text,
    ];
    for (const answer of answers) {
      expect(answer.length).toBeGreaterThan(100);
      expect(ERASED.filter((word) => answer.includes(word))).toEqual([]);
    }
    expect(story.body).toMatchObject({
      version: 2,
      status: 'withdrawn',
      versions: [
        { erased: true, outcome: { quantity: 20, evidenceSha256: SHA256 } },
        { erased: true, outcome: { quantity: 21 } },
        { erased: true },
      ],
      erasures: [{ ...order, sequence: LAST + 1 }],
    });
    expect(story.text).not.toMatch(/"(note|title|uri)"/);
    expect((await run('history', ONE)).stdout).toContain('its words were erased by a lawful order');
    const other = await call<object>('GET', `/v1/outcomes/${submissionId(1)}.3`);
    expect(other.body).toMatchObject({ versions: [{ outcome: { note: KEPT } }] });
  });

  test('lets a retry be known again, and refuses other figures under its key', async () => {
    expect((await submit(1, first)).status).toBe(200);
    expect((await change('correction', 0, corrected)).status).toBe(200);
    expect((await change('withdrawal', 1, { reason: 'Kudu asked for it' })).status).toBe(200);
    expect(
      (await submit(1, first.with(1, outcome(22, { note: 'x', evidence, evidenceSha256: SHA256 })))).status,
    ).toBe(409);
    expect((await submit(1, first.with(1, outcome(20, { note: 'x' })))).status).toBe(409);
    expect((await submit(1, first.with(0, outcome(1, { note: 'x' })))).status).toBe(409);
  });
});

describe('after an erasure', () => {
  test('everything continues the checkpoint that was kept before it, and shows every erasure', async () => {
    await run('prove', '--out', file('all'), '--since', file('old'));
    const good = await run('verify', file('all'), '--key', file('key'), '--since', file('old'));
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('3 of them without their words') as unknown,
    });
    expect(good.stdout).toContain(
      `  sequence ${LAST + 1}: the words of ${ONE} were erased by admin, authorised by ${order.authorisedBy}`,
    );
    expect(ERASED.filter((word) => textOf(file('all')).includes(word))).toEqual([]);
  });

  test.each([
    ['now', ''],
    ['as it was before', '&asAtSequence=100'],
  ])(
    'a figure %s is proven, with the facts and the erasure that says where their words are',
    async (_when, asAt) => {
      const proof = await call('GET', `/v1/figures/proof?measure=jobs&from=2023-24${asAt}`);
      writeFileSync(file('figure'), proof.text);
      expect(await run('verify', file('figure'), '--key', file('key'))).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('of them without their words') as unknown,
      });
      writeFileSync(file('inflated'), proof.text.replace('"quantity":20}', '"quantity":22}'));
      const altered = await run('verify', file('inflated'), '--key', file('key'));
      expect(altered).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('was altered: the facts') as unknown,
      });
    },
  );

  test.each(['csv', 'ndjson'])(
    'exports as %s have no word of it, now or as at any moment',
    async (format) => {
      // Of the first version, of the corrected one, and after its withdrawal.
      for (const [asAt, quantity] of [
        [LAST - 2, 20],
        [LAST - 1, 21],
        [LAST + 1, undefined],
      ] as const) {
        const out = file(`${asAt}.${format}`);
        const what = [
          'export',
          'outcomes',
          '--format',
          format,
          '--as-at-sequence',
          String(asAt),
          '--out',
          out,
        ];
        expect(await run(...what)).toMatchObject({ code: 0 });
        const text = readFileSync(out, 'utf8');
        expect(ERASED.filter((word) => text.includes(word))).toEqual([]);
        expect(text).toContain(KEPT);
        const told = text.split('\n').filter((line) => line.includes(ONE));
        expect(told).toHaveLength(quantity === undefined ? 0 : 1);
        if (quantity !== undefined) expect(told[0]).toMatch(new RegExp(`\\b${quantity}\\b`));
      }
    },
  );

  test('all files agree, also after a rebuild and a start', async () => {
    const agree = async () => {
      expect(await run('verify', '--live')).toMatchObject({ code: 0 });
      expect(await run('replay')).toMatchObject({ code: 0 });
      expect(await figures()).toEqual(before);
    };
    await agree();
    expect((await run('rebuild')).code).toBe(0);
    await agree();
    await ledger.stop();
    await ledger.start();
    await agree();
    expect(found(ERASED, ledger.dataDir)).toEqual([]);
  });

  test('the ledger is copied as it is, to another directory and to EventStoreDB and back', async () => {
    await ledger.stop();
    const double = await ProtocolDouble.start();
    try {
      const [there, back] = [double.url, file('back')];
      expect(await run('copy', '--from', ledger.dataDir, '--to', there)).toMatchObject({ code: 0 });
      const copied = await run('copy', '--from', there, '--to', back);
      expect(copied).toMatchObject({ code: 0, stdout: expect.stringContaining('the same') as unknown });
      expect(found([...ERASED, KEPT], back)).toEqual([`${KEPT} in events.db`]);
    } finally {
      await double.kill();
      await ledger.start();
    }
  });

  test('words that are stripped without an order, or facts that are altered beside them, are told', async () => {
    await ledger.stop();
    const strip = async (name: string, alter: (text: string) => string) => {
      const dataDir = file(name);
      cpSync(ledger.dataDir, dataDir, { recursive: true });
      const db = openDatabase(eventsFile(dataDir), PUBLIC_KEY);
      const rows = db.prepare('SELECT * FROM appends').all() as AppendRow[];
      for (const row of rows) {
        const events = alter(row.events);
        db.prepare('UPDATE appends SET events = ? WHERE position = ?').run(events, row.position);
      }
      db.close();
      const { code, stdout } = await runCommand(['verify', '--live'], { DATA_DIR: dataDir });
      expect(code).toBe(1);
      return stdout;
    };
    const redact = (text: string) =>
      text
        .split('\n')
        .map((line) =>
          line.includes(KEPT)
            ? line.replace(/"wordsSalt":"[^"]+",/, '').replace(/,"words":\{[^}]*\}/, '')
            : line,
        )
        .join('\n');
    expect(await strip('stripped', redact)).toMatch(/words of event .* are gone, and no erasure says so/);
    const inflate = (text: string) => text.replaceAll('"quantity":20}', '"quantity":2000}');
    expect(await strip('left-otherwise', inflate)).toMatch(/was altered: the facts have the hash/);
    await ledger.start();
  });
});

test('an erasure that was cut short is finished when the ledger starts again', async () => {
  const note = 'Pangolin';
  const id = submissionId(4);
  await submit(4, [outcome(5, { note })]);
  await ledger.stop();
  const store = await SqliteStore.open(ledger.dataDir);
  const erase = { kind: 'erase', outcomeId: outcomeIdOf(id, 1), line: 1, ...order } as const;
  const provenance = { actor: 'admin', role: 'admin', correlationId: 'c', source: 'api' } as const;
  const stream = submissionStream(id);
  await runDecider({ store, clock: new Clock() }, submissionDecider, { stream, command: erase, provenance });
  await store.close();
  expect(found([note], ledger.dataDir)).not.toEqual([]);
  await ledger.start();
  expect(found([note], ledger.dataDir)).toEqual([]);
});

test('a ledger on EventStoreDB refuses it before anything is recorded, and says why', async () => {
  const double = await ProtocolDouble.start();
  const other = await Ledger.start({ EVENT_STORE_URL: double.url, LEDGER_ORIGIN: ORIGIN });
  try {
    const answer = await other.call('POST', `/v1/outcomes/${ONE}/erasure`, { body: order });
    expect(answer.body).toMatchObject({ status: 422, type: 'urn:outcome-ledger:problem:erasure-impossible' });
  } finally {
    await other.remove();
    await double.kill();
  }
});
