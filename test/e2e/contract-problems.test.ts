import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventIdOf, parseProgrammeId, programmeStream } from '../../src/kernel/ids.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { CheckedLedger, KEY, OUTCOME_ID, pathOf } from '../support/checked-ledger.js';
import { makeKey, withKey } from '../support/keys.js';
import { freeTextsOf, LIKE_PERSONAL_DATA } from '../support/free-texts.js';

const OTHER = KEY.replace('0b', 'ab');
const outcome = {
  measure: 'patients-benefited',
  quantity: 12,
  effective: { from: '2023-04-01' },
  basis: 'counted',
};
const feno = {
  id: 'feno-tests',
  label: 'FeNO tests',
  unit: 'tests',
  kind: 'flow',
  eventType: 'FenoTestDone',
  countsPeople: false,
  rollsUpInto: null,
};

const reason = 'a recount';
const revision = { from: '2024-25', comparable: true, reason };
const OF_NOBODY = { id: 'of-nobody', name: 'Nobody', label: 'Nobody', eventType: 'NobodyDone' };

let ledger: CheckedLedger;
/** Of another programme: it may ask for nothing that the document shows as an example. */
let otherKey: string;
let keyId: string;
beforeAll(async () => {
  ledger = await CheckedLedger.start();
  await ledger.post('/v1/programmes', { id: 'lipid-management', name: 'Lipids', startedOn: '2020-04-01' });
  await ledger.post('/v1/measures', feno);
  await ledger.post('/v1/organisations', { id: 'a-body', name: 'A body', from: '2023-04-02' });
  await ledger.submit([outcome, outcome], KEY);
  await ledger.post('/v1/programmes', { id: 'asthma-care', name: 'Asthma', startedOn: '2020-04-01' });
  const made = await makeKey(ledger.ledger, { role: 'programme', programmes: ['asthma-care'] });
  [otherKey, keyId] = [made.key, made.id];
  await ledger.post(`/v1/outcomes/${KEY}.1/withdrawal`, { reason: 'twice' }, { 'if-match': '"0"' });
});
afterAll(() => ledger.remove());

