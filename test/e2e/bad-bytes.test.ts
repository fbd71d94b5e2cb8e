/** What is not HTTP, or ends in the middle of it: answered with a problem where anything can be, and never felt. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme } from '../support/outcomes.js';
import { FIELDS, sendRaw } from '../support/raw-http.js';
import { andServesOn, told, Watch } from '../support/refusals.js';

const PROGRAMME = 'lipid-management';
const KEY = '9c2f7a10-51a5-4a43-9a0f-6a6d3f1c7e01';
const BODY = JSON.stringify({ outcomes: [OUTCOME] });
const JSON_TYPE = 'Content-Type: application/json\r\n';

let ledger: Ledger;
let watch: Watch;
beforeAll(async () => {
  ledger = await Ledger.start({ LOG_LEVEL: 'info' });
  await registerProgramme(ledger, PROGRAMME);
  watch = await Watch.over(ledger);
});
afterEach(() => watch.nothingRecorded());
afterAll(() => ledger.remove());

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\n${FIELDS}${fields}\r\n`;
/** A submission that would be recorded if it were whole and clear. */
const post = (fields: string, body: string) =>
  `POST /v1/programmes/${PROGRAMME}/submissions HTTP/1.1\r\n${FIELDS}Idempotency-Key: ${KEY}\r\n${fields}\r\n${body}`;
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const LENGTH = `Content-Length: ${BODY.length}\r\n`;

