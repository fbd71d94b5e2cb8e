/** Too much of anything: too often, too many at once, too slowly. Whoever asks too much is told, and others go on. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { makeKey, withKey } from '../support/keys.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { eventually } from '../support/keys.js';
import { OUTCOME, registerProgramme } from '../support/outcomes.js';
import { told } from '../support/refusals.js';

const PROGRAMME = 'lipid-management';
const SUBMISSIONS = `/v1/programmes/${PROGRAMME}/submissions`;

let ledger: Ledger;
const open: Socket[] = [];
afterEach(() => open.splice(0).forEach((socket) => socket.destroy()));

const get = (key: string, path = '/v1/measures?limit=1') =>
  ledger.call('GET', path, { headers: withKey(key) });

/** A submission whose body never comes to its end. */
function sendSlowly(key: string, bytesAnnounced: number, sent = '{'): Socket {
  const { hostname, port } = new URL(ledger.url);
  const socket = connect(Number(port), hostname);
  open.push(socket);
  socket.on('error', () => undefined);
  socket.write(
    `POST ${SUBMISSIONS} HTTP/1.1\r\nHost: ledger\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${bytesAnnounced}\r\n\r\n${sent}`,
  );
  return socket;
}

describe('how often', () => {
  beforeAll(async () => {
    ledger = await Ledger.start({
      LEDGER_REQUESTS_PER_MINUTE: '5',
      LEDGER_REQUESTS_PER_DAY: '8',
      LEDGER_FAILURES_PER_MINUTE: '5',
    });
  });
  afterAll(() => ledger.remove());

  test('one key may ask is counted for itself, and says when to come again', async () => {
    const [one, other] = [
      await makeKey(ledger, { role: 'reporter' }),
      await makeKey(ledger, { role: 'reporter' }),
    ];
    for (let request = 0; request < 5; request++) expect((await get(one.key)).status).toBe(200);
    const answer = await get(one.key);
    expect(told(answer)).toBe('429 too-many-requests');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await get(other.key)).status).toBe(200);
    // What is refused for another reason is counted, too.
    for (let request = 0; request < 4; request++)
      expect((await get(other.key, '/v1/events')).status).toBe(403);
    expect((await get(other.key, '/v1/events')).status).toBe(429);
  });

  test('the admin may ask has no end', async () => {
    for (let request = 0; request < 20; request++) expect((await get(ADMIN_KEY)).status).toBe(200);
  });

  test('an address may show no valid key is counted, and keeps no valid one out', async () => {
    const statuses: number[] = [];
    for (let request = 0; request < 7; request++) statuses.push((await get('wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const { key } = await makeKey(ledger, { role: 'reporter' });
    expect((await get(key)).status).toBe(200);
  });
});

test('how often in a day is counted apart', async () => {
  ledger = await Ledger.start({ LEDGER_REQUESTS_PER_DAY: '3' });
  try {
    const { key } = await makeKey(ledger, { role: 'reporter' });
    for (let request = 0; request < 3; request++) expect((await get(key)).status).toBe(200);
    const answer = await get(key);
    expect(told(answer)).toBe('429 too-many-requests');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(3_600);
  } finally {
    await ledger.remove();
  }
});

describe('how many at once', () => {
  beforeAll(async () => {
    ledger = await Ledger.start({
      LEDGER_REQUESTS_AT_ONCE: '8',
      LEDGER_BODIES_MIB: '5',
      LEDGER_BODY_SECONDS: '30',
    });
    await registerProgramme(ledger, PROGRAMME);
  });
  afterAll(() => ledger.remove());

  test('one key may have is a quarter; the others find room, and so does it when one has ended', async () => {
    const one = await makeKey(ledger, { role: 'auditor' });
    const other = await makeKey(ledger, { role: 'auditor' });
    const ending = new AbortController();
    for (let stream = 0; stream < 2; stream++) {
      const headers = withKey(one.key);
      const { status } = await ledger.fetch('/v1/events/stream', { headers, signal: ending.signal });
      expect(status).toBe(200);
    }
    const answer = await get(one.key);
    expect([told(answer), answer.headers.get('retry-after')]).toEqual(['503 overloaded', '1']);
    expect((await get(other.key)).status).toBe(200);
    ending.abort();
    await eventually(async () => (await get(one.key)).status === 200);
  });

  test('all together may have is bounded, and what is open to anyone is answered', async () => {
    for (let slow = 0; slow < 8; slow++) sendSlowly(ADMIN_KEY, 100);
    await eventually(async () => (await get(ADMIN_KEY)).status === 503);
    expect(told(await get(ADMIN_KEY))).toBe('503 overloaded');
    expect((await ledger.call('GET', '/health/live')).status).toBe(200);
    open.splice(0).forEach((socket) => socket.destroy());
    await eventually(async () => (await get(ADMIN_KEY)).status === 200);
  });

  test('bodies may take up is bounded: another large one is refused before it is read', async () => {
    const body = JSON.stringify({ outcomes: [{ ...OUTCOME, note: 'n'.repeat(1_900) }] }).padEnd(
      2 * 1024 * 1024,
    );
    const submit = () =>
      ledger.call('POST', SUBMISSIONS, {
        body,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f',
        },
      });
    expect((await submit()).status).toBe(201);
    await eventually(async () => {
      // One that came while the submission before still had its place was refused itself.
      sendSlowly(ADMIN_KEY, 4_000_000);
      return (await submit()).status === 503;
    });
    const answer = await submit();
    expect([told(answer), answer.headers.get('retry-after')]).toEqual(['503 overloaded', '1']);
    open.splice(0).forEach((socket) => socket.destroy());
    await eventually(async () => (await submit()).status === 200);
  });
});

