import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CheckedLedger, KEY, OUTCOME_ID, pathOf, SUBMISSIONS } from '../support/checked-ledger.js';

let ledger: CheckedLedger;
beforeAll(async () => void (ledger = await CheckedLedger.start()));
afterAll(() => ledger.remove());

describe('every example of a request in the document is accepted, and accepted again', () => {
  test.each([
    'registerProgramme',
    'registerOrganisation',
    'amendOrganisation',
    'renameOrganisation',
    'defineMeasure',
    'reviseMeasure',
    'amendProgramme',
  ])('%s', async (id) => {
    const path = pathOf(ledger.operation(id));
    for (const body of ledger.shown(id)) {
      expect(['200', '201']).toContain(await ledger.post(path, body));
      expect(await ledger.post(path, body)).toBe('200');
    }
  });

  test('submitOutcomes', async () => {
    for (const [index, body] of ledger.shown('submitOutcomes').entries()) {
      const key = index === 0 ? KEY : `0b8f5a52-6d3c-4f0e-9d0a-00000000000${index}`;
      expect(await ledger.post(SUBMISSIONS, body, { 'idempotency-key': key })).toBe('201');
      expect(await ledger.post(SUBMISSIONS, body, { 'Idempotency-Key': `"${key.toUpperCase()}"` })).toBe(
        '200',
      );
    }
  });

  test('correctOutcome, withdrawOutcome and reinstateOutcome', async () => {
    for (const [version, change, operation] of [
      ['"0"', 'correction', 'correctOutcome'],
      ['"1"', 'withdrawal', 'withdrawOutcome'],
      ['"2"', 'reinstatement', 'reinstateOutcome'],
    ] as const) {
      const [body] = ledger.shown(operation);
      const path = `/v1/outcomes/${OUTCOME_ID}/${change}`;
      expect(await ledger.post(path, body, { 'If-Match': version })).toBe('200');
      expect(await ledger.post(path, body, { 'If-Match': version })).toBe('200');
    }
  });

  test('eraseOutcome, and what is told of the outcome after it', async () => {
    const [body] = ledger.shown('eraseOutcome');
    const path = `/v1/outcomes/${OUTCOME_ID}`;
    expect(await ledger.post(`${path}/erasure`, body)).toBe('200');
    expect(await ledger.post(`${path}/erasure`, body)).toBe('200');
    expect(await ledger.get(path)).toBe('200');
    expect(await ledger.get('/v1/events?type=OutcomeErased')).toBe('200');
  });

  test('importOutcomes', async () => {
    const operation = ledger.operation('importOutcomes');
    for (const [type, { examples }] of Object.entries(operation.body!)) {
      const body = examples!['example']!.value;
      const send = (path: string) => ledger.post(path, body, { 'content-type': type });
      expect(await send(`${pathOf(operation)}?dryRun=true`)).toBe('200');
      expect(await send(pathOf(operation))).toBe('201');
      expect(await send(pathOf(operation))).toBe('200');
      const followed = pathOf(ledger.operation('importOutcomesWithProgress'));
      expect(await send(followed)).toBe('200');
      expect(await ledger.post(followed, 'measure\n\n', { 'content-type': type })).toBe('200');
    }
  });

  test('closeProgramme and reopenProgramme', async () => {
    for (const id of ['closeProgramme', 'reopenProgramme']) {
      const [body] = ledger.shown(id);
      expect(await ledger.post(pathOf(ledger.operation(id)), body)).toBe('201');
      expect(await ledger.post(pathOf(ledger.operation(id)), body)).toBe('200');
    }
  });
});

/** A measure that was defined later belongs to no figure from before. */
const A_PART = {
  label: 'More jobs',
  unit: 'jobs',
  kind: 'flow',
  eventType: 'JobKept',
  countsPeople: false,
  rollsUpInto: 'jobs',
};

