/** Readers who take nothing of what they asked for: they hold up nobody, and what they would not take is not kept for them. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';

jest.setTimeout(120_000);

const SUBMISSIONS = 20;
/** Half of each kind. */
const READERS = 24;
const MIB = 1_024 * 1_024;

const LARGE = Array.from({ length: 500 }, () => ({ ...OUTCOME, note: 'n'.repeat(2_000) }));

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger);
});
afterAll(() => ledger.remove());

const rss = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${ledger.pid}/status`, 'utf8'))![1]) * 1_024;

/** Asks, and reads no further than that an answer has begun. */
async function readNothingOf(path: string): Promise<Socket> {
  const { hostname, port } = new URL(ledger.url);
  const socket = connect(Number(port), hostname);
  const head = [`GET ${path} HTTP/1.1`, 'host: ledger', `authorization: Bearer ${ADMIN_KEY}`];
  socket.write([...head, '', ''].join('\r\n'));
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  expect(first.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  return socket;
}

test('readers who take nothing hold up nobody, and take up bounded memory', async () => {
  for (let index = 0; index < SUBMISSIONS; index++) await record(ledger, 'asthma-care', ...LARGE);
  const before = rss();
  const dead = await Promise.all(
    Array.from({ length: READERS }, (_, index) =>
      index % 2 === 0 ? readNothingOf('/v1/events.ndjson') : readNothingOf('/v1/events/stream'),
    ),
  );
  for (let index = 0; index < SUBMISSIONS / 4; index++) {
    expect((await submit(ledger, 'asthma-care', LARGE)).status).toBe(201);
  }
  // Whoever reads gets all of it, while the others have it before them.
  const response = await ledger.fetch('/v1/events.ndjson');
  let bytes = 0;
  let lines = 0;
  for await (const chunk of response.body! as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 10) lines++;
  }
  expect(lines).toBeGreaterThan(500 * SUBMISSIONS * 1.25);
  const total = bytes * READERS;
  expect(total).toBeGreaterThan(600 * MIB);
  expect(rss() - before).toBeLessThan(total / 2);

  for (const socket of dead) socket.destroy();
  expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(201);
  expect(await ledger.stop()).toBe(0);
});