const residentBytes = () =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${ledger.pid}/status`, 'utf8'))![1]) * 1_024;

test('three hundred readers of what anyone may read, who do not read it, take up no memory', async () => {
  ledger = await Ledger.start();
  try {
    const { hostname, port } = new URL(ledger.url);
    const before = residentBytes();
    for (const path of ['/docs/swagger-ui-bundle.js', '/openapi.json']) {
      let begun = 0;
      for (let reader = 0; reader < 300; reader++) {
        const socket = connect(Number(port), hostname);
        open.push(socket);
        socket.on('error', () => undefined).once('readable', () => begun++);
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ledger\r\n\r\n`);
      }
      await eventually(() => Promise.resolve(begun === 300));
    }
    // One by one they would take up 500 MB and more.
    expect(residentBytes() - before).toBeLessThan(100_000_000);
  } finally {
    await ledger.remove();
  }
});

test('a hundred bodies that do not come to their end take up no more memory than is allowed', async () => {
  ledger = await Ledger.start({ LEDGER_BODIES_MIB: '16' });
  try {
    await registerProgramme(ledger, PROGRAMME);
    const before = residentBytes();
    const almostAll = ' '.repeat(3_900_000);
    let refused = 0;
    for (let body = 0; body < 100; body++) {
      const socket = sendSlowly(ADMIN_KEY, 4_000_000, almostAll);
      socket.once('data', () => refused++);
    }
    // Four of four million bytes find room.
    await eventually(() => Promise.resolve(refused === 96));
    expect((await get(ADMIN_KEY)).status).toBe(200);
    // Without a bound it would be 390 MB.
    expect(residentBytes() - before).toBeLessThan(120_000_000);
  } finally {
    await ledger.remove();
  }
});

describe('a body that does not arrive in time', () => {
  beforeAll(async () => {
    ledger = await Ledger.start({ LEDGER_BODY_SECONDS: '1' });
    await registerProgramme(ledger, PROGRAMME);
  });
  afterAll(() => ledger.remove());

  /** Until the ledger closes the connection. A byte now and then does not draw it out. */
  async function drip(socket: Socket): Promise<string> {
    const dripping = setInterval(() => socket.write(' '), 100);
    let text = '';
    socket.setEncoding('utf8').on('data', (more: string) => (text += more));
    await new Promise((closed) => socket.once('close', closed));
    clearInterval(dripping);
    return text;
  }

  test('is given up, and its connection closed', async () => {
    const text = await drip(sendSlowly(ADMIN_KEY, 100));
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"type":"urn:outcome-ledger:problem:too-slow"');
    expect(text.toLowerCase()).toContain('connection: close');
  });

  test('is not waited for either where it was refused before', async () => {
    expect(await drip(sendSlowly('wrong', 1_000))).toMatch(/^HTTP\/1\.1 401 /);
    expect(await drip(sendSlowly(ADMIN_KEY, 5_000_000))).toMatch(/^HTTP\/1\.1 413 /);
  });
});
