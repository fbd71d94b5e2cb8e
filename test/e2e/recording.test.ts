import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ledger } from '../support/ledger.js';
import { correct, OUTCOME, record, registerProgramme, submit, withdraw } from '../support/outcomes.js';

const KEY = '0b9d2c1e-4a57-4d3c-9f0e-6d1f6b8a2c11';
let ledger: Ledger;

beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger);
});
afterAll(() => ledger.remove());

interface Problem {
  readonly type: string;
  readonly errors?: readonly { readonly code: string; readonly pointer: string }[];
}
const slug = (problem: unknown) => (problem as Problem).type.replace('urn:outcome-ledger:problem:', '');

describe('a submission', () => {
  test('is answered with the id and the sequence of each outcome', async () => {
    const { status, body } = await submit(ledger, 'asthma-care', [OUTCOME, { ...OUTCOME, quantity: 5 }], KEY);
    expect(status).toBe(201);
    const [first, second] = body.outcomes;
    expect(body).toMatchObject({ submission: KEY, programme: 'asthma-care', sequence: second!.sequence });
    expect([first!.id, second!.id]).toEqual([`${KEY}.1`, `${KEY}.2`]);
    expect(second!.sequence).toBe(first!.sequence + 1);
  });

  test('repeated with the same content gets the original receipt, after a restart too', async () => {
    const outcomes = [OUTCOME, { ...OUTCOME, quantity: 5 }];
    const again = await submit(ledger, 'asthma-care', outcomes, KEY);
    expect(again.status).toBe(200);
    expect(await ledger.stop()).toBe(0);
    await ledger.start();
    const afterRestart = await submit(ledger, 'asthma-care', outcomes, KEY.toUpperCase());
    expect(afterRestart.status).toBe(200);
    expect(afterRestart.body).toEqual(again.body);
  });

  test('under a key that was used for other content is refused', async () => {
    for (const outcomes of [[OUTCOME], [OUTCOME, { ...OUTCOME, quantity: 6 }]]) {
      const { status, body } = await submit(ledger, 'asthma-care', outcomes, KEY);
      expect([status, slug(body)]).toEqual([409, 'idempotency-key-reused']);
    }
    await registerProgramme(ledger, 'other-programme');
    const elsewhere = await submit(ledger, 'other-programme', [OUTCOME, { ...OUTCOME, quantity: 5 }], KEY);
    expect(elsewhere.status).toBe(409);
  });

  test('tells every fault at once, each with its pointer, and records nothing', async () => {
    const before = await ledger.call<{ next: string | null }>('GET', '/v1/events?limit=1000');
    const { status, body } = await submit(ledger, 'asthma-care', [
      OUTCOME,
      { ...OUTCOME, measure: 'no-such-measure', organisation: 'nobody' },
      { ...OUTCOME, effective: { from: '2023-03-01', to: '2023-04-30' }, bounds: { low: 1300, high: 1400 } },
      { ...OUTCOME, effective: { from: '2017-04-01', to: '2017-06-30' } },
      { ...OUTCOME, quantity: undefined, numerator: 3, denominator: 2 },
    ]);
    expect(status).toBe(422);
    expect((body as unknown as Problem).errors!.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['measure-unknown', '/outcomes/1/measure'],
      ['organisation-unknown', '/outcomes/1/organisation'],
      ['bounds-exclude-quantity', '/outcomes/2/bounds'],
      ['effective-period-spans-years', '/outcomes/2/effective'],
      ['outside-programme-life', '/outcomes/3/effective/from'],
      ['quantity-does-not-fit-kind', '/outcomes/4/quantity'],
      ['quantity-does-not-fit-kind', '/outcomes/4/numerator'],
      ['quantity-does-not-fit-kind', '/outcomes/4/denominator'],
      ['numerator-exceeds-denominator', '/outcomes/4/numerator'],
    ]);
    expect((await ledger.call('GET', '/v1/events?limit=1000')).text).toBe(before.text);
  });

  test('tells what the form says of some outcomes together with what the rules say of the others', async () => {
    const faultsOf = async (programme: string, outcomes: readonly unknown[], more: object = {}) => {
      const body = { outcomes, ...more };
      const headers = { 'idempotency-key': '5a0c5a1e-0000-4000-8000-0000000000f1' };
      const answer = await ledger.call<Problem>('POST', `/v1/programmes/${programme}/submissions`, {
        body,
        headers,
      });
      expect([answer.status, slug(answer.body)]).toEqual([422, 'invalid-content']);
      return answer.body.errors!.map(({ code, pointer }) => [code, pointer]);
    };
    const wrong = [
      { ...OUTCOME, quantity: '1,200' },
      { ...OUTCOME, measure: 'no-such-measure', note: 'ask someone@example.org' },
      { ...OUTCOME, colour: 'red' },
      { ...OUTCOME, effective: { from: '2023-03-01', to: '2023-04-30' } },
      null,
    ];
    const form = [
      ['type', '/outcomes/0/quantity'],
      ['unknown-field', '/outcomes/2/colour'],
      ['type', '/outcomes/4'],
    ];
    const rules = [
      ['measure-unknown', '/outcomes/1/measure'],
      ['personal-data-suspected', '/outcomes/1/note'],
      ['effective-period-spans-years', '/outcomes/3/effective'],
    ];
    expect(await faultsOf('asthma-care', wrong)).toEqual([...form, ...rules]);
    expect(await faultsOf('no-such-programme', wrong)).toEqual([...form, ['programme-unknown', undefined]]);
    expect(await faultsOf('Not an id', wrong)).toEqual([...form, ['programme-unknown', undefined]]);
    const overridden = await faultsOf('asthma-care', wrong, { personalDataOverride: { reason: 7 } });
    expect(overridden).toEqual(
      expect.arrayContaining([['type', '/personalDataOverride/reason'], rules[0], rules[2]]),
    );
    expect(overridden).toHaveLength(form.length + 3);
    const reason = 'ask someone@example.org';
    expect(await faultsOf('asthma-care', wrong, { personalDataOverride: { reason } })).toEqual([
      ...form,
      rules[0],
      rules[2],
      ['personal-data-suspected', '/personalDataOverride/reason'],
    ]);
    expect(await faultsOf('asthma-care', [])).toEqual([['length', '/outcomes']]);
  });

  test('of five hundred outcomes is recorded whole, and of one more not at all', async () => {
    const outcomes = Array.from({ length: 500 }, (_, index) => ({ ...OUTCOME, quantity: index }));
    const { body } = await submit(ledger, 'asthma-care', outcomes);
    expect(body.outcomes).toHaveLength(500);
    expect(body.outcomes.map(({ sequence }) => sequence - body.outcomes[0]!.sequence)).toEqual([
      ...Array(500).keys(),
    ]);
    expect((await submit(ledger, 'asthma-care', [...outcomes, OUTCOME])).status).toBe(422);
  });

  test('files B11: late for a closed programme is recorded for days of its life, and refused for later ones', async () => {
    await registerProgramme(ledger, 'short-lived');
    const key = '5a0c5a1e-0000-4000-8000-000000000001';
    const first = await submit(ledger, 'short-lived', [OUTCOME], key);
    const closure = { closedOn: '2024-03-31', reason: 'funding ended' };
    expect((await ledger.call('POST', '/v1/programmes/short-lived/closure', { body: closure })).status).toBe(
      201,
    );
    const later = { ...OUTCOME, effective: { from: '2024-04-01' } };
    const refused = await submit(ledger, 'short-lived', [later]);
    expect([refused.status, slug(refused.body)]).toEqual([422, 'outside-programme-life']);
    expect((await submit(ledger, 'short-lived', [OUTCOME])).status).toBe(201);
    const retried = await submit(ledger, 'short-lived', [OUTCOME], key);
    expect([retried.status, retried.body]).toEqual([200, first.body]);
  });

  test('takes an instant as the date that London’s clocks showed', async () => {
    const { outcomes } = await record(ledger, 'asthma-care', {
      ...OUTCOME,
      effective: { from: '2021-03-31T23:30:00Z' },
    });
    const { body } = await ledger.call<{ versions: { outcome: { effective: unknown } }[] }>(
      'GET',
      `/v1/outcomes/${outcomes[0]!.id}`,
    );
    expect(body.versions[0]!.outcome.effective).toEqual({ from: '2021-04-01', to: '2021-04-01' });
  });
});

