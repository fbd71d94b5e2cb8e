/** Wrong headers, media types and methods: each gets its precise problem and changes nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme, submit } from '../support/outcomes.js';
import { andServesOn, refusal, told, Watch } from '../support/refusals.js';

const PROGRAMME = 'lipid-management';
const KEY = '5b0f4d5e-2f0e-4a0b-9a51-3c6f5a9c2d01';
const UNUSED = '5b0f4d5e-2f0e-4a0b-9a51-3c6f5a9c2dff';
const SUBMISSIONS = `/v1/programmes/${PROGRAMME}/submissions`;

let ledger: Ledger;
let watch: Watch;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger, PROGRAMME);
  await submit(ledger, PROGRAMME, [OUTCOME, { ...OUTCOME, quantity: 7 }], KEY);
  watch = await Watch.over(ledger);
});
afterEach(() => watch.nothingRecorded());
afterAll(() => ledger.remove());

describe('a header that is wrong', () => {
  const json = { 'content-type': 'application/json' };
  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['no UUID', 'retry-1'],
    ['a UUID in braces', `{${UNUSED}}`],
    ['two UUIDs', `${UNUSED}, ${KEY}`],
    ['a UUID with a line of an outcome', `${UNUSED}.1`],
  ])('an Idempotency-Key that is %s', async (_name, key) => {
    const headers = { ...json, ...(key !== undefined && { 'idempotency-key': key }) };
    expect(await refusal(ledger, 'POST', SUBMISSIONS, { body: { outcomes: [OUTCOME] }, headers })).toBe(
      '400 bad-header',
    );
  });

  test('an Idempotency-Key that was used for other content', async () => {
    const headers = { 'idempotency-key': `"${KEY.toUpperCase()}"` };
    const told = await refusal(ledger, 'POST', SUBMISSIONS, { body: { outcomes: [OUTCOME] }, headers });
    expect(told).toBe('409 idempotency-key-reused');
  });

  test.each([undefined, '', '0', '*', 'W/"0"', '"00"', '"-1"', '"1e0"', '"0", "1"', '"9999999999"'])(
    'an If-Match of %s',
    async (version) => {
      const headers = { ...(version !== undefined && { 'if-match': version }) };
      const sent = { body: { reason: 'recorded twice' }, headers };
      expect(await refusal(ledger, 'POST', `/v1/outcomes/${KEY}.1/withdrawal`, sent)).toBe('400 bad-header');
    },
  );

  test.each(['', 'x', '-1', '1.5', '1000000', '9007199254740993', '1, 2'])(
    'a Last-Event-ID of %s',
    async (id) =>
      expect(await refusal(ledger, 'GET', '/v1/events/stream', { headers: { 'last-event-id': id } })).toBe(
        '400 bad-header',
      ),
  );

  test.each<[name: string, path: string, headers: Record<string, string>]>([
    ['plain text', SUBMISSIONS, { 'content-type': 'text/plain' }],
    ['a form', SUBMISSIONS, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['JSON of another kind', SUBMISSIONS, { 'content-type': 'application/ld+json' }],
    ['no media type', SUBMISSIONS, { 'content-type': ';' }],
    ['a file', SUBMISSIONS, { 'content-type': 'text/csv' }],
    ['lines of JSON', SUBMISSIONS, { 'content-type': 'application/x-ndjson' }],
    ['another character set', SUBMISSIONS, { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['another character set, quoted', SUBMISSIONS, { 'content-type': 'application/json; charset="utf-16"' }],
    ['a character set beside UTF-8', SUBMISSIONS, { 'content-type': 'application/json; charset=utf-8-x' }],
    ['a compressed body', SUBMISSIONS, { ...json, 'content-encoding': 'gzip' }],
    ['JSON for a file', `/v1/programmes/${PROGRAMME}/imports`, json],
  ])('a media type that is not taken: %s', async (_name, path, headers) => {
    const body = JSON.stringify({ outcomes: [OUTCOME] });
    const told = await refusal(ledger, 'POST', path, {
      body,
      headers: { ...headers, 'idempotency-key': UNUSED },
    });
    expect(told).toBe('415 unsupported-media-type');
  });

  test.each([
    ['GET', '/v1/events', 'application/x-ndjson'],
    ['GET', '/v1/totals/annual?measure=jobs', 'text/csv, application/json;q=0'],
    ['GET', '/v1/audit/checkpoint', 'application/json'],
    ['POST', SUBMISSIONS, 'text/html'],
  ])('an answer that nobody gives: %s %s as %s', async (method, path, accept) => {
    const sent = { headers: { accept, 'idempotency-key': UNUSED }, body: { outcomes: [OUTCOME] } };
    const call = method === 'POST' ? sent : { headers: { accept } };
    expect(await refusal(ledger, method, path, call)).toBe('406 not-acceptable');
  });

  test.each(['charset=utf-8', 'charset=UTF-8', 'charset="utf-8"', ' Charset="UTF-8"; profile=x'])(
    'UTF-8, however it is said, is no reason to refuse: %s',
    async (parameter) => {
      const headers = { 'content-type': `application/json;${parameter}`, 'idempotency-key': UNUSED };
      const told = await refusal(ledger, 'POST', SUBMISSIONS, { body: '{}', headers });
      expect(told).toBe('422 invalid-content /outcomes');
    },
  );

  test.each([
    ['DELETE', '/v1/programmes', 'GET, HEAD, POST'],
    ['PUT', `/v1/outcomes/${KEY}.1`, 'GET, HEAD'],
    ['PATCH', `/v1/outcomes/${KEY}.1/correction`, 'POST'],
    ['GET', SUBMISSIONS, 'POST'],
    ['POST', '/v1/events', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
  ])('%s %s', async (method, path, allow) => {
    const answer = await ledger.call(method, path, method === 'GET' ? {} : { body: {} });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    expect(await refusal(ledger, method, path, method === 'GET' ? {} : { body: {} })).toBe(
      '405 method-not-allowed',
    );
  });

  test('a body that is larger than is taken, and is told how large it may be', async () => {
    const body = `{"outcomes":[],"note":"${'n'.repeat(4 * 1024 * 1024)}"}`;
    const answer = await ledger.call<{ detail: string }>('POST', SUBMISSIONS, { body, headers: json });
    expect(told(answer)).toBe('413 too-large');
    expect(answer.body.detail).toBe('the body is larger than the 4194304 bytes that this address takes');
  });

  test.each([
    ['is empty', '', '422 invalid-file'],
    ['has an unknown column', 'measure,amount\njobs,1\n', '422 invalid-file'],
    [
      'has a bad row after good ones',
      'measure,quantity,from,basis\njobs,1,2023-04-01,counted\njobs,1,2026-02-30,counted\n',
      '422 invalid-file',
    ],
  ])('a file that %s', async (_name, body, expected) => {
    const sent = { body, headers: { 'content-type': 'text/csv' } };
    expect(await refusal(ledger, 'POST', `/v1/programmes/${PROGRAMME}/imports`, sent)).toContain(expected);
  });
  andServesOn(() => watch, PROGRAMME);
});
