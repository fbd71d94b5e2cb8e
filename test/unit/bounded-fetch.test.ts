import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { fetchAtMost } from '../../src/kernel/bounded-fetch.js';

let server: Server;
let url: string;
let isBrokenOff: Promise<unknown>;
beforeAll(async () => {
  server = createServer(({ url: path }, response) => {
    if (path === '/nothing') return void response.writeHead(204).end();
    if (path === '/short') return void response.writeHead(201, { 'x-kept': 'yes' }).end('{"short":true}');
    isBrokenOff = once(response, 'close');
    const write = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
    };
    response.on('drain', write);
    write();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

test('L2: an answer that never ends is read up to its bound, and the connection closed', async () => {
  await expect(fetchAtMost(64 * 1024, `${url}/endless`)).rejects.toThrow('more than 65536 bytes');
  await isBrokenOff;
});

test('an answer within the bound is as it came', async () => {
  const answer = await fetchAtMost(100, `${url}/short`);
  expect([answer.status, answer.headers.get('x-kept')]).toEqual([201, 'yes']);
  expect(await answer.json()).toEqual({ short: true });
  expect((await fetchAtMost(100, `${url}/nothing`)).status).toBe(204);
});

test('L2: a ledger that serves reads no answer from outside without a bound', () => {
  const src = resolve(__dirname, '../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^(?!cli).*\.ts$/.test(name),
  );
  const fetching = files.filter((name) => /(?<![\w.])fetch\(/.test(readFileSync(join(src, name), 'utf8')));
  expect(fetching).toEqual(['kernel/bounded-fetch.ts']);
});
