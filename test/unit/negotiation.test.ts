import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import fastify, { type FastifyInstance } from 'fastify';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { RouteAccess } from '../../src/api/call.js';
import { NEVER_CHANGES } from '../../src/api/call-headers.js';
import { compressAnswers, refuseUnacceptable, tagUnchanging, takes } from '../../src/http/negotiation.js';

const LARGE = JSON.stringify({ text: 'as it was '.repeat(1_000) });
const GUARDED: RouteAccess = {
  id: 'read',
  may: { auditor: true },
  logged: false,
  answers: ['application/json'],
};

let server: FastifyInstance;
let goOn: () => void;
beforeAll(async () => {
  server = fastify();
  for (const addTo of [refuseUnacceptable, tagUnchanging, compressAnswers]) addTo(server);
  const answer = (url: string, of: () => unknown, { access = GUARDED, headers = {}, method = 'GET' } = {}) =>
    server.route({
      url,
      method,
      config: { access },
      handler: (_request, reply) => reply.type('application/json').headers(headers).send(of()),
    });
  answer('/large', () => LARGE);
  answer('/small', () => '{}');
  answer('/written', () => LARGE, { method: 'POST' });
  answer('/open', () => LARGE, { access: { ...GUARDED, may: null } });
  answer('/events', () => LARGE, { headers: { 'content-type': 'text/event-stream' } });
  answer('/settled', () => LARGE, { headers: { 'cache-control': NEVER_CHANGES } });
  answer('/growing', () => Readable.from(pieces()));
  await server.listen({ port: 0 });
});
afterAll(() => server.close());

/** The second piece comes when a test has seen the first. */
async function* pieces() {
  const seen = new Promise<void>((resolve) => (goOn = resolve));
  yield '{"first":1,';
  await seen;
  yield '"second":2}';
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> {
  const { port } = server.server.address() as AddressInfo;
  return new Promise((resolve, reject) =>
    request({ port, path, method, headers, agent: false }, resolve).on('error', reject).end(),
  );
}

const GZIP = { 'accept-encoding': 'gzip' };

describe('an answer is compressed', () => {
  test('where the caller takes gzip, and says how it varies either way', async () => {
    const packed = await ask('/large', GZIP);
    const bytes = await buffer(packed);
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(Number(packed.headers['content-length'])).toBe(bytes.length);
    expect(gunzipSync(bytes).toString()).toBe(LARGE);
    for (const encodings of ['identity', 'gzip;q=0', 'br', '*;q=0', '']) {
      const whole = await ask('/large', { 'accept-encoding': encodings });
      expect([encodings, whole.headers['content-encoding'], whole.headers.vary]).toEqual([
        encodings,
        undefined,
        'Accept-Encoding',
      ]);
      expect((await buffer(whole)).toString()).toBe(LARGE);
    }
  });

  test('as long for HEAD as for GET', async () => {
    const { headers } = await ask('/large', GZIP, 'HEAD');
    expect(Number(headers['content-length'])).toBe((await buffer(await ask('/large', GZIP))).length);
  });

  test('not where it is small, is open to anyone, answers a write, or goes on live', async () => {
    for (const [path, method] of [
      ['/small', 'GET'],
      ['/open', 'GET'],
      ['/written', 'POST'],
      ['/events', 'GET'],
    ] as const) {
      const answer = await ask(path, { ...GZIP, accept: '*/*' }, method);
      expect([path, answer.statusCode, answer.headers['content-encoding']]).toEqual([path, 200, undefined]);
      answer.resume();
    }
  });

  test('piece by piece where it is a stream: a reader has the first before there is a second', async () => {
    const unpacked = (await ask('/growing', GZIP)).pipe(createGunzip());
    let text = '';
    for await (const piece of unpacked as AsyncIterable<Buffer>) {
      text += piece.toString();
      if (text === '{"first":1,') goOn();
    }
    expect(JSON.parse(text)).toEqual({ first: 1, second: 2 });
  });
});

describe('an answer that never changes', () => {
  test('is not sent again to a caller who has it', async () => {
    const first = await ask('/settled');
    const { etag } = first.headers;
    expect(etag).toMatch(/^W\/"[\w-]{43}"$/);
    expect((await buffer(first)).toString()).toBe(LARGE);
    for (const known of [etag!, `"other", ${etag}`, '*']) {
      const again = await ask('/settled', { ...GZIP, 'if-none-match': known });
      expect([again.statusCode, again.headers.etag, (await buffer(again)).length]).toEqual([304, etag, 0]);
    }
    expect((await ask('/settled', { 'if-none-match': 'W/"other"' })).statusCode).toBe(200);
  });

  test('is told from others, which have no tag', async () => {
    const other = await ask('/large', { 'if-none-match': '*' });
    expect([other.statusCode, other.headers.etag]).toEqual([200, undefined]);
  });
});

describe('a media type', () => {
  const TYPE = ['application/json', 'application/*', '*/*'];

  test.each([
    [undefined, true],
    ['', true],
    ['*/*', true],
    ['application/*', true],
    ['Application/JSON;charset=utf-8', true],
    ['text/html, application/xhtml+xml, */*;q=0.8', true],
    ['text/csv', false],
    ['application/xml;q=0.9, text/*', false],
    ['application/json;q=0, */*', false],
    ['*/*;q=0.000', false],
    ['application/json;q=much', false],
  ])('%s takes JSON: %s', (header, isTaken) => expect(takes(header, TYPE)).toBe(isTaken));

  test('is refused by no header that names it, whatever else stands in it', () =>
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[^,]{0,12}$/)), (others) =>
        takes([...others.filter((text) => !/json/i.test(text)), 'application/json'].join(','), TYPE),
      ),
    ));

  test('that cannot be answered is refused before anything is done', async () => {
    expect((await ask('/written', { accept: 'text/csv' }, 'POST')).statusCode).toBe(500);
    expect((await ask('/written', { accept: 'application/json' }, 'POST')).statusCode).toBe(200);
  });
});