describe('an outcome', () => {
  test('is corrected against its version, with a reason, and its earlier content stays known', async () => {
    const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
    const { id } = outcomes[0]!;
    const correction = { ...OUTCOME, quantity: 1100, reason: 'recount' };
    const corrected = await correct(ledger, id, 0, correction);
    expect([corrected.status, corrected.body]).toEqual([
      200,
      {
        id,
        version: 1,
        sequence: expect.any(Number),
        changes: [{ member: 'quantity', from: '1200', to: '1100' }],
      },
    ]);

    const stale = await correct(ledger, id, 0, { ...correction, quantity: 1000 });
    expect([stale.status, slug(stale.body)]).toEqual([412, 'outcome-version-stale']);

    const { body, headers } = await ledger.call<{
      status: string;
      versions: { reason?: string; outcome: { quantity: number } }[];
    }>('GET', `/v1/outcomes/${id}`);
    expect(headers.get('etag')).toBe('"1"');
    expect(body.status).toBe('corrected');
    expect(body.versions.map(({ outcome, reason }) => [outcome.quantity, reason])).toEqual([
      [1200, undefined],
      [1100, 'recount'],
    ]);
  });

  test('stays with its programme, whatever a correction says', async () => {
    const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
    const { id } = outcomes[0]!;
    await registerProgramme(ledger, 'another-programme');
    for (const name of ['programme', 'programmeId']) {
      const moved = { ...OUTCOME, [name]: 'another-programme', reason: 'moved' };
      const { status, body } = await correct(ledger, id, 0, moved);
      expect([status, (body as Problem).errors]).toMatchObject([422, [{ pointer: `/${name}` }]]);
    }
    const { organisation: _, ...rest } = OUTCOME;
    const changed = { ...rest, measure: 'jobs-created', quantity: 3, effective: { from: '2022-05-01' } };
    expect((await correct(ledger, id, 0, { ...changed, reason: 'other in all' })).status).toBe(200);
    const { body } = await ledger.call<{ events: { data: { facts: { programmeId: string } } }[] }>(
      'GET',
      `/v1/events?programme=asthma-care&type=OutcomeCorrected`,
    );
    expect(body.events.at(-1)!.data.facts).toMatchObject({ outcomeId: id, programmeId: 'asthma-care' });
  });

  test('corrected or withdrawn again with the same words gets the first answer', async () => {
    const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
    const { id } = outcomes[0]!;
    const correction = { ...OUTCOME, quantity: 1100, reason: 'recount' };
    const first = await correct(ledger, id, 0, correction);
    const withdrawn = await withdraw(ledger, id, 1, 'recorded twice');
    expect((await correct(ledger, id, 0, correction)).body).toEqual(first.body);
    expect((await withdraw(ledger, id, 1, 'recorded twice')).body).toEqual(withdrawn.body);
    expect((await withdraw(ledger, id, 1, 'another reason')).status).toBe(412);
  });

  test('is corrected by what is different alone: of a stock, its organisation stays (files A1)', async () => {
    const programme = await registerProgramme(ledger, 'homes');
    const homes = { measure: 'care-homes-supported', organisation: 'wessex', basis: 'counted' };
    const { outcomes } = await record(
      ledger,
      programme,
      { ...homes, quantity: 100, effective: { from: '2023-12-31' } },
      { ...homes, quantity: 120, effective: { from: '2024-03-31' }, note: 'year end' },
    );
    const change = { quantity: 125, note: null, reason: 'five more' };
    const { body } = await correct(ledger, outcomes[1]!.id, 0, change);
    expect(body).toMatchObject({
      changes: [
        { member: 'note', from: 'year end', to: null },
        { member: 'quantity', from: '120', to: '125' },
      ],
    });
    const { body: totals } = await ledger.call<{ years: { total: number }[] }>(
      'GET',
      `/v1/totals/annual?measure=care-homes-supported&programme=${programme}&from=2023-24&to=2023-24`,
    );
    expect(totals.years[0]!.total).toBe(125);
    const nothing = await correct(ledger, outcomes[1]!.id, 1, { quantity: 125, reason: 'again' });
    expect([nothing.status, slug(nothing.body)]).toEqual([422, 'nothing-to-correct']);
  });

  test('that was withdrawn by mistake is reinstated, and counts as it stood (files B11)', async () => {
    const programme = await registerProgramme(ledger, 'reinstating');
    const { outcomes } = await record(ledger, programme, OUTCOME);
    const { id } = outcomes[0]!;
    await withdraw(ledger, id, 0, 'recorded twice');
    const reinstate = (version: number) =>
      ledger.call('POST', `/v1/outcomes/${id}/reinstatement`, {
        body: { reason: 'it was not' },
        headers: { 'if-match': `"${version}"` },
      });
    const { status, body } = await reinstate(1);
    expect([status, body]).toEqual([200, { id, version: 2, sequence: expect.any(Number) }]);
    expect((await reinstate(1)).body).toEqual(body);
    expect(slug((await reinstate(2)).body)).toBe('outcome-not-withdrawn');
    const { body: totals } = await ledger.call<{ total: number }>(
      'GET',
      `/v1/totals/since?measure=patients-benefited&programme=${programme}`,
    );
    expect(totals.total).toBe(1200);
    const { body: story } = await ledger.call<{
      status: string;
      versions: { outcome?: { note?: string } }[];
    }>('GET', `/v1/outcomes/${id}`);
    expect([story.status, story.versions.length]).toEqual(['reinstated', 3]);
    expect(story.versions[2]!.outcome).toMatchObject({ evidence: OUTCOME.evidence, quantity: 1200 });
  });

  test('withdrawn is neither corrected nor counted', async () => {
    const programme = await registerProgramme(ledger, 'withdrawing');
    const { outcomes } = await record(ledger, programme, OUTCOME, { ...OUTCOME, quantity: 7 });
    await withdraw(ledger, outcomes[0]!.id, 0, 'recorded twice');
    const refused = await correct(ledger, outcomes[0]!.id, 1, { ...OUTCOME, reason: 'after all' });
    expect([refused.status, slug(refused.body)]).toEqual([422, 'outcome-withdrawn']);
    const { body } = await ledger.call<{ total: number }>(
      'GET',
      `/v1/totals/since?measure=patients-benefited&programme=${programme}`,
    );
    expect(body.total).toBe(7);
  });
});

