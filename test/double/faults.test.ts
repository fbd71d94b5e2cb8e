/** The protocol double, as the real client sees it: what goes wrong when it is told to. */
import { describe, expect, test } from '@jest/globals';
import {
  AccessDeniedError,
  CancelledError,
  NO_STREAM,
  NotLeaderError,
  TimeoutError,
  UnavailableError,
  type AllStreamSubscription,
} from '@eventstore/db-client';
import { DoubleFixture, eventNamed, refusalOf, textsOf } from './double-fixture.js';
import { Gate, type Fault } from './faults.js';
import type { DoubleOptions } from './protocol-double.js';

const A = 'submission-a';

describe.each<[string, DoubleOptions]>([
  ['in batches', { batchAppend: true }],
  ['with a call for each', { batchAppend: false }],
])('an append %s', (_how, options) => {
  const on = new DoubleFixture(options);
  const append = (text = 'a0') =>
    on.client().appendToStream(A, eventNamed(text), { expectedRevision: NO_STREAM });

  test.each<[string, Fault, boolean]>([
    ['is unavailable before it is applied', { action: 'unavailable' }, false],
    ['is unavailable once it is applied', { action: 'unavailable', after: 1 }, true],
    ['loses its connection before it is applied', { action: 'cut' }, false],
    ['loses its connection once it is applied', { action: 'cut', after: 1 }, true],
  ])('%s', async (_what, fault, applied) => {
    const struck = on.double.faults.next('append', fault);
    expect(await refusalOf(append())).toBeInstanceOf(UnavailableError);
    await struck;
    expect(textsOf(await on.readAll())).toEqual(applied ? ['a0'] : []);
    expect(await append()).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(textsOf(await on.readAll())).toEqual(['a0']);
  });

  test.each([0, 1])('times out in the server, after %i steps', async (after) => {
    void on.double.faults.next('append', { action: 'timeout', after });
    expect(await refusalOf(append())).toBeInstanceOf(TimeoutError);
    expect(textsOf(await on.readAll())).toEqual(after === 0 ? [] : ['a0']);
  });

  test('is cancelled by a server that goes', async () => {
    void on.double.faults.next('append', { action: 'cancel' });
    expect(await refusalOf(append())).toBeInstanceOf(CancelledError);
  });

  test.each([0, 1])('is left without an answer after %i steps, as long as nobody cuts it', async (after) => {
    const struck = on.double.faults.next('append', { action: 'stay-silent', after });
    const asked = refusalOf(append());
    await struck;
    on.double.nodes[0]!.cutAll();
    expect(await asked).toBeInstanceOf(UnavailableError);
    expect(textsOf(await on.readAll())).toEqual(after === 0 ? [] : ['a0']);
  });

  test('waits for a gate, and is then made', async () => {
    const gate = new Gate();
    const struck = on.double.faults.next('append', { action: 'wait', gate });
    const asked = append();
    await struck;
    expect(await on.readAll()).toEqual([]);
    gate.open();
    expect(await asked).toMatchObject({ nextExpectedRevision: 0n });
  });

  test('a fault for all strikes until it is cleared, and one for the next call comes before it', async () => {
    on.double.faults.all('append', { action: 'unavailable' });
    void on.double.faults.next('append', { action: 'cancel' });
    expect(await refusalOf(append())).toBeInstanceOf(CancelledError);
    expect(await refusalOf(append())).toBeInstanceOf(UnavailableError);
    expect(await refusalOf(append())).toBeInstanceOf(UnavailableError);
    on.double.faults.clear();
    await append();
  });
});

describe('reading', () => {
  const on = new DoubleFixture();

  test.each(['read-stream', 'read-all'] as const)(
    '%s breaks after as many events as it is told',
    async (kind) => {
      await on.client().appendToStream(A, ['a0', 'a1', 'a2'].map(eventNamed));
      for (const [action, error] of [
        ['unavailable', UnavailableError],
        ['cut', UnavailableError],
        ['cancel', CancelledError],
      ] as const) {
        void on.double.faults.next(kind, { action, after: 2 });
        const seen: unknown[] = [];
        const client = on.client();
        const reading = async () => {
          const read = kind === 'read-all' ? client.readAll() : client.readStream(A);
          for await (const { event } of read) seen.push(event!.data);
        };
        expect(await refusalOf(reading())).toBeInstanceOf(error);
        expect(seen.length).toBeLessThanOrEqual(2);
      }
    },
  );

  test('an answer can end early as if it were whole', async () => {
    await on.client().appendToStream(A, ['a0', 'a1', 'a2'].map(eventNamed));
    void on.double.faults.next('read-all', { action: 'end', after: 2 });
    expect(textsOf(await on.readAll())).toEqual(['a0', 'a1']);
  });
});

describe('a subscription', () => {
  const on = new DoubleFixture();

  async function outcome(subscription: AllStreamSubscription): Promise<readonly [number, unknown]> {
    let seen = 0;
    const following = async () => {
      for await (const _event of subscription) seen++;
    };
    const ended = await following().then(
      () => 'ended',
      (error: unknown) => error,
    );
    return [seen, ended];
  }

  test('ends without an error when it is ended cleanly', async () => {
    await on.client().appendToStream(A, ['a0', 'a1'].map(eventNamed));
    void on.double.faults.next('subscribe', { action: 'end', after: 1 });
    expect(await outcome(on.client().subscribeToAll())).toEqual([1, 'ended']);
  });

  test('ends without an error when the server is stopped cleanly', async () => {
    const subscription = on.client().subscribeToAll();
    subscription.on('caughtUp', () => void on.double.nodes[0]!.stopCleanly());
    expect(await outcome(subscription)).toEqual([0, 'ended']);
    expect(on.double.nodes[0]!.alive).toBe(false);
  });

  test('breaks when the server is killed, and one after its restart finds the same log', async () => {
    await on.client().appendToStream(A, eventNamed('a0'));
    const before = await on.readAll();
    const { url } = on.double;
    const subscription = on.client().subscribeToAll();
    subscription.on('caughtUp', () => void on.double.restart());
    expect(await outcome(subscription)).toEqual([1, expect.any(UnavailableError)]);
    expect(on.double.url).toBe(url);
    expect(await on.readAll()).toEqual(before);
  });
});

describe('the connection', () => {
  const on = new DoubleFixture();

  test('is refused by a server that is down', async () => {
    await on.double.kill();
    expect(await refusalOf(on.client().appendToStream(A, eventNamed('a0')))).toMatchObject({ code: 14 });
    expect(await refusalOf(on.readAll())).toBeInstanceOf(UnavailableError);
  });

  test('can be had while the look-up of what the server can do fails', async () => {
    void on.double.faults.next('features', { action: 'unavailable' });
    expect(await refusalOf(on.client().appendToStream(A, eventNamed('a0')))).toMatchObject({ code: 14 });
    await on.client().appendToStream(A, eventNamed('a0'));
  });

  test('a user who may not read is told so', async () => {
    void on.double.faults.next('read-all', { action: 'denied' });
    expect(await refusalOf(on.readAll())).toBeInstanceOf(AccessDeniedError);
  });

  test('an answer that says who leads is understood', async () => {
    void on.double.faults.next('append', { action: 'not-leader' });
    const error = await refusalOf(on.client().appendToStream(A, eventNamed('a0')));
    expect(error).toBeInstanceOf(NotLeaderError);
    expect(error).toMatchObject({
      leader: { address: '127.0.0.1', port: on.double.nodes[0]!.endpoint.port },
    });
  });
});
