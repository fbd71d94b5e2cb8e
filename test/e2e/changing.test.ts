/** One outcome is changed from the command line, and what others wrote is shown so that it forges no line. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start({ LOG_LEVEL: 'silent' });
});
afterAll(() => ledger.remove());

const run = (...args: string[]) => runCommand(args, { LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });
const post = async (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  (await ledger.call('POST', path, { body, headers })).status;

describe('ledger correct, withdraw and reinstate (files A1)', () => {
  const outcome = '0b8f5a52-6d3c-4f0e-9d0a-00000000c0de.1';

  beforeAll(async () => {
    await post('/v1/programmes', { id: 'changing', name: 'Changing', startedOn: '2020-04-01' });
    const recorded = {
      measure: 'care-homes-supported',
      quantity: 120,
      organisation: 'wessex',
      effective: { from: '2024-03-31' },
      basis: 'counted',
    };
    const key = { 'idempotency-key': outcome.slice(0, -2) };
    expect(await post('/v1/programmes/changing/submissions', { outcomes: [recorded] }, key)).toBe(201);
  });

  test('change only what is said, and tell from what to what', async () => {
    const { code, stdout } = await run(
      'correct',
      outcome,
      '--amount',
      '125',
      '--note',
      'a recount',
      '--reason',
      'five more',
    );
    expect([code, stdout.split('\n').slice(1)]).toEqual([
      0,
      ['  quantity: from 120 care homes to 125 care homes', '  note: from nothing to a recount', ''],
    ]);
    expect((await run('correct', outcome, '--without', 'note', '--reason', 'as before')).stdout).toContain(
      'note: from a recount to nothing',
    );
    expect((await run('withdraw', outcome, '--reason', 'not ours')).stdout).toContain(
      'is withdrawn: version 3',
    );
    expect((await run('reinstate', outcome, '--reason', 'ours')).stdout).toContain('stands again: version 4');
    expect((await run('history', outcome)).stdout).toMatch(/took the withdrawal back.*\n    because: ours/);
  });

  test.each([
    [['--reason', 'nothing'], 1, 'The correction changes nothing'],
    [['--reason', 'old', '--amount', '1', '--if-version', '0'], 1, 'stands at version'],
    [['--reason', 'x', '--numerator', 'two'], 2, '--numerator must be a whole number'],
    [['--reason', 'x', '--to', '2024-03-31'], 2, 'say --from beside --to'],
    [['--amount', '5'], 2, "required option '--reason <reason>' not specified"],
  ])('refuse %j', async (options, code, says) => {
    const refused = await run('correct', outcome, ...options);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(says)]);
  });
});

test('a line of history, totals or keys is never one that somebody else has written (F1, M8)', async () => {
  const id = '0b8f5a52-6d3c-4f0e-9d0a-00000000f0f0';
  const forged = 'typo\n  2026-11-29T12:00:00.000Z  admin corrected it  (sequence 171)\u200b';
  await post('/v1/programmes', { id: 'forging', name: 'Forging', startedOn: '2020-04-01' });
  const outcome = {
    measure: 'views',
    quantity: 5,
    basis: 'counted',
    effective: { from: '2023-05-01' },
    note: forged,
  };
  const key = { 'idempotency-key': id };
  expect(await post('/v1/programmes/forging/submissions', { outcomes: [outcome] }, key)).toBe(201);
  const change = { quantity: 500, note: null, evidence: { title: forged }, reason: forged };
  expect(await post(`/v1/outcomes/${id}.1/correction`, change, { 'if-match': '"0"' })).toBe(200);
  for (const told of [id, `${id}.1`, 'forging']) {
    const { stdout } = await run('history', told);
    expect(stdout).not.toMatch(/^ *2026-11-29T12/m);
    expect(stdout).toContain(
      'typo\\n  2026-11-29T12:00:00.000Z  admin corrected it  (sequence 171)\\u{200b}',
    );
  }
});
