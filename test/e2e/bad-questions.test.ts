/** Wrong parameters, forged cursors and unknown ids: each gets its precise problem and changes nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';
import { andServesOn, refusal, Watch } from '../support/refusals.js';

const PROGRAMME = 'lipid-management';
const KEY = '5b0f4d5e-2f0e-4a0b-9a51-3c6f5a9c2d01';
const UNUSED = '5b0f4d5e-2f0e-4a0b-9a51-3c6f5a9c2dff';
const SUBMISSIONS = `/v1/programmes/${PROGRAMME}/submissions`;
const PEOPLE = 'measure=patients-benefited';

let ledger: Ledger;
let watch: Watch;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger, PROGRAMME);
  await submit(ledger, PROGRAMME, [OUTCOME, { ...OUTCOME, quantity: 7 }], KEY);
  await record(ledger, PROGRAMME, { ...OUTCOME, effective: { from: '2022-04-01' } });
  watch = await Watch.over(ledger);
});
afterEach(() => watch.nothingRecorded());
afterAll(() => ledger.remove());

const ask = (path: string, headers: Record<string, string> = {}) =>
  refusal(ledger, 'GET', `/v1/${path}`, { headers });

describe('a parameter that is wrong', () => {
  test.each([
    ['totals/annual?', '/measure'],
    ['totals/annual?measure=', '/measure'],
    ['totals/annual?measure=Patients', '/measure'],
    [`totals/annual?${PEOPLE}&${PEOPLE}`, '/measure'],
    [`totals/annual?${PEOPLE}&measures=jobs`, '/measures'],
    [`totals/annual?${PEOPLE}&__proto__=1`, '/__proto__'],
    [`totals/annual?${PEOPLE}&toString=1`, '/toString'],
    [`totals/annual?${PEOPLE}&from[]=2020-21`, '/from[]'],
    [`totals/annual?${PEOPLE}&from=2023-25`, '/from'],
    [`totals/annual?${PEOPLE}&from=2023`, '/from'],
    [`totals/annual?${PEOPLE}&to=2999-00`, '/to'],
    [`totals/annual?${PEOPLE}&from=2023-24&to=2022-23`, '/to'],
    [`totals/annual?${PEOPLE}&groupBy=measure`, '/groupBy'],
    [`totals/annual?${PEOPLE}&allowBreaks=yes`, '/allowBreaks'],
    [`totals/annual?${PEOPLE}&asAt=2026-02-30`, '/asAt'],
    [`totals/annual?${PEOPLE}&asAt=2023-04-01T25:00:00Z`, '/asAt'],
    [`totals/annual?${PEOPLE}&asAt=2023-04-01T09:30:00+01:00`, '/asAt'],
    [`totals/annual?${PEOPLE}&asAt=yesterday`, '/asAt'],
    [`totals/annual?${PEOPLE}&asAt=2999-01-01`, '/asAt'],
    [`totals/annual?${PEOPLE}&asAt=2026-01-01&asAtSequence=1`, '/asAt'],
    [`totals/annual?${PEOPLE}&asAtSequence=1000000`, '/asAtSequence'],
    [`totals/annual?${PEOPLE}&asAtSequence=-1`, '/asAtSequence'],
    [`totals/annual?${PEOPLE}&asAtSequence=1e3`, '/asAtSequence'],
    [`totals/annual?${PEOPLE}&asAtSequence=9007199254740993`, '/asAtSequence'],
    [`totals/annual?${PEOPLE}&minSequence=9999999999999999`, '/minSequence'],
    [`totals/annual?${PEOPLE}&minSequence=soon`, '/minSequence'],
    [`totals/since?${PEOPLE}&from=2018`, '/from'],
    [`totals/since?${PEOPLE}&from=2023-24&to=2019-20`, '/to'],
    [`totals/changes?${PEOPLE}`, '/earlier'],
    [`totals/changes?${PEOPLE}&earlier=1000000`, '/earlier'],
    [`totals/changes?${PEOPLE}&earlier=40&later=39`, '/later'],
    [`outcomes?${PEOPLE}&limit=0`, '/limit'],
    [`outcomes?${PEOPLE}&limit=501`, '/limit'],
    [`outcomes?${PEOPLE}&limit=1&limit=2`, '/limit'],
    [`outcomes?${PEOPLE}&limit=%20 1`, '/limit'],
    ['events?after=-1', '/after'],
    ['events?after=1000000', '/after'],
    ['events?until=1000000', '/until'],
    ['events?until=2026-02-30', '/until'],
    ['events?limit=1001', '/limit'],
    ['events?type=outcome', '/type'],
    ['events?type=PatientBenefitted', '/type'],
    ['events/stream?type=KeyInvented', '/type'],
    ['events?cursor=1', '/cursor'],
    ['events/stream?after=1000000', '/after'],
    [`programmes/${PROGRAMME}/history?programme=other`, '/programme'],
    ['programmes?limit=0', '/limit'],
    ['programmes?after=%ff', '/after'],
    ['organisations?limit=1.0', '/limit'],
    ['organisations/wessex?on=2026-02-30', '/on'],
    [`submissions/${KEY}?x=1`, '/x'],
  ])('%s', async (path, pointer) => {
    expect(await ask(path)).toBe(`400 bad-query ${pointer}`);
  });

  test('such as one that a call that changes something does not take', async () => {
    const body = { outcomes: [OUTCOME] };
    const headers = { 'idempotency-key': UNUSED };
    const told = await refusal(ledger, 'POST', `${SUBMISSIONS}?dryRun=true`, { body, headers });
    expect(told).toBe('400 bad-query /dryRun');
    const unheard = await refusal(ledger, 'POST', '/v1/organisations?dryRun=true', {
      body: { id: 'new', name: 'New' },
    });
    expect(unheard).toBe('400 bad-query');
  });
  andServesOn(() => watch, PROGRAMME);
});

describe('a cursor that is forged', () => {
  /** Of the first page of a list, and with some of its numbers changed. */
  async function cursors(list: string) {
    const { body } = await ledger.call<{ next: string }>('GET', `/v1/${list}&limit=1`);
    const parts = JSON.parse(Buffer.from(body.next, 'base64url').toString()) as unknown[];
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return { next: body.next, parts, encode };
  }

  test.each([`outcomes?${PEOPLE}`, `totals/changes?${PEOPLE}&earlier=20`])('of %s', async (list) => {
    const { next, parts, encode } = await cursors(list);
    for (const [place, value] of [0, 1, 2].flatMap((index) =>
      [-1, 0, 0.5, 1e15, 2 ** 53, '1', null].map((odd) => [index, odd] as const),
    )) {
      const forged = encode(parts.with(place, value));
      if (forged !== next) expect(await ask(`${list}&after=${forged}`)).toBe('400 bad-query /after');
    }
    for (const odd of [null, {}, [], parts.slice(1), [...parts, 1], parts.with(3, 'AAAAAAAAAAAA'), 'text']) {
      expect(await ask(`${list}&after=${encode(odd)}`)).toBe('400 bad-query /after');
    }
    for (const text of ['', 'A', '!!', next.slice(1), `${next}=`, `${next}x`, 'A'.repeat(401)]) {
      expect(await ask(`${list}&after=${text}`)).toBe('400 bad-query /after');
    }
    expect((await ledger.call('GET', `/v1/${list}&after=${next}`)).status).toBe(200);
  });

  test('of another question', async () => {
    const { next } = await cursors(`outcomes?${PEOPLE}`);
    for (const question of [
      'jobs',
      'patients-benefited&from=2019-20',
      'patients-benefited&programme=lipid-management',
    ]) {
      expect(await ask(`outcomes?measure=${question}&after=${next}`)).toBe('400 bad-query /after');
    }
    expect(await ask(`totals/changes?${PEOPLE}&earlier=20&after=${next}`)).toBe('400 bad-query /after');
  });

  test('of another ledger, which had recorded the same', async () => {
    const { next } = await cursors(`outcomes?${PEOPLE}`);
    const other = await Ledger.start();
    try {
      await registerProgramme(other, PROGRAMME);
      await submit(other, PROGRAMME, [OUTCOME, { ...OUTCOME, quantity: 7 }], KEY);
      await record(other, PROGRAMME, { ...OUTCOME, effective: { from: '2022-04-01' } }, OUTCOME);
      const path = `/v1/outcomes?${PEOPLE}&after=${next}`;
      expect(await refusal(other, 'GET', path)).toBe('400 bad-query /after');
    } finally {
      await other.remove();
    }
  });
  andServesOn(() => watch, PROGRAMME);
});

