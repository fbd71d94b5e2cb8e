/** What looks like personal data is refused before it is written anywhere, unless someone says why it may be. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProblemDocument } from '../../src/api/problem.views.js';
import type { ImportReceiptView } from '../../src/submissions/imports.dto.js';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger, type Answer } from '../support/ledger.js';
import { plainBytesOf } from '../support/plain-bytes.js';
import { correct, OUTCOME, record, registerProgramme, submit, withdraw } from '../support/outcomes.js';

const VALUES = [
  '943 476 5919',
  '943-476-5919',
  '9434765919',
  'someone@example.org',
  'Placeholder',
  'SW1A 1AA',
];
const NUMBER = 'seen as 943 476 5919';
const MAIL = 'ask someone@example.org';
const POSTCODE = 'Mrs Placeholder, SW1A 1AA';
const REASON = 'a grant reference that passes the check';
const KEY = '2c7e9a14-5b60-4f3d-8a1c-0d9e8f7a6b5c';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start({ LOG_LEVEL: 'trace' });
  await registerProgramme(ledger);
});
afterAll(() => ledger.remove());

const faultsIn = ({ text }: Answer<unknown>) =>
  (JSON.parse(text) as ProblemDocument).errors!.map(({ code, pointer, line }) => ({ code, pointer, line }));
const events = async (after: number) => {
  const { body } = await ledger.call<{ events: { data: { words?: Record<string, unknown> } }[] }>(
    'GET',
    `/v1/events?after=${after}`,
  );
  return body.events.map(({ data }) => data);
};
const importCsv = <Body>(rows: readonly string[], headers: Record<string, string> = {}, more = '') =>
  ledger.call<Body>('POST', `/v1/programmes/asthma-care/imports${more}`, {
    body: ['measure,quantity,from,basis,evidence_title,note', ...rows, ''].join('\n'),
    headers: { 'content-type': 'text/csv', ...headers },
  });
const ROWS = [
  'patients-benefited,1,2023-04-01,counted,Quarter 1 return,',
  `patients-benefited,2,2023-04-01,counted,Quarter 1 return,${NUMBER}`,
  `patients-benefited,3,2023-04-01,counted,${MAIL},"${POSTCODE}"`,
];

/** Everything that the process has written: its log, and each file of its data directory. */
function written(): string {
  const files = readdirSync(ledger.dataDir, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => plainBytesOf(join(file.parentPath, file.name)).toString('latin1'));
  return [ledger.log, ...texts].join('\n');
}

describe('what looks like personal data', () => {
  test('is told by field, all at once, and leaves no trace in the answer, the log or a file', async () => {
    const told: string[] = [];
    const refused = async (asking: Promise<Answer<unknown>>, faults: readonly object[]) => {
      const answer = await asking;
      expect([answer.status, faultsIn(answer)]).toEqual([422, faults]);
      told.push(answer.text);
    };
    const at = (pointer: string, line?: number) => ({ code: 'personal-data-suspected', pointer, line });
    const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
    const { id } = outcomes[0]!;
    const submitted = [
      { ...OUTCOME, note: NUMBER },
      { ...OUTCOME, evidence: { title: POSTCODE } },
    ];
    await refused(submit(ledger, 'asthma-care', submitted), [
      at('/outcomes/0/note'),
      at('/outcomes/1/evidence/title'),
    ]);
    await refused(correct(ledger, id, 0, { ...OUTCOME, note: MAIL, reason: NUMBER }), [
      at('/note'),
      at('/reason'),
    ]);
    await refused(withdraw(ledger, id, 0, MAIL), [at('/reason')]);
    const programme = { id: 'of-nobody', name: POSTCODE, startedOn: '2020-04-01', description: NUMBER };
    await refused(ledger.call('POST', '/v1/programmes', { body: programme }), [
      at('/name'),
      at('/description'),
    ]);
    const rows = [at('/note', 3), at('/evidence_title', 4), at('/note', 4)];
    await refused(importCsv(ROWS), rows);
    await refused(importCsv(ROWS, {}, '?dryRun=true'), rows);
    const followed = await importCsv(ROWS, {}, '.ndjson');
    told.push(followed.text);
    // In a column where it does not belong it is wrong in another way, and not told back either.
    const misplaced = await importCsv(['patients-benefited,943 476 5919,someone@example.org,counted,,']);
    expect([misplaced.status, faultsIn(misplaced).map(({ pointer }) => pointer)]).toEqual([
      422,
      ['/from', '/quantity'],
    ]);
    told.push(misplaced.text);
    const strange = { ...OUTCOME, measure: '9434765919', organisation: '943-476-5919' };
    await refused(submit(ledger, 'asthma-care', [strange]), [
      { code: 'measure-unknown', pointer: '/outcomes/0/measure' },
      { code: 'organisation-unknown', pointer: '/outcomes/0/organisation' },
    ]);

    // What was refused is in no file even when all that waits in memory has been written.
    await ledger.stop();
    const everything = [...told, written()].join('\n');
    expect(everything).toContain('personal-data-suspected');
    expect(everything).toContain('Quarter 1 return');
    expect(VALUES.filter((value) => everything.includes(value))).toEqual([]);
    await ledger.start();
  });

  test('is a quantity where a quantity belongs', async () => {
    expect((await submit(ledger, 'asthma-care', [{ ...OUTCOME, quantity: 9_434_765_919 }])).status).toBe(201);
  });
});