describe('what is answered keeps to the document', () => {
  test.each([
    '/v1/programmes',
    '/v1/programmes/lipid-management',
    '/v1/organisations?limit=1&after=south-london',
    '/v1/organisations/wessex?on=2020-01-01',
    '/v1/measures?limit=500',
    '/v1/measures/feno-tests',
    '/v1/measures/jobs-created',
  ])('to %s', async (path) => {
    expect(await ledger.get(path)).toBe('200');
  });

  test('to registering what is new', async () => {
    expect(await ledger.post('/v1/organisations', { id: 'a-body', name: 'A body' })).toBe('201');
    const amendment = { kind: 'trust', parent: 'wessex', from: '2020-04-01', to: null, reason: 'told late' };
    expect(await ledger.post('/v1/organisations/a-body/amendments', amendment)).toBe('201');
    expect(await ledger.get('/v1/organisations/a-body')).toBe('200');
    const rename = { name: 'Another name', from: '2024-04-01' };
    expect(await ledger.post('/v1/organisations/a-body/names', rename)).toBe('201');
  });

  test('to questions about figures of each kind, of many programmes, large, missing and grouped', async () => {
    expect(
      await ledger.post('/v1/programmes', {
        id: 'asthma-care',
        name: 'Asthma care',
        startedOn: '2018-04-01',
      }),
    ).toBe('201');
    const fact = {
      effective: { from: '2023-04-01', to: '2023-06-30' },
      basis: 'estimated',
      organisation: 'wessex',
    };
    const large = { ...fact, measure: 'investment-leveraged', quantity: Number.MAX_SAFE_INTEGER };
    const small = ['jobs-created', 'care-homes-supported', 'patients-benefited'].map((measure) => {
      return { ...fact, measure, quantity: 12, bounds: { low: 10, high: 14 } };
    });
    const outcomes = [large, large, large, ...small];
    expect(await ledger.submit(outcomes, '5ad7bfc0-75b0-4c5c-8f7b-0e1c5d0e7a01', 'asthma-care')).toBe('201');
    for (const measure of [
      'investment-leveraged',
      'jobs',
      'patients-benefited',
      'care-homes-supported',
      'trusts-implementing',
      'commissioners-launched',
      'lives-saved',
    ]) {
      for (const more of [
        '',
        '&groupBy=programme',
        '&groupBy=organisation',
        '&asAtSequence=3&programme=asthma-care',
      ]) {
        expect(await ledger.get(`/v1/totals/annual?measure=${measure}${more}`)).toBe('200');
        if (['jobs', 'investment-leveraged', 'lives-saved'].includes(measure)) {
          expect(await ledger.get(`/v1/totals/since?measure=${measure}${more}`)).toBe('200');
        }
      }
      expect(await ledger.get(`/v1/totals/changes?measure=${measure}&earlier=10&limit=2`)).toBe('200');
      expect(await ledger.get(`/v1/outcomes?measure=${measure}&limit=1`)).toBe('200');
    }
    const { body } = await ledger.call('GET', '/v1/totals/annual?measure=investment-leveraged&from=2023-24');
    expect(body).toMatchObject({ years: [{ total: String(3n * 9007199254740991n + 50_000_000n) }] });
  });

  test('to whoever has an answer that never changes, if he may ask for it', async () => {
    const paths = [
      '/v1/totals/annual?measure=jobs&asAtSequence=40&groupBy=programme',
      '/v1/totals/since?measure=jobs&asAtSequence=40',
      '/v1/audit/tile/0/000.p/4',
      '/v1/audit/consistency?from=2&to=5',
    ];
    expect(await ledger.get('/v1/audit/checkpoint?minSequence=5')).toBe('200');
    for (const path of paths) {
      const { headers, text } = await ledger.call('GET', path);
      expect([path, headers.get('cache-control')]).toEqual([path, 'private, max-age=31536000, immutable']);
      const known = { 'if-none-match': headers.get('etag')! };
      expect([path, await ledger.get(path, known)]).toEqual([path, '304']);
      expect(await ledger.get(path, { ...known, authorization: 'Bearer x' })).toBe('401 unauthenticated');
      await ledger.post('/v1/measures', { ...A_PART, id: `jobs-${paths.indexOf(path)}` });
      expect((await ledger.call('GET', path)).text).toBe(text);
    }
    for (const path of ['/v1/totals/annual?measure=jobs', '/v1/outcomes?measure=jobs&asAtSequence=40']) {
      const { headers } = await ledger.call('GET', path);
      expect([path, headers.get('cache-control'), headers.get('etag')]).toEqual([path, 'no-store', null]);
    }
  });

  test('to questions about history, and about what became of an outcome', async () => {
    expect(await ledger.get('/v1/events?limit=1000')).toBe('200');
    expect(await ledger.get('/v1/events?limit=3&type=MeasureDefined&after=1&until=40')).toBe('200');
    expect(await ledger.get('/v1/events.ndjson')).toBe('200');
    expect(await ledger.get('/v1/programmes/lipid-management/history')).toBe('200');
    expect(await ledger.get(`/v1/submissions/${KEY}`)).toBe('200');
    expect(await ledger.get(`/v1/outcomes/${OUTCOME_ID}`)).toBe('200');
  });

  test('to a reader of the live stream', async () => {
    const path = '/v1/events/stream';
    const headers = { 'Last-Event-ID': '0' };
    const { status, headers: answered, body } = await ledger.ledger.fetch(path, { headers });
    let text = '';
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      if ((text += chunk).includes('id: 5\n')) break;
    }
    const whole = text.slice(0, text.lastIndexOf('\n\n'));
    expect(whole.match(/^data: /gm)!.length).toBeGreaterThan(4);
    ledger.contract.check('GET', path, { status, headers: answered, text: whole }, { headers });
  });

  test('to the admin who makes keys', async () => {
    const [asked] = ledger.shown('createKey');
    const { status, body } = await ledger.call('POST', '/v1/keys', { body: asked });
    expect(status).toBe(201);
    const { id, key } = body as { id: string; key: string };
    expect(await ledger.get('/v1/measures', { authorization: `Bearer ${key}` })).toBe('200');
    expect(await ledger.get('/v1/keys?limit=1')).toBe('200');
    for (const change of ['rotation', 'revocation'] as const) {
      const [body] = ledger.shown(change === 'rotation' ? 'rotateKey' : 'revokeKey');
      expect(await ledger.post(`/v1/keys/${id}/${change}`, body)).toBe('200');
    }
    expect(await ledger.get('/v1/keys')).toBe('200');
    expect(await ledger.get('/v1/events?type=KeyRotated')).toBe('200');
  });

  test('to an operator, and to a reader of the description', async () => {
    for (const path of [
      '/health/live',
      '/health/ready',
      '/metrics',
      '/v1/projections',
      '/openapi.json',
      '/docs',
    ]) {
      expect(await ledger.get(path)).toBe('200');
    }
    for (const file of ['swagger-ui.css', 'page.js', 'favicon-32x32.png']) {
      expect(await ledger.get(`/docs/${file}`)).toBe('200');
    }
    expect((await ledger.call('POST', '/v1/projections/rebuild')).status).toBe(202);
  });

  test('to an auditor who checks the log', async () => {
    for (const path of ['checkpoint?minSequence=5', 'checkpoint', 'key', 'consistency?from=2&to=5']) {
      expect(await ledger.get(`/v1/audit/${path}`)).toBe('200');
    }
    for (const path of [
      'events/3/proof?treeSize=5',
      'events/3/proof',
      'tile/0/000.p/4',
      'tile/entries/000.p/2',
    ]) {
      expect(await ledger.get(`/v1/audit/${path}`)).toBe('200');
    }
    expect(await ledger.get('/v1/audit/events/3/tlog-proof')).toBe('200');
    for (const query of [
      '',
      '?programme=lipid-management',
      '?after=3&until=9&since=5',
      '?measure=jobs&to=2023-24',
    ]) {
      expect(await ledger.get(`/v1/audit/bundle${query}`)).toBe('200');
    }
    expect(await ledger.get('/v1/figures/proof?measure=jobs')).toBe('200');
    expect(await ledger.get('/v1/figures/proof?measure=jobs&total=true')).toBe('200');
  });

  test('to every call, with every status and type of a success that is declared', () => {
    expect(ledger.contract.unseen().filter((key) => / 2\d\d /.test(key))).toEqual([]);
  });
});