describe('an id that is unknown', () => {
  test.each([
    ['programmes/nobody', 'programme-unknown'],
    ['programmes/__proto__', 'programme-unknown'],
    ['programmes/%00', 'programme-unknown'],
    ['programmes/..%2Fmeasures', 'programme-unknown'],
    [`programmes/${'p'.repeat(5_000)}`, 'programme-unknown'],
    ['programmes/nobody/history', 'programme-unknown'],
    ['organisations/Wessex', 'organisation-unknown'],
    ['measures/toString', 'measure-unknown'],
    [`submissions/${UNUSED}`, 'submission-unknown'],
    ['submissions/1', 'submission-unknown'],
    [`submissions/{${KEY}}`, 'submission-unknown'],
    [`outcomes/${KEY}.3`, 'outcome-unknown'],
    [`outcomes/${KEY}.0`, 'outcome-unknown'],
    [`outcomes/${KEY}.01`, 'outcome-unknown'],
    [`outcomes/${KEY}.501`, 'outcome-unknown'],
    [`outcomes/${KEY}`, 'outcome-unknown'],
    ['totals/annual?measure=nothing', 'measure-unknown'],
    [`totals/annual?${PEOPLE}&programme=nobody`, 'programme-unknown'],
    [`outcomes?${PEOPLE}&organisation=nobody`, 'organisation-unknown'],
    ['events?programme=nobody', 'programme-unknown'],
    ['events/stream?programme=nobody', 'programme-unknown'],
    ['nothing', 'not-found'],
    ['events/', 'not-found'],
  ])('%s', async (path, code) => {
    expect(await ask(path)).toBe(`404 ${code}`);
  });

  test('in a call that changes something', async () => {
    const headers = { 'idempotency-key': UNUSED, 'if-match': '"0"' };
    const post = (path: string, body: object) => refusal(ledger, 'POST', `/v1/${path}`, { body, headers });
    const correction = { ...OUTCOME, reason: 'recount' };
    expect(await post('programmes/nobody/submissions', { outcomes: [OUTCOME] })).toBe(
      '404 programme-unknown',
    );
    expect(await post('programmes/NOBODY/submissions', { outcomes: [OUTCOME] })).toBe(
      '404 programme-unknown',
    );
    expect(await post('programmes/nobody/reopening', { reason: 'r' })).toBe('404 programme-unknown');
    expect(await post('organisations/nobody/names', { name: 'N', from: '2020-01-01' })).toBe(
      '404 organisation-unknown',
    );
    expect(await post(`outcomes/${UNUSED}.1/correction`, correction)).toBe('404 outcome-unknown');
    expect(await post(`outcomes/${KEY}.3/correction`, correction)).toBe('404 outcome-unknown');
    expect(await post('outcomes/1/withdrawal', { reason: 'r' })).toBe('404 outcome-unknown');
  });
  andServesOn(() => watch, PROGRAMME);
});
