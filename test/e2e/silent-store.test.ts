/**
 * A whole ledger on a store whose nodes take what is asked and say nothing: it waits as long as it says, refuses in
 * the words that it documents, never for ever, and goes on when they answer. The store is the protocol double.
 */
import { afterEach, expect, jest, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Gate, type CallKind } from '../double/faults.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { Ledger } from '../support/ledger.js';

// Ten seconds of patience, and what a busy machine makes of them.
jest.setTimeout(120_000);

const KINDS: readonly CallKind[] = ['append', 'read-stream', 'read-all', 'subscribe', 'features', 'gossip'];
/** Given up soon, one answer after the other; for how long it is asked again is the ledger's own. */
const SOON = 'defaultDeadline=500&gossipTimeout=1';

const OUTCOME = {
  measure: 'patients-benefited',
  quantity: 100,
  effective: { from: '2023-04-01', to: '2023-06-30' },
  basis: 'counted',
};

const OPEN = new Gate();
OPEN.open();

const opened: { remove(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.remove();
});

async function startDouble(nodes: number): Promise<ProtocolDouble> {
  const double = await ProtocolDouble.start({ nodes });
  opened.push({ remove: () => double.kill() });
  return double;
}

/** @returns when each kind of question has met the silence */
function silence(double: ProtocolDouble): (kind: CallKind) => Promise<void> {
  const met = new Map(KINDS.map((kind) => [kind, double.faults.next(kind, { action: 'stay-silent' })]));
  for (const kind of KINDS) double.faults.all(kind, { action: 'stay-silent' });
  return (kind) => met.get(kind)!;
}

const envOn = (address: string) => ({
  LEDGER_ORIGIN: 'ledger.example/log',
  EVENT_STORE_URL: `${address}&${SOON}`,
});

async function startLedger(double: ProtocolDouble): Promise<Ledger> {
  const ledger = await Ledger.start(envOn(double.url));
  opened.push(ledger);
  return ledger;
}

/** A process that has stopped to run, as its peers see it: its system takes connections, and nothing reads them. */
async function frozen(): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const remove = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  opened.push({ remove });
  return server;
}

test('silent from the start, one node or three or a frozen one, it ends with one line that says so', async () => {
  const [one, three] = [await startDouble(1), await startDouble(3)];
  [one, three].forEach(silence);
  const { port } = (await frozen()).address() as AddressInfo;
  const addresses = [one.url, three.url, `esdb://ledger:secret@127.0.0.1:${port}?tls=false`];
  const ends = await Promise.all(
    addresses.map((address) => Ledger.start(envOn(address)).then(String, String)),
  );
  for (const [index, end] of ends.entries()) {
    const where = `${addresses[index]!.replace('ledger:secret@', '')}&${SOON}`;
    expect(end).toMatch(/^Error: the ledger ended with 1 at its start: ledger: [^\n]+\n$/);
    expect(end).toContain(`the event store at ${where} cannot be used`);
    expect(end).not.toContain('secret');
  }
});

test.each([1, 3])('it starts when %i that were silent answer while it still asks', async (nodes) => {
  const double = await startDouble(nodes);
  const met = silence(double);
  const starting = startLedger(double);
  await met(nodes === 1 ? 'read-all' : 'gossip');
  double.faults.clear();
  const ledger = await starting;
  expect(await ledger.call('GET', '/health/ready')).toMatchObject({ status: 200, body: { status: 'ready' } });
});

test('it waits for nodes that fall silent between its first question and its read models', async () => {
  const double = await startDouble(3);
  const level = double.faults.next('read-all', { action: 'wait', gate: OPEN });
  const starting = startLedger(double);
  await level;
  const met = silence(double);
  await met('read-all');
  double.faults.clear();
  const ledger = await starting;
  expect((await ledger.call('GET', '/health/ready')).status).toBe(200);
});

test('silent while it serves, writes get 503 and reads go on, it is not ready and says why; then all goes on', async () => {
  const double = await startDouble(3);
  const [ledger, other] = [await startLedger(double), await startLedger(double)];
  const programme = { id: 'asthma-care', name: 'Asthma care', startedOn: '2020-04-01' };
  const registered = await ledger.call('POST', '/v1/programmes', { body: programme });
  expect(registered.status).toBe(201);
  const submit = (key: string) =>
    ledger.call<{ sequence: number }>('POST', '/v1/programmes/asthma-care/submissions', {
      body: { outcomes: [OUTCOME] },
      headers: { 'idempotency-key': key },
    });
  const before = await submit(randomUUID());
  expect(before.status).toBe(201);

  silence(double);
  const key = randomUUID();
  const refused = submit(key);
  const unknown = ledger.call('GET', `/v1/measures?minSequence=${before.body.sequence + 1}`);
  // Nobody has seen it answer whoever asks this first: that is no ground to trust it.
  expect(await ledger.call('GET', '/health/ready')).toMatchObject({
    status: 503,
    body: { status: 'not-ready', lagMs: null, storeSilentMs: null, projection: { status: 'live' } },
  });
  expect((await ledger.call('GET', '/health/live')).status).toBe(200);
  expect((await ledger.call('GET', '/v1/programmes/asthma-care')).status).toBe(200);
  // One that is told to stop does not wait for the store.
  expect(await other.stop()).toBe(0);
  for (const answer of await Promise.all([refused, unknown])) {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  }
  expect((await refused).text).toContain('store-unavailable');

  double.faults.clear();
  const again = await submit(key);
  expect(again.status).toBe(201);
  expect(again.body.sequence).toBe(before.body.sequence + 1);
  expect(await ledger.call('GET', '/health/ready')).toMatchObject({
    status: 200,
    body: { storeSilentMs: 0, sequence: again.body.sequence },
  });
});

test('while its store is silent, or gone, for half a minute it is ready; after that it is not, until it answers', async () => {
  const [silent, gone] = [await startDouble(3), await startDouble(1)];
  const ledgers = [await startLedger(silent), await startLedger(gone)];
  const ready = (ledger: Ledger) =>
    ledger.call<{ status: string; storeSilentMs: number | null }>('GET', '/health/ready');
  for (const ledger of ledgers) {
    expect(await ready(ledger)).toMatchObject({ status: 200, body: { storeSilentMs: 0 } });
  }
  silence(silent);
  await gone.kill();
  await Promise.all(
    ledgers.map(async (ledger) => {
      for (let status = 200; status === 200; await delay(100)) {
        const answer = await ready(ledger);
        const { storeSilentMs } = answer.body;
        // It had answered, so that it is known for how long it has not.
        expect(storeSilentMs).not.toBeNull();
        ({ status } = answer);
        expect([storeSilentMs, status]).toEqual([storeSilentMs, storeSilentMs! > 30_000 ? 503 : 200]);
      }
      expect((await ledger.call('GET', '/v1/programmes')).status).toBe(200);
    }),
  );
  silent.faults.clear();
  await gone.restart();
  for (const ledger of ledgers) {
    while ((await ready(ledger)).status !== 200) await delay(100);
    expect((await ready(ledger)).body).toMatchObject({ status: 'ready', storeSilentMs: 0 });
  }
});
