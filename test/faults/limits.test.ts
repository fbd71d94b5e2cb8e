/**
 * A process that has used up its files, its threads or its memory: what it cannot do it answers with 503 or not at
 * all, what it can it goes on doing, and once there is more again it does everything.
 */
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { FaultyMachine } from '../support/faulty-machine.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme, submit } from '../support/outcomes.js';
import { hasTool, needsTool } from '../support/tools.js';

/** In bytes: with six times as much it is a thread that ends, as a rule, and not the process. */
const ROOM_FOR_NOTHING = 8 * 1_024 * 1_024;

let machine: FaultyMachine | undefined;
let ledger: Ledger;
let rows = 0;
beforeAll(() => {
  if (hasTool('gcc')) machine = new FaultyMachine('/events.db');
});
afterAll(() => machine?.remove());
afterEach(() => ledger.remove());

async function start(): Promise<void> {
  ledger = await Ledger.start({ ...machine?.env, LOG_LEVEL: 'silent' });
  await registerProgramme(ledger);
}

const limit = (...limits: readonly string[]) =>
  execFileSync('prlimit', ['--pid', String(ledger.pid), ...limits]);

const recorded = async () =>
  (await ledger.call<{ outcomes: number }>('GET', '/v1/totals/since?measure=patients-benefited')).body
    .outcomes;

/** Of a file that nobody sent before. */
const importRow = async () => {
  const { evidence: _title, ...rest } = OUTCOME;
  const row = { ...rest, note: `row ${++rows}` };
  const { status } = await ledger.call('POST', '/v1/programmes/asthma-care/imports', {
    body: `${JSON.stringify(row)}\n`,
    headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': randomUUID() },
  });
  return status;
};

/** Whether a new connection gets any answer. */
async function isLetIn(): Promise<boolean> {
  const { hostname, port } = new URL(ledger.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => (said += text));
  socket.end('GET /health/live HTTP/1.1\r\nhost: ledger\r\nconnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  return said.includes('200 OK');
}

/** What was just being closed would leave room for another: then the limit is set again. */
async function leaveNoFile(): Promise<void> {
  do {
    const open = new Set(readdirSync(`/proc/${ledger.pid}/fd`).map(Number));
    const firstFree = Array.from({ length: open.size + 1 }, (_, fd) => fd).find((fd) => !open.has(fd))!;
    limit(`--nofile=${firstFree}:4096`);
  } while (await isLetIn());
}

needsTool('prlimit')(
  'without a file to spare it serves who is connected, and all once there are more',
  async () => {
    await start();
    expect([await importRow(), await isLetIn()]).toEqual([201, true]);
    await leaveNoFile();
    expect(await importRow()).toBe(503);
    // Nobody who is connected needs a new file for this.
    expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(201);
    expect(await recorded()).toBe(2);
    limit('--nofile=4096:4096');
    expect([await importRow(), await isLetIn()]).toEqual([201, true]);
    expect(await recorded()).toBe(3);
  },
);

needsTool('gcc')('without a thread to spare it does not rebuild, and says so; then it does', async () => {
  await start();
  const rebuild = async () => (await ledger.call('POST', '/v1/projections/rebuild', { body: {} })).status;
  machine!.fail({ what: 'threads', error: 'EAGAIN', passing: 0, failing: 1_000 });
  expect(await rebuild()).toBe(503);
  expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(201);
  expect(machine!.heal().failed).toBeGreaterThan(0);
  expect(await rebuild()).toBe(202);
  expect((await ledger.call('GET', '/health/ready')).status).toBe(200);
});

needsTool('prlimit').each([ROOM_FOR_NOTHING, 6 * ROOM_FOR_NOTHING])(
  'without memory (%i bytes are left) it answers or ends, and nothing that it acknowledged is lost',
  async (room) => {
    await start();
    const note = 'n'.repeat(2_000);
    const outcomes = Array.from({ length: 500 }, () => ({ ...OUTCOME, note }));
    const send = (key: string) =>
      submit(ledger, 'asthma-care', outcomes, key).then(
        ({ status }) => status,
        () => 'no answer' as const,
      );
    const keys = Array.from({ length: 26 }, () => randomUUID());
    const first: (number | 'no answer')[] = [await send(keys[0]!), await send(keys[1]!)];
    expect(first).toEqual([201, 201]);
    const size =
      Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync(`/proc/${ledger.pid}/status`, 'utf8'))![1]) * 1_024;
    limit(`--as=${size + room}`);
    first.push(...(await Promise.all(keys.slice(2).map(send))));
    for (const status of first) expect([201, 503, 'no answer']).toContain(status);
    const isFelt = first.some((status) => status !== 201);
    expect(isFelt || room > ROOM_FOR_NOTHING).toBe(true);
    // As whoever runs it starts it again.
    await ledger.kill();
    await ledger.start();
    const again: (number | 'no answer')[] = [];
    for (const key of keys) again.push(await send(key));
    for (const [index, status] of again.entries())
      expect([first[index], status]).toEqual([first[index], first[index] === 201 ? 200 : status]);
    for (const status of again) expect([200, 201]).toContain(status);
    expect(await recorded()).toBe(keys.length * outcomes.length);
  },
);
