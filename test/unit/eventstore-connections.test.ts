/** What connections are kept, what is told at once because no time will heal it, and what is waited for. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EventStoreDBClient } from '@eventstore/db-client';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/store/event-store.js';
import { EventStoreConnection } from '../../src/store/eventstore/connection.js';
import { AccessDenied, asStoreError, isTransient, StoreDenied } from '../../src/store/eventstore/errors.js';
import { batchesOf, type ClientStream } from '../../src/store/eventstore/pull.js';
import type { ReaderOptions } from '../../src/store/eventstore/reader.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import { A, B, refusal, textsOf, type Stream } from '../contracts/store-fixture.js';
import { callsOf } from '../double/double-fixture.js';
import { Gate, type CallKind, type FaultAction } from '../double/faults.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { appendTexts, followedEvents } from '../support/eventstore-double.js';
import { newEvents } from '../support/new-events.js';

const SOON: ReaderOptions = { timeoutMs: 2_000, patienceMs: 20_000, delay: () => nextTurn() };

let double: ProtocolDouble;
let store: EventStoreDbStore;
beforeEach(async () => {
  double = await ProtocolDouble.start();
  store = await EventStoreDbStore.open({ url: double.url }, SOON);
});
afterEach(async () => {
  await store.close();
  await double.kill();
});

const append = (stream: Stream, length: number, ...texts: string[]) =>
  appendTexts(store, stream, length, ...texts);

const followed = (count: number, after: string | null = null) => followedEvents(store, count, after);

describe('connections', () => {
  interface Channel {
    getConnectivityState(connect: boolean): number;
  }
  const SHUT_DOWN = 4;

  test('of clients that were given up are closed, whatever they failed of', async () => {
    const connection = new EventStoreConnection({ url: double.url }, SOON);
    const channels: Channel[] = [];
    await connection.ask('to try', async (client) => {
      const { getChannel } = client as unknown as { getChannel(this: void): Promise<Channel> };
      channels.push(await getChannel());
      if (channels.length < 4) throw new Error('a failure of the moment');
    });
    const closed = () => channels.map((channel) => channel.getConnectivityState(false) === SHUT_DOWN);
    expect(closed()).toEqual([true, true, true, false]);
    await connection.close();
    await nextTurn();
    expect(closed()).toEqual([true, true, true, true]);
  });

  test('one that others still use goes on', async () => {
    const gate = new Gate();
    const waiting = double.faults.next('append', { action: 'wait', gate });
    const first = append(A, 0, 'a0');
    await waiting;
    const struck = double.faults.next('append', { action: 'unknown' });
    await store.append(B, 'no-stream', newEvents(B, 0, ['b0']));
    await struck;
    gate.open();
    expect((await first).firstRevision).toBe(0);
    expect(textsOf(await store.readAll(null, 10)).sort()).toEqual(['a0', 'b0']);
  });

  test('no node is looked for only to close what was never opened', async () => {
    await store.close();
    await double.kill();
    double = await ProtocolDouble.start({ nodes: 3 });
    store = await EventStoreDbStore.open({ url: double.url }, SOON);
    const another = new EventStoreDbStore({ url: double.url }, SOON);
    const looked = double.faults.next('gossip', { action: 'unavailable' });
    await another.close();
    const never = Symbol('never');
    // Whoever looks for a node is at it before another is answered.
    await append(A, 0, 'a0');
    expect(await Promise.race([looked, Promise.resolve(never)])).toBe(never);
  });
});

describe('closing', () => {
  test('a client can be disposed of, though the server ended a stream as it was given up', async () => {
    await append(A, 0, 'a0');
    void double.faults.next('subscribe', { action: 'end', after: 1 });
    const client = EventStoreDBClient.connectionString(double.url);
    const stream = client.subscribeToAll() as unknown as ClientStream;
    // The server's end comes first: cancelling would come too late.
    stream.unsubscribe = () => Promise.resolve();
    const batches = batchesOf(stream, { what: 'to follow', idleMs: 60_000, isFull: () => false });
    await batches.next();
    const [call] = callsOf(client);
    const [closed, ended] = [once(stream, 'close'), once(call!, 'status')];
    await batches.return(undefined);
    await closed;
    await append(A, 1, 'a1');
    await ended;
    await client.dispose();
    expect(callsOf(client)).toEqual([]);
  });

  const never = () => new Promise<never>(() => undefined);

  test.each<[string, (connection: EventStoreConnection) => void]>([
    ['a client that is never disposed of', (connection) => void (connection.current.dispose = never)],
    ['an answer that never comes', (connection) => void connection.ask('to try', never)],
  ])('ends in its time, whatever the client does: %s', async (_, hinder) => {
    const connection = new EventStoreConnection({ url: double.url }, { ...SOON, closeMsMax: 1 });
    hinder(connection);
    await connection.close();
    expect(await refusal(connection.ask('to try', never))).toBeInstanceOf(StoreUnavailable);
  });

  test('ends in its time, though an append is under way that the server does not answer', async () => {
    const patient = new EventStoreDbStore({ url: double.url }, { timeoutMs: 600_000, closeMsMax: 1 });
    const silent = double.faults.next('append', { action: 'stay-silent' });
    const appending = refusal(patient.append(A, 'no-stream', newEvents(A, 0, ['a0'])));
    await silent;
    await patient.close();
    await double.kill();
    expect(await appending).toBeInstanceOf(StoreUnavailable);
  });
});

describe('a server that denies', () => {
  test.each<[CallKind, () => Promise<unknown>]>([
    ['append', () => append(A, 1, 'a1')],
    ['read-stream', () => store.readStream(A)],
    ['read-all', () => store.readAll(null, 10)],
  ])('%s: it is told at once, and not asked again', async (kind, ask) => {
    await append(A, 0, 'a0');
    const denied = double.faults.next(kind, { action: 'denied' });
    const again = double.faults.next(kind, { action: 'unavailable' });
    const error = await refusal(ask());
    await denied;
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect((error as Error).message).toContain('denies it to the ledger’s user');
    const untouched = Symbol('untouched');
    expect(await Promise.race([again, Promise.resolve(untouched)])).toBe(untouched);
  });
});

test('a wrong password is told in other words than a missing right', async () => {
  void double.faults.next('read-all', { action: 'unauthenticated' });
  const error = await refusal(store.readAll(null, 10));
  expect(error).toBeInstanceOf(AccessDenied);
  expect((error as Error).message).toBe(
    'to read the ledger: the event store does not know the ledger’s user, or refuses its password',
  );
});

test('a subscription that is denied goes on once it is allowed again, and says so meanwhile', async () => {
  const lost: Error[] = [];
  await store.close();
  store = await EventStoreDbStore.open(
    { url: double.url },
    { ...SOON, onLost: (error) => void lost.push(error) },
  );
  const denied = [1, 2].map(() => double.faults.next('subscribe', { action: 'denied' }));
  await append(A, 0, 'a0');
  const following = followed(1);
  await Promise.all(denied);
  expect(textsOf(await following)).toEqual(['a0']);
  expect(lost.map(({ message }) => message).join()).toContain('denies it to the ledger’s user');
});

describe('what no time will heal', () => {
  test.each<[FaultAction, CallKind, () => Promise<unknown>]>([
    ['unimplemented', 'append', () => append(A, 1, 'a1')],
    ['unimplemented', 'subscribe', () => followed(1)],
    ['invalid', 'read-all', () => store.readAll(null, 10)],
    ['invalid', 'subscribe', () => followed(1)],
  ])('%s, in %s: it is told at once, and not asked again', async (action, kind, ask) => {
    await append(A, 0, 'a0');
    double.faults.all(kind, { action });
    expect(await refusal(ask())).toBeInstanceOf(StoreDenied);
  });

  test('a certificate that is not trusted', () => {
    const said = '14 UNAVAILABLE: No connection established. Last error: self-signed certificate';
    expect(isTransient(asStoreError(new Error(said), 'to try'))).toBe(false);
  });

  test('a bug, which is no failure of the store', async () => {
    const connection = new EventStoreConnection({ url: double.url }, SOON);
    let asked = 0;
    const bug = () => {
      asked++;
      return Promise.reject(new TypeError('a bug'));
    };
    expect(await refusal(connection.ask('to try', bug))).toBeInstanceOf(TypeError);
    expect(asked).toBe(1);
    await connection.close();
  });
});

test('a page of large events ends early, and what follows is read after it', async () => {
  const large = 'x'.repeat(900_000);
  for (let event = 0; event < 40; event++)
    double.inject('order-1', { type: 'X', data: `{"text":"${large}"}` });
  await append(A, 0, 'a0');
  const run = await store.readRun(null, 2_000);
  expect(run.atEnd).toBe(false);
  expect(run.skipped).toBeGreaterThan(3);
  expect(run.skipped).toBeLessThan(10);
  expect(textsOf(await store.readAll(null, 10))).toEqual(['a0']);
});
