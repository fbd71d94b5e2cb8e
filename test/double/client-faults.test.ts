/**
 * What the client itself gets wrong (seen on 6.2.1), each shown on the protocol double: these are the reasons for
 * what the adapter does beside it. Where one of these tests fails after an upgrade, the client was mended, and
 * what guards against it may go.
 */
import { describe, expect, test } from '@jest/globals';
import { EventStoreDBClient, jsonEvent, UnavailableError } from '@eventstore/db-client';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { callsOf, DoubleFixture, eventNamed, refusalOf, textsOf } from './double-fixture.js';
import { ProtocolDouble } from './protocol-double.js';

const A = 'submission-a';

/** Whether a promise is still pending when everything that the double was asked for after it has been answered. */
async function isPendingAfter(asked: Promise<unknown>, afterwards: () => Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => (settled = true);
  asked.then(settle, settle);
  await afterwards();
  await nextTurn();
  return !settled;
}

describe('the client', () => {
  const on = new DoubleFixture();

  test('never settles an append whose data cannot be serialised', async () => {
    const script = `
      const event = jsonEvent({ type: 'X', data: { n: 1n } });
      client.appendToStream('a', event).then(() => console.log('appended'), () => console.log('refused'));
      process.on('unhandledRejection', async (error) => {
        console.log(error.message);
        await client.appendToStream('b', jsonEvent({ type: 'X', data: {} }));
        process.exit();
      });`;
    expect((await childSays(on.double.url, script)).stdout).toBe('Do not know how to serialize a BigInt\n');
  });

  test('waits past its deadline for a silent server, in appends and in reads', async () => {
    // A clock that is behind lets no append lapse.
    on.double.skewMs = -3_600_000;
    const client = on.client('&defaultDeadline=20');
    await client.appendToStream(A, eventNamed('a0'));
    const struck = [
      on.double.faults.next('append', { action: 'stay-silent' }),
      on.double.faults.next('read-all', { action: 'stay-silent' }),
    ];
    const appending = client.appendToStream(A, eventNamed('a1'));
    const reading = (async () => {
      for await (const _event of client.readAll());
    })();
    await Promise.all(struck);
    const later = async () => {
      // By this clock, which the deadlines are taken from, both are long over.
      for (const until = Date.now() + 200; Date.now() < until;) await on.readStream(A);
    };
    expect(await isPendingAfter(Promise.race([appending, reading]), later)).toBe(true);
    on.double.nodes[0]!.cutAll();
    await Promise.allSettled([appending, reading]);
  });

  test('lets a clean end leave an append pending for ever, and every one that follows it', async () => {
    const client = on.client();
    await client.appendToStream(A, eventNamed('a0'));
    const struck = on.double.faults.next('append', { action: 'end' });
    const appending = client.appendToStream(A, eventNamed('a1'));
    await struck;
    const following = client.appendToStream('b', eventNamed('b0'));
    const later = () => on.client().appendToStream('c', eventNamed('c0'));
    expect(await isPendingAfter(Promise.race([appending, following]), later)).toBe(true);
  });

  test('does not take up a subscription again: it ends without a word when the server ends it', async () => {
    const client = on.client();
    void on.double.faults.next('subscribe', { action: 'end' });
    await client.appendToStream(A, eventNamed('a0'));
    const seen: unknown[] = [];
    for await (const event of client.subscribeToAll()) seen.push(event);
    expect(seen).toEqual([]);
  });

  test('stalls a subscription whose checkpoint callback throws', async () => {
    const script = `
      const checkpointReached = async () => { throw new Error('thrown at a checkpoint'); };
      const filter = eventTypeFilter({ prefixes: ['P'], maxSearchWindow: 1, checkpointInterval: 1, checkpointReached });
      client.subscribeToAll({ filter }).on('data', ({ event }) => console.log(event.data.text));
      process.on('unhandledRejection', async (error) => {
        console.log(error.message);
        for await (const _event of client.readAll());
        process.exit();
      });`;
    await on.client().appendToStream(A, ['a0', 'a1', 'a2'].map(eventNamed));
    expect((await childSays(on.double.url, script)).stdout).toBe('a0\nthrown at a checkpoint\n');
  });

  test('ends the process when a stream without an error listener fails', async () => {
    on.double.faults.all('read-all', { action: 'unavailable' });
    const said = await childSays(on.double.url, `client.readAll(); setTimeout(() => undefined, 10_000);`);
    expect(said.code).not.toBe(0);
    expect(said.stderr).toContain('UnavailableError');
  });

  test('keeps for ever what it failed to learn of the server', async () => {
    const client = on.client();
    // Not a failure that makes it take a new channel, with which it would ask again.
    void on.double.faults.next('features', { action: 'unknown' });
    await refusalOf(client.appendToStream(A, eventNamed('a0')));
    await refusalOf(client.appendToStream(A, eventNamed('a0')));
    await on.client().appendToStream(A, eventNamed('a0'));
  });

  test('rejects the appends of all its kind in the process when one server dies, made or not', async () => {
    const other = await ProtocolDouble.start();
    try {
      const there = EventStoreDBClient.connectionString(other.url);
      await there.appendToStream('b', eventNamed('b0'));
      const waiting = on.double.faults.next('append', { action: 'stay-silent', after: 1 });
      const here = refusalOf(on.client().appendToStream(A, eventNamed('a0')));
      await waiting;
      void other.faults.next('append', { action: 'unavailable' });
      expect(await refusalOf(there.appendToStream('b', eventNamed('b1')))).toBeInstanceOf(UnavailableError);
      expect(await here).toBeInstanceOf(UnavailableError);
      expect(textsOf(await on.readAll())).toEqual(['a0']);
    } finally {
      await other.kill();
    }
  });

  test('keeps a call that the server ended after its stream was taken down, and can never be disposed of', async () => {
    await on.client().appendToStream(A, eventNamed('a0'));
    void on.double.faults.next('subscribe', { action: 'end', after: 1 });
    const client = on.client();
    const following = client.subscribeToAll();
    await once(following, 'data');
    const [call] = callsOf(client);
    await once(following.destroy(), 'close');
    const ended = once(call!, 'status');
    await on.client().appendToStream(A, eventNamed('a1'));
    await ended;
    expect(await isPendingAfter(client.dispose(), () => on.readAll())).toBe(true);
  });

  test('can be used after it was disposed of', async () => {
    const client = on.client();
    await client.dispose();
    expect(await client.appendToStream(A, eventNamed('a0'))).toMatchObject({ success: true });
  });

  test('hands events to an asynchronous listener faster than it takes them', async () => {
    const client = on.client();
    await client.appendToStream(A, ['a0', 'a1', 'a2', 'a3'].map(eventNamed));
    let underWay = 0;
    let most = 0;
    const reading = client.readAll();
    reading.on('data', () => {
      most = Math.max(most, ++underWay);
      void nextTurn()
        .then(nextTurn)
        .then(() => underWay--);
    });
    await once(reading, 'end');
    expect(most).toBeGreaterThan(1);
  });

  test('gives a refused connection as a raw error without a type', async () => {
    await on.double.kill();
    const error = await refusalOf(on.client().appendToStream(A, jsonEvent({ type: 'X', data: {} })));
    expect(error).not.toHaveProperty('type');
  });

  test('takes the one endpoint it has, whatever node it was told to prefer, and does not ask for others', async () => {
    void on.double.faults.next('gossip', { action: 'unavailable' });
    await on.client('&nodePreference=follower').appendToStream(A, eventNamed('a0'), { requiresLeader: true });
    expect(on.double.faults.take('gossip')).not.toBeNull();
  });
});

test('the client takes a wish to trust any certificate, and does not fulfil it', async () => {
  const said = await childSays('esdb://127.0.0.1:1?tlsVerifyCert=false', 'process.exit();');
  expect(said.stderr).toContain('"tlsVerifyCert" is not currently supported by this client');
  expect(said.code).toBe(0);
});

/** Runs a script with the client in a process of its own, for what would end this one. */
async function childSays(url: string, script: string) {
  const whole = `
    const { EventStoreDBClient, jsonEvent, eventTypeFilter } = require('@eventstore/db-client');
    const client = EventStoreDBClient.connectionString(${JSON.stringify(url)});
    ${script}`;
  const child = spawn(process.execPath, ['-e', whole], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { stdout, stderr, code };
}