describe('an override', () => {
  const send = (body: object) =>
    ledger.call<{ sequence: number }>('POST', '/v1/programmes/asthma-care/submissions', {
      body,
      headers: { 'idempotency-key': KEY },
    });
  const outcomes = [OUTCOME, { ...OUTCOME, note: NUMBER }];

  test('records, and is kept with the events that needed it', async () => {
    const first = await send({ outcomes, personalDataOverride: { reason: REASON } });
    expect(first.status).toBe(201);
    const [plain, overridden] = await events(first.body.sequence - 2);
    expect(plain!.words).not.toHaveProperty('personalDataOverride');
    expect(overridden!.words).toMatchObject({ note: NUMBER, personalDataOverride: { reason: REASON } });
    for (const again of [{ outcomes, personalDataOverride: { reason: REASON } }, { outcomes }]) {
      expect(await send(again)).toMatchObject({ status: 200, body: first.body });
    }
  });

  test('says why, in words that hold no personal data', async () => {
    for (const [reason, pointer] of [
      ['why', '/personalDataOverride/reason'],
      [`of ${NUMBER}`, '/personalDataOverride/reason'],
    ]) {
      const answer = await send({ outcomes, personalDataOverride: { reason } });
      // Recorded content is recorded: only a new key asks the rules again.
      expect(answer.status).toBe(reason === 'why' ? 422 : 200);
      const other = await ledger.call('POST', '/v1/programmes/asthma-care/submissions', {
        body: { outcomes, personalDataOverride: { reason } },
        headers: { 'idempotency-key': KEY.replace('2c', '3c') },
      });
      expect([other.status, faultsIn(other)[0]!.pointer]).toEqual([422, pointer]);
    }
  });

  test('of a file comes in a header, holds for its rows, and is not asked for again', async () => {
    const header = { 'personal-data-override': REASON };
    const wrong = await importCsv(ROWS, { 'personal-data-override': `of ${NUMBER}` });
    expect([wrong.status, wrong.text.includes('943')]).toEqual([400, false]);
    const { status, body } = await importCsv<ImportReceiptView>(ROWS, header);
    expect([status, body.recorded]).toEqual([201, 3]);
    const recorded = await events(body.sequence! - 3);
    expect(recorded.map(({ words }) => words?.['personalDataOverride'])).toEqual([
      undefined,
      { reason: REASON },
      { reason: REASON },
    ]);
    const again = await importCsv<ImportReceiptView>(ROWS);
    expect([again.status, again.body.recorded, again.body.repeated]).toEqual([200, 0, 3]);
  });

  test('can be given on the command line', async () => {
    const file = join(ledger.dataDir, 'rows.ndjson');
    const row = { measure: 'jobs-created', quantity: 7, effective: { from: '2023-04-01' }, basis: 'counted' };
    writeFileSync(file, `${JSON.stringify({ ...row, note: NUMBER })}\n`);
    const env = { LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY };
    const importing = ['import', file, '--programme', 'asthma-care'];
    const refused = await runCommand(importing, env);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('line 1: note: the text looks'),
    ]);
    expect(refused.stderr + refused.stdout).not.toContain('943');
    const done = await runCommand([...importing, '--personal-data-override', REASON], env);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('recorded 1 outcomes')]);
    const history = await runCommand(['history', 'asthma-care', '--type', 'JobCreated'], env);
    expect(history.stdout).toContain(`looks like personal data, recorded because: ${REASON}`);
  });
});