describe('problems keep to the document', () => {
  test('where a call is not understood, whichever call it is', async () => {
    for (const call of ledger.contract.operations) {
      const { id, method, parameters, body, security } = call;
      const path = pathOf(call);
      const json = body?.['application/json'] !== undefined;
      const takes = (place: string) => parameters.some((parameter) => parameter.in === place);
      const expects = async (expected: string, to: string, sent: object = {}) => {
        const { status, body: problem } = await ledger.call(method, to, sent);
        const code = (problem as { type: string }).type.split(':').at(-1);
        expect([id, `${status} ${code}`]).toEqual([id, expected]);
      };
      if (security!.length > 0)
        await expects('401 unauthenticated', path, { headers: { authorization: 'Bearer x' } });
      if (call.responses['403']) {
        const headers = { ...withKey(otherKey), 'if-match': '"0"' };
        await expects('403 not-allowed', path, { headers, ...(json && { body: ledger.shown(id)[0] }) });
      }
      await expects('406 not-acceptable', path, { headers: { accept: 'image/webp, */*;q=0' } });
      if (takes('path'))
        await expects('400 bad-request', pathOf(call, { id: '%ff', file: '%ff', level: '%ff' }));
      if (json) await expects('400 bad-query', `${path}?x=1`, { body: ledger.shown(id)[0] });
      else if (takes('query')) await expects('400 bad-query', `${path}?x=1`);
      if (takes('header')) {
        const { name } = parameters.find((parameter) => parameter.in === 'header')!;
        await expects('400 bad-header', path, {
          headers: { [name]: 'x' },
          ...(json && { body: ledger.shown(id)[0] }),
        });
      }
      if (body)
        await expects('415 unsupported-media-type', path, {
          headers: { 'content-type': 'text/plain' },
          body: 'x',
        });
      if (body)
        await expects('400 malformed-json', path, {
          headers: { 'content-type': 'application/json' },
          body: '{',
        });
      if (body) expect([id, await ledger.tooLarge(path)]).toEqual([id, '413 too-large']);
      if (json) await expects('422 invalid-content', path, { body: {} });
    }
  });

  test('where there is no such address, or none for that method', async () => {
    for (const path of ['/v1/nothing', '/docs/nothing', '/docs/']) {
      expect(await ledger.get(path)).toBe('404 not-found');
    }
    expect(await ledger.get('/nothing', { authorization: '' })).toBe('401 unauthenticated');
    expect(await ledger.get('/%ff')).toBe('400 bad-request');
    expect((await ledger.call('DELETE', '/v1/programmes')).status).toBe(405);
    expect((await ledger.call('PUT', `/v1/outcomes/${OUTCOME_ID}`, { body: {} })).status).toBe(405);
  });

  test.each([
    ['programmes/nobody', 'programme-unknown'],
    ['programmes/nobody/history', 'programme-unknown'],
    ['organisations/nobody', 'organisation-unknown'],
    ['measures/nothing', 'measure-unknown'],
    ['submissions/nothing', 'submission-unknown'],
    [`submissions/${OTHER}`, 'submission-unknown'],
    [`outcomes/${OTHER}.1`, 'outcome-unknown'],
    ['outcomes/nothing', 'outcome-unknown'],
    ['audit/events/nothing/proof', 'event-unknown'],
    ['audit/events/nothing/tlog-proof', 'event-unknown'],
    ['events.ndjson?programme=nobody', 'programme-unknown'],
    ['audit/tile/0/999', 'not-found'],
  ])('where nothing is at /v1/%s', async (path, code) => {
    expect(await ledger.get(`/v1/${path}`)).toBe(`404 ${code}`);
  });

  test('where an id is longer than any', async () => {
    expect(await ledger.get(`/v1/programmes/${'x'.repeat(8_000)}`)).toBe('404 programme-unknown');
  });

  test('where what is to be changed is unknown', async () => {
    const headers = { 'if-match': '"0"', 'idempotency-key': OTHER };
    for (const call of ledger.contract.operations.filter(({ method }) => method === 'POST')) {
      const { examples = {} } = call.responses['404']?.content['application/problem+json'] ?? {};
      const [code] = Object.keys(examples);
      if (code === undefined) continue;
      const path = pathOf(call, { id: code === 'outcome-unknown' ? `${OTHER}.1` : 'nobody' });
      const isFile = call.body!['text/csv'] !== undefined;
      const sent = isFile ? 'measure\n' : ledger.shown(call.id)[0];
      const type = isFile ? 'text/csv' : 'application/json';
      const told = await ledger.post(path, sent, { ...headers, 'content-type': type });
      expect([call.id, told]).toEqual([call.id, `404 ${code}`]);
    }
  });

  test('where a key may not be so made, or not be changed any more', async () => {
    const key = { name: 'Returns', role: 'programme', programmes: ['lipid-management'] };
    const make = (wrong: object) => ledger.post('/v1/keys', { ...key, ...wrong });
    expect(await make({ programmes: [] })).toBe('422 key-programmes-do-not-fit-role');
    expect(await make({ programmes: ['nobody'] })).toBe('422 programme-unknown');
    expect(await make({ expiresAt: '2020-01-01T00:00:00Z' })).toBe('422 key-expiry-passed');
    const { id } = await makeKey(ledger.ledger, { role: 'auditor' });
    const reason = { reason: 'its system was switched off' };
    expect(await ledger.post(`/v1/keys/${id}/revocation`, reason)).toBe('200');
    expect(await ledger.post(`/v1/keys/${id}/rotation`, reason)).toBe('422 key-revoked');
  });

  test('where what exists is registered with other content', async () => {
    const lipids = { id: 'lipid-management', name: 'Other', startedOn: '2020-04-01' };
    expect(await ledger.post('/v1/programmes', lipids)).toBe('409 programme-exists');
    expect(await ledger.post('/v1/organisations', { id: 'wessex', name: 'Other' })).toBe(
      '409 organisation-exists',
    );
    expect(await ledger.post('/v1/measures', { ...feno, label: 'Other' })).toBe('409 measure-exists');
    const rename = { name: 'Other', from: '2023-10-01' };
    expect(await ledger.post('/v1/organisations/wessex/names', rename)).toBe('409 name-date-taken');
    expect(await ledger.submit([outcome], KEY)).toBe('409 idempotency-key-reused');
  });

  test.each([
    ['programmes', { id: 'other', name: 'LIPIDS', startedOn: '2020-04-01' }, /^lipid-management .* Lipids,/],
    ['programmes/asthma-care/amendments', { name: 'Iipids', reason }, /^lipid-management .* Lipids,/],
    ['organisations', { id: 'other', name: 'W\u0435ssex AHSN' }, /^wessex .* Wessex AHSN,/],
    ['organisations/a-body/names', { name: 'wessex AHSN', from: '2024-04-01' }, /^wessex .* Wessex AHSN,/],
    ['measures', { ...feno, id: 'other', eventType: 'OtherDone' }, /^feno-tests .* FeNO tests,/],
    ['measures', { ...feno, id: 'other', label: 'Other' }, /^FenoTestDone .* feno-tests$/],
    ['measures/jobs/revisions', { ...revision, label: 'FeN0 tests' }, /^feno-tests .* FeNO tests,/],
    ['keys', { name: 'Programme 1', role: 'reporter' }, / is named programme 1,/],
  ])('where another is known by what reads the same: %s %j', async (path, body, told) => {
    const { status, body: problem } = await ledger.call('POST', `/v1/${path}`, { body });
    expect([status, (problem as { detail: string }).detail]).toEqual([409, expect.stringMatching(told)]);
  });

  test.each([
    ['event-type-reserved', { eventType: 'OutcomeDone' }],
    ['measure-unknown', { rollsUpInto: 'nothing' }],
    ['roll-up-mismatch', { rollsUpInto: 'jobs' }],
    ['breakdown-repeated', { breakdowns: [{ id: 'age-band', values: ['under-60', 'under-60'] }] }],
  ])('where a measure may not be so defined: %s', async (code, wrong) => {
    expect(await ledger.post('/v1/measures', { ...feno, id: 'other', ...wrong })).toBe(`422 ${code}`);
  });

  test.each([
    ['organisation-unknown', { parent: 'nobody' }],
    ['life-reversed', { from: '2020-04-01', to: '2020-03-31' }],
    ['parent-within', { parent: 'wessex' }],
  ])('where an organisation may not be so registered or amended: %s', async (code, wrong) => {
    const amendment = { ...wrong, reason: 'a mistake' };
    expect(await ledger.post('/v1/organisations/wessex/amendments', amendment)).toBe(`422 ${code}`);
    if (code === 'parent-within') return;
    expect(await ledger.post('/v1/organisations', { id: 'other', name: 'Other', ...wrong })).toBe(
      `422 ${code}`,
    );
  });

  const { quantity: _, ...noQuantity } = outcome;
  const ratio = { ...noQuantity, measure: 'trusts-implementing' };
  test.each([
    ['measure-unknown', { ...outcome, measure: 'nothing' }],
    ['organisation-unknown', { ...outcome, organisation: 'nobody' }],
    ['quantity-does-not-fit-kind', { ...outcome, percent: '12' }],
    ['percent-above-hundred', { ...ratio, percent: '100.1' }],
    ['numerator-exceeds-denominator', { ...ratio, numerator: 3, denominator: 2 }],
    ['bounds-exclude-quantity', { ...outcome, bounds: { low: 13, high: 14 } }],
    ['amount-does-not-fit', { ...outcome, amount: '1.5' }],
    ['quantity-negative', { ...outcome, quantity: -1 }],
    ['breakdown-does-not-fit', { ...outcome, breakdown: { age: 'old' } }],
    ['not-counted-yet', { ...outcome, counting: 'year-to-date' }],
    ['effective-period-reversed', { ...outcome, effective: { from: '2023-04-02', to: '2023-04-01' } }],
    ['effective-period-spans-years', { ...outcome, effective: { from: '2023-03-31', to: '2023-04-01' } }],
    ['effective-in-future', { ...outcome, effective: { from: '2999-01-01' } }],
    ['outside-programme-life', { ...outcome, effective: { from: '2019-04-01' } }],
    ['outside-organisation-life', { ...outcome, organisation: 'a-body' }],
  ])('where an outcome breaks a rule: %s', async (code, broken) => {
    expect(await ledger.submit([outcome, broken], OTHER)).toBe(`422 ${code}`);
    const correction = { ...broken, reason: 'recount' };
    const path = `/v1/outcomes/${KEY}.2/correction`;
    expect(await ledger.post(path, correction, { 'if-match': '"0"' })).toBe(`422 ${code}`);
  });

  test.each([
    ['correction', { ...outcome, reason: 'recount' }],
    ['withdrawal', { reason: 'recount' }],
  ])('where an outcome has changed, or was withdrawn, before a %s', async (change, body) => {
    const path = `/v1/outcomes/${OUTCOME_ID}/${change}`;
    expect(await ledger.post(path, body, { 'if-match': '"0"' })).toBe('412 outcome-version-stale');
    expect(await ledger.post(path, body, { 'if-match': '"1"' })).toBe('422 outcome-withdrawn');
  });

  test('where there is nothing to correct, or to take back', async () => {
    const path = `/v1/outcomes/${KEY}.2`;
    const first = { 'if-match': '"0"' };
    expect(await ledger.post(`${path}/correction`, { reason: 'recount' }, first)).toBe(
      '422 nothing-to-correct',
    );
    expect(await ledger.post(`${path}/reinstatement`, { reason: 'recount' }, first)).toBe(
      '422 outcome-not-withdrawn',
    );
    expect(await ledger.post(`/v1/outcomes/${OUTCOME_ID}/reinstatement`, { reason: 'recount' }, first)).toBe(
      '412 outcome-version-stale',
    );
    const moved = { id: 'moved', name: 'Moved', startedOn: '2020-04-01' };
    await ledger.post('/v1/programmes', moved);
    const key = '5ad7bfc0-75b0-4c5c-8f7b-0e1c5d0e7a06';
    await ledger.post(
      '/v1/programmes/moved/submissions',
      { outcomes: [outcome] },
      { 'idempotency-key': key },
    );
    await ledger.post(`/v1/outcomes/${key}.1/withdrawal`, { reason: 'twice' }, first);
    const later = { name: 'Moved', startedOn: '2024-03-01', reason: 'its contract' };
    expect(await ledger.post('/v1/programmes/moved/amendments', later)).toBe('201');
    const back = `/v1/outcomes/${key}.1/reinstatement`;
    expect(await ledger.post(back, { reason: 'recount' }, { 'if-match': '"1"' })).toBe(
      '422 outside-programme-life',
    );
  });

  test('where an outcome that is to be erased was recorded without a text', async () => {
    const order = { reason: 'request 2024-17', authorisedBy: 'Data protection officer' };
    const path = `/v1/outcomes/${KEY}.2/erasure`;
    expect(await ledger.post(path, order)).toBe('422 nothing-to-erase');
  });

  test('where a question cannot be answered', async () => {
    const revision = { from: '2023-24', label: 'FeNO', comparable: false, reason: 'counted in another way' };
    await ledger.post('/v1/measures/feno-tests/revisions', revision);
    const ofMeasure = { ...outcome, measure: 'feno-tests' };
    const before = { ...ofMeasure, effective: { from: '2022-05-01' } };
    expect(await ledger.submit([ofMeasure, before], '5ad7bfc0-75b0-4c5c-8f7b-0e1c5d0e7a05')).toBe('201');
    const totals = ['totals/annual?', 'totals/since?', 'totals/changes?earlier=0&', 'figures/proof?'];
    for (const report of [...totals, 'outcomes?', 'audit/bundle?']) {
      const ask = (question: string) => ledger.get(`/v1/${report}measure=${question}`);
      expect(await ask('nothing')).toBe('404 measure-unknown');
      expect(await ask('jobs&programme=nothing')).toBe('404 programme-unknown');
      expect(await ask('jobs&organisation=nobody')).toBe('404 organisation-unknown');
      expect(await ask('jobs&minSequence=x')).toBe('400 bad-query');
      const isOverYears = report === 'totals/since?';
      expect(await ask('feno-tests')).toBe(isOverYears ? '422 definition-break' : '200');
      expect(await ask('feno-tests&allowBreaks=true')).toBe('200');
    }
    for (const query of [
      'measure=jobs&until=5',
      'from=2020-21',
      'programme=lipid-management&after=1',
      'since=9999',
    ]) {
      expect(await ledger.get(`/v1/audit/bundle?${query}`)).toBe('400 bad-query');
    }
    expect(await ledger.get('/v1/audit/bundle?programme=nothing')).toBe('404 programme-unknown');
    expect(await ledger.get('/v1/figures/proof?measure=jobs&groupBy=programme')).toBe('400 bad-query');
    expect(await ledger.get('/v1/events?programme=nothing')).toBe('404 programme-unknown');
    expect(await ledger.get('/v1/events/stream?programme=nothing')).toBe('404 programme-unknown');
    expect(await ledger.get('/v1/totals/since?measure=care-homes-supported')).toBe(
      '422 not-summable-over-time',
    );
    expect(await ledger.get('/v1/figures/proof?measure=feno-tests&total=true')).toBe('422 definition-break');
    expect(await ledger.get('/v1/figures/proof?measure=care-homes-supported&total=true')).toBe(
      '422 not-summable-over-time',
    );
    expect(await ledger.get('/v1/totals/annual?measure=jobs&asAt=2999-01-01')).toBe('400 bad-query');
    expect(await ledger.get('/v1/outcomes?measure=jobs&after=forged')).toBe('400 bad-query');
  });

  test('where any text that any call takes looks like personal data, or cannot be read', async () => {
    await ledger.post('/v1/programmes', { id: 'ended', name: 'Ended', startedOn: '2020-04-01' });
    await ledger.post('/v1/programmes/ended/closure', {
      closedOn: '2024-03-31',
      reason: 'funding has ended',
    });
    const ids: Record<string, string> = { reopenProgramme: 'ended', rotateKey: keyId, revokeKey: keyId };
    for (const id of ['correctOutcome', 'withdrawOutcome']) ids[id] = `${KEY}.2`;
    const asked: string[] = [];
    const kinds = { 'personal-data-suspected': LIKE_PERSONAL_DATA, 'text-unreadable': ['\u202esdrawkcab'] };
    for (const call of ledger.contract.operations.filter(({ body }) => body?.['application/json'])) {
      const id = ids[call.id];
      const path = pathOf(call, id === undefined ? {} : { id });
      const shown = ledger.shown(call.id)[0]!;
      // The first outcome is withdrawn, the second stands.
      const version = call.id === 'reinstateOutcome' ? 1 : 0;
      const headers = { 'if-match': `"${version}"`, 'idempotency-key': OTHER };
      const places = Object.entries(kinds).flatMap(([kind, texts]) =>
        freeTextsOf(call, shown, ledger, texts).map((place) => ({ kind, ...place })),
      );
      for (const { kind, pointer, body } of places) {
        // What is new is refused for its text alone.
        for (const [member, own] of Object.entries(OF_NOBODY)) {
          if (member in body && pointer !== `/${member}`) body[member] = own;
        }
        if (call.id === 'renameOrganisation') body['from'] = '2024-01-01';
        const { status, text } = await ledger.call('POST', path, { body, headers });
        const { type, errors } = JSON.parse(text) as { type: string; errors?: { pointer: string }[] };
        asked.push(`${call.id} ${pointer}`);
        expect([asked.at(-1), status, type, errors?.map((fault) => fault.pointer)]).toEqual([
          asked.at(-1),
          422,
          `urn:outcome-ledger:problem:${kind}`,
          [pointer],
        ]);
      }
    }
    expect(asked).toEqual(
      expect.arrayContaining(['submitOutcomes /outcomes/0/evidence/uri', 'reviseMeasure /definition']),
    );
    expect(asked.length).toBeGreaterThanOrEqual(50);
  });

  test('where a file is wrong, or a programme is closed', async () => {
    const csv = { 'content-type': 'text/csv' };
    const imports = '/v1/programmes/lipid-management/imports';
    const file = 'measure,quantity,from,basis\npatients-benefited,1,2023-04-01,counted\n';
    expect(await ledger.post(imports, file.replace('patients', 'nobody'), csv)).toBe('422 invalid-file');
    const closure = '/v1/programmes/lipid-management/closure';
    expect(await ledger.post(closure, { closedOn: '2999-01-01', reason })).toBe('422 outside-programme-life');
    expect(await ledger.post(closure, { closedOn: '2023-03-31', reason })).toBe('409 outcomes-outside-life');
    const later = { startedOn: '2023-04-02', reason };
    expect(await ledger.post('/v1/programmes/lipid-management/amendments', later)).toBe(
      '409 outcomes-outside-life',
    );
    expect(await ledger.submit([{ ...outcome, organisation: 'wessex' }], OTHER)).toBe('201');
    expect(await ledger.post('/v1/organisations/wessex/amendments', { to: '2023-03-31', reason })).toBe(
      '409 outcomes-outside-life',
    );
    expect(await ledger.post(closure, { closedOn: '2024-03-31', reason })).toBe('201');
    expect(await ledger.post(closure, { closedOn: '2024-03-30', reason })).toBe('422 programme-closed');
    const amendment = { name: 'Lipids', startedOn: '2020-04-01', reason: 'its name' };
    const amendments = '/v1/programmes/lipid-management/amendments';
    expect(await ledger.post(amendments, amendment)).toBe('422 programme-closed');
  });

  test('where the read models have stopped at an event of a later version of the ledger', async () => {
    await ledger.ledger.stop();
    await recordFromLaterVersion(ledger.ledger.dataDir);
    await ledger.ledger.start();
    expect(await ledger.get('/health/ready')).toBe('503');
    expect(await ledger.get('/v1/projections')).toBe('200');
    expect(await ledger.get('/v1/totals/since?measure=jobs')).toBe('200');
    expect(await ledger.get('/v1/totals/since?measure=jobs&minSequence=100000')).toBe('503 not-projected');
    expect(await ledger.post('/v1/organisations', { id: 'new', name: 'New' })).toBe('503 not-projected');
  });

  test('and none is declared that cannot be met, but for faults of the disk and of the ledger itself, and too much of anything', () => {
    // On EventStoreDB alone: erasure.test.ts meets it there.
    const elsewhere = ['erasure-impossible'];
    const anywhere = [
      ...[
        'bad-request',
        'not-projected',
        'store-unavailable',
        'store-damaged',
        'clock-leapt',
        'internal-error',
      ],
      // What many requests at once, slow ones and a silent issuer meet: test/e2e/limits.test.ts, tokens.test.ts.
      ...['too-many-requests', 'overloaded', 'too-slow', 'issuer-unavailable'],
    ];
    const unseen = ledger.contract.unseen().filter((key) => !/ 2\d\d /.test(key));
    expect(unseen.filter((key) => ![...anywhere, ...elsewhere].includes(key.split(' ').at(-1)!))).toEqual([]);
  });
});

/** As a newer ledger would, before someone starts this one on its data. */
async function recordFromLaterVersion(dataDir: string): Promise<void> {
  const store = await SqliteStore.open(dataDir);
  const stream = programmeStream(parseProgrammeId('of-the-future'));
  const factsHash = '0'.repeat(64);
  await store.append(stream, 'no-stream', [
    {
      id: eventIdOf(stream, 0, factsHash),
      type: 'ProgrammeMerged',
      payload: '{"facts":{}}',
      metadata: {
        schema: 'programme-merged@1',
        recordedAt: '2026-04-30T09:30:00.000Z',
        actor: 'admin',
        role: 'admin',
        correlationId: KEY,
        source: 'api',
        factsSalt: 'AAAAAAAAAAAAAAAAAAAAAA',
        factsHash,
      },
    },
  ]);
  await store.close();
}