describe('the catalogue', () => {
  test('takes a new measure with an event type of its own, which works at once', async () => {
    const feno = {
      id: 'feno-tests',
      label: 'FeNO tests',
      unit: 'tests',
      kind: 'flow',
      eventType: 'FenoTestDone',
      countsPeople: false,
      rollsUpInto: null,
    };
    expect((await ledger.call('POST', '/v1/measures', { body: feno })).status).toBe(201);
    expect((await ledger.call('POST', '/v1/measures', { body: feno })).status).toBe(200);
    expect((await ledger.call('POST', '/v1/measures', { body: { ...feno, unit: 'people' } })).status).toBe(
      409,
    );
    const { sequence } = await record(ledger, 'asthma-care', {
      ...OUTCOME,
      measure: 'feno-tests',
      quantity: 31,
    });
    const { body } = await ledger.call<{ events: { type: string; data: { facts: { quantity: number } } }[] }>(
      'GET',
      `/v1/events?type=FenoTestDone&minSequence=${sequence}`,
    );
    expect(body.events.map(({ type, data }) => [type, data.facts.quantity])).toEqual([['FenoTestDone', 31]]);
  });

  test('F13: takes a name for the same in each way to write it, and keeps no blanks at its ends', async () => {
    const post = (name: string) =>
      ledger.call('POST', '/v1/programmes', { body: { id: 'cafe', name, startedOn: '2020-04-01' } });
    const statuses = [await post(' Cafe\u0301'), await post('Caf\u00e9 ')].map(({ status }) => status);
    expect(statuses).toEqual([201, 200]);
    expect((await ledger.call('GET', '/v1/programmes/cafe')).body).toMatchObject({ name: 'Caf\u00e9' });
  });

  test('knows the fifteen organisations by the names they bore', async () => {
    const { body } = await ledger.call<{ organisations: { id: string; name: string }[] }>(
      'GET',
      '/v1/organisations',
    );
    expect(body.organisations).toHaveLength(15);
    const nameOn = async (date: string) =>
      (await ledger.call<{ name: string }>('GET', `/v1/organisations/wessex?on=${date}`)).body.name;
    expect(await nameOn('2023-09-30')).toBe('Wessex AHSN');
    expect(await nameOn('2023-10-01')).toBe('Health Innovation Wessex');
  });

  test('keeps what an amendment leaves out, of programmes and of organisations alike', async () => {
    const post = async (path: string, body: object) =>
      (await ledger.call('POST', `/v1/${path}`, { body })).status;
    const tags = { theme: 'respiratory', funder: 'nhs-england' };
    const programme = {
      id: 'tagged',
      name: 'Tagged',
      startedOn: '2018-04-01',
      needsSecondPerson: true,
      tags,
    };
    expect(await post('programmes', programme)).toBe(201);
    expect(await post('programmes', programme)).toBe(200);
    expect(await post('programmes/tagged/amendments', { name: 'Renamed', reason: 'its name' })).toBe(201);
    const { body: read } = await ledger.call('GET', '/v1/programmes/tagged');
    expect(read).toEqual({ ...programme, name: 'Renamed', status: 'open' });
    const untold = { needsSecondPerson: false, tags: null, reason: 'left out' };
    expect(await post('programmes/tagged/amendments', untold)).toBe(201);
    const { body: bare } = await ledger.call('GET', '/v1/programmes/tagged');
    expect(bare).toEqual({ id: 'tagged', name: 'Renamed', startedOn: '2018-04-01', status: 'open' });

    const trust = { id: 'a-trust', name: 'A trust', kind: 'hospital-trust', parent: 'wessex' };
    expect(await post('organisations', trust)).toBe(201);
    const ended = { to: '2020-03-31', tags: { region: 'south' }, reason: 'merged' };
    expect(await post('organisations/a-trust/amendments', ended)).toBe(201);
    expect(await post('organisations/a-trust/amendments', ended)).toBe(200);
    const { body: amended } = await ledger.call('GET', '/v1/organisations/a-trust');
    const { reason: _, ...told } = ended;
    expect(amended).toEqual({ ...trust, ...told, names: [{ name: 'A trust', from: null }] });
    const circle = await ledger.call('POST', '/v1/organisations/wessex/amendments', {
      body: { parent: 'a-trust', reason: 'a mistake' },
    });
    expect([circle.status, slug(circle.body)]).toEqual([422, 'parent-within']);
    const late = await submit(ledger, 'asthma-care', [{ ...OUTCOME, organisation: 'a-trust' }]);
    expect([late.status, slug(late.body)]).toEqual([422, 'outside-organisation-life']);
  });

  test('says that each of the fifteen is a network, since the first licence', async () => {
    const { body } = await ledger.call('GET', '/v1/organisations/uclpartners');
    expect(body).toMatchObject({ kind: 'network', from: '2013-04-01' });
  });

  test('F11, L1: moves no life past the outcomes that stand, and says how many and until when', async () => {
    const programme = await registerProgramme(ledger, 'long-lived');
    const trust = { id: 'trust', name: 'Trust' };
    expect((await ledger.call('POST', '/v1/organisations', { body: trust })).status).toBe(201);
    const days = ['2021-05-01', '2022-06-02', '2023-07-03'];
    const at = (from: string) => ({ ...OUTCOME, organisation: 'trust', effective: { from } });
    const { outcomes } = await record(ledger, programme, ...days.map(at));
    const told = async (path: string, body: object) => {
      const { status, body: answer } = await ledger.call('POST', `/v1/${path}`, {
        body: { ...body, reason: 'told' },
      });
      const [fault] = (answer as { errors?: { pointer: string; detail: string }[] }).errors ?? [];
      return [status, ...(fault ? [fault.pointer, fault.detail.split(':')[0]] : [])];
    };
    const [closure, amendments] = [`programmes/${programme}/closure`, `programmes/${programme}/amendments`];
    const ofTrust = 'organisations/trust/amendments';
    const after = (count: string) => `${count} after that day, the last on 2023-07-03`;
    const before = (count: string) => `${count} before that day, the first on 2021-05-01`;
    expect(await told(closure, { closedOn: '2022-03-31' })).toEqual([
      409,
      '/closedOn',
      after('2 outcomes stand'),
    ]);
    expect(await told(amendments, { startedOn: '2021-05-02' })).toEqual([
      409,
      '/startedOn',
      before('an outcome stands'),
    ]);
    expect(await told(ofTrust, { from: '2023-01-01' })).toEqual([409, '/from', before('2 outcomes stand')]);
    expect(await told(ofTrust, { to: '2023-07-02' })).toEqual([409, '/to', after('an outcome stands')]);
    expect(await told(ofTrust, { from: '2021-05-01', to: '2023-07-03' })).toEqual([201]);
    await withdraw(ledger, outcomes[0]!.id, 0, 'not theirs');
    await correct(ledger, outcomes[2]!.id, 0, { ...at('2022-03-31'), reason: 'its day' });
    expect(await told(amendments, { startedOn: '2022-03-31' })).toEqual([201]);
    expect(await told(closure, { closedOn: '2022-06-02' })).toEqual([201]);
  });
});