describe('bytes that are no request', () => {
  test.each<[name: string, bytes: string | Buffer]>([
    ['zeros', Buffer.alloc(64)],
    ['the start of TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['the start of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a version that is none', 'GET / HTTP/9.9\r\n\r\n'],
    ['a method that is none', `FETCH /v1/events HTTP/1.1\r\n${FIELDS}\r\n`],
    ['an address in raw UTF-8', get('/v1/programmes/é')],
    ['lines that end in LF', get('/health/live').replaceAll('\r\n', '\n')],
    ['a header without a colon', get('/health/live', 'X-Header\r\n')],
    ['a header with a space before the colon', get('/health/live', 'X-Header : 1\r\n')],
    ['a header over two lines', get('/health/live', 'X-Header: 1\r\n  2\r\n')],
    ['a header with a zero in it', get('/health/live', 'X-Header: \0\r\n')],
    ['a length that is none', post(`${JSON_TYPE}Content-Length: 1x\r\n`, BODY)],
    ['a negative length', post(`${JSON_TYPE}Content-Length: -1\r\n`, BODY)],
    ['two lengths', post(`${JSON_TYPE}${LENGTH}Content-Length: 2\r\n`, BODY)],
    [
      'a length and chunks',
      post(`${JSON_TYPE}${LENGTH}Transfer-Encoding: chunked\r\n`, `${chunk(BODY)}0\r\n\r\n`),
    ],
    [
      'chunks within another coding',
      post(`${JSON_TYPE}Transfer-Encoding: chunked, gzip\r\n`, `${chunk(BODY)}0\r\n\r\n`),
    ],
    ['a coding that is none', post(`${JSON_TYPE}Transfer-Encoding: xchunked\r\n`, `${chunk(BODY)}0\r\n\r\n`)],
    [
      'a chunk whose length is none',
      post(`${JSON_TYPE}Transfer-Encoding: chunked\r\n`, `zz\r\n${BODY}\r\n0\r\n\r\n`),
    ],
    [
      'a chunk longer than any',
      post(`${JSON_TYPE}Transfer-Encoding: chunked\r\n`, `${'f'.repeat(17)}\r\n${BODY}`),
    ],
    [
      'a chunk longer than it says',
      post(`${JSON_TYPE}Transfer-Encoding: chunked\r\n`, `2\r\n${BODY}\r\n0\r\n\r\n`),
    ],
  ])('%s', async (_name, bytes) => {
    const answers = await sendRaw(ledger, bytes);
    expect(answers.map(told)).toEqual(['400 bad-request']);
    const { headers } = answers[0]!;
    expect([headers.get('connection'), headers.get('x-content-type-options')]).toEqual(['close', 'nosniff']);
  });

  test.each([
    ['one header without end', `X-Header: ${'x'.repeat(20_000)}\r\n`],
    ['thousands of headers', 'X-Header: 1\r\n'.repeat(4_000)],
    ['a key without end', `Authorization: Bearer ${'x'.repeat(20_000)}\r\n`],
  ])('%s', async (_name, fields) => {
    expect((await sendRaw(ledger, get('/health/live', fields))).map(told)).toEqual(['431 too-large']);
  });

  test.each([
    ['an address that is no percent-encoding', get('/v1/programmes/%zz')],
    ['an address that is not UTF-8', get('/v1/programmes/%ff')],
    ['no Host', get('/health/live').replace('Host: ledger\r\n', '')],
    ['two Hosts', get('/v1/events', 'Host: elsewhere\r\n')],
    ['two keys', get('/v1/events', 'Authorization: Bearer other\r\n')],
    ['two media types', post(`${JSON_TYPE}Content-Type: text/csv\r\n${LENGTH}`, BODY)],
  ])('%s', async (_name, bytes) => {
    expect((await sendRaw(ledger, bytes)).map(told)).toEqual(['400 bad-request']);
  });

  test.each([
    [
      'two Idempotency-Keys',
      post(`Idempotency-Key: ${KEY}\r\n${JSON_TYPE}${LENGTH}`, BODY),
      '400 bad-header',
    ],
    ['no media type', post(LENGTH, BODY), '415 unsupported-media-type'],
    ['no body', post(JSON_TYPE, ''), '400 malformed-json'],
    ['too large, by what it says', post(`${JSON_TYPE}Content-Length: 5000000\r\n`, '{'), '413 too-large'],
    [
      'too large, in chunks',
      post(`${JSON_TYPE}Transfer-Encoding: chunked\r\n`, chunk(' '.repeat(4_200_000))),
      '413 too-large',
    ],
    ['an address that goes up', get('/v1/%2e%2e/health/live'), '404 not-found'],
    [
      'an address with a fragment',
      get('/health/live#/v1/events').replace(/Auth[^\n]*\n/, ''),
      '400 bad-request',
    ],
    [
      'an address with parameters of its path',
      get('/health/live;v=1').replace(/Auth[^\n]*\n/, ''),
      '401 unauthenticated',
    ],
    ['a method that nothing takes', get('/v1/events').replace('GET', 'TRACE'), '405 method-not-allowed'],
  ])('%s', async (_name, bytes, expected) => {
    expect((await sendRaw(ledger, bytes)).map(told)).toEqual([expected]);
  });
  andServesOn(() => watch, PROGRAMME);
});

describe('a request that ends in its middle', () => {
  const whole = post(`${JSON_TYPE}${LENGTH}`, BODY);
  test.each([
    ['after its method', 'POST'],
    ['in its headers', whole.slice(0, whole.indexOf('Idempotency') + 20)],
    ['before its body', whole.slice(0, whole.indexOf('{'))],
    ['in its body', whole.slice(0, -1)],
    ['between its chunks', post(`${JSON_TYPE}Transfer-Encoding: chunked\r\n`, chunk(BODY))],
  ])('%s', async (_name, bytes) => {
    expect((await sendRaw(ledger, bytes, { halfClose: true })).map(told)).toEqual(['400 bad-request']);
  });

  test('or whose client has gone', async () => {
    const { hostname, port } = new URL(ledger.url);
    for (const length of [1, whole.indexOf('{'), whole.length - 1]) {
      const socket = connect(Number(port), hostname);
      await new Promise<void>((written) => socket.write(whole.slice(0, length), () => written()));
      socket.resetAndDestroy();
    }
  });

  test('leaves a whole one before it its answer, and takes nothing after it', async () => {
    const keepAlive = get('/health/live').replace('Connection: close\r\n', '');
    const answers = await sendRaw(ledger, `${keepAlive}\0\0\r\n\r\n${whole}`);
    expect(answers.map(({ status, text }) => [status, text])).toEqual([[200, '{"status":"live"}']]);
  });

  test('is answered when the rest of it comes, a byte at a time', async () => {
    const fields = `Idempotency-Key: ${KEY}\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n`;
    const path = '/v1/programmes/nobody/submissions';
    const bytes = `POST ${path} HTTP/1.1\r\n${FIELDS}${fields}\r\n${[...BODY].map(chunk).join('')}0\r\n\r\n`;
    expect((await sendRaw(ledger, bytes)).map(told)).toEqual(['404 programme-unknown']);
  });
  andServesOn(() => watch, PROGRAMME);
});

test('an expectation that is not known is no reason to refuse', async () => {
  const [answer] = await sendRaw(ledger, get('/health/live', 'Expect: the-best\r\n'));
  expect([answer!.status, answer!.text]).toEqual([200, '{"status":"live"}']);
});

test('whoever waits to be asked for a body is asked only where they are let in', async () => {
  const waiting = post(`${JSON_TYPE}${LENGTH}Expect: 100-continue\r\n`, '');
  const shut = await sendRaw(ledger, waiting.replace(/Auth[^\n]*\n/, ''));
  expect(shut.map(told)).toEqual(['401 unauthenticated']);
  const [asked] = await sendRaw(ledger, waiting.replace(PROGRAMME, 'nobody') + BODY);
  expect([asked!.status, asked!.text.split('\r\n')[0]]).toEqual([100, 'HTTP/1.1 404 Not Found']);
});

test('what could not be read is logged by its kind, and never its bytes', async () => {
  const [answer] = await sendRaw(ledger, get('/health/live', 'X-Header\r\n'));
  const line = await ledger.logged(answer!.headers.get('x-request-id'));
  expect(line).toMatchObject({
    statusCode: 400,
    reason: expect.stringMatching(/^HPE_/) as unknown,
    msg: 'answered',
  });
  expect(ledger.log).not.toContain('a-key-for-tests');
});
