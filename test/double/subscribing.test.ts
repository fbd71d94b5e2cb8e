/** The protocol double, as the real client sees it: subscriptions, filters and their checkpoints. */
import { describe, expect, test } from '@jest/globals';
import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  StreamDeletedError,
  streamNameFilter,
  type AllStreamSubscription,
  type Position,
} from '@eventstore/db-client';
import { DoubleFixture, eventNamed, refusalOf } from './double-fixture.js';
import { jsonEvent } from './writes.js';

const A = 'submission-a';
const B = 'submission-b';

/** What a subscription says, in order, up to a text. */
async function heard(subscription: AllStreamSubscription, last: string): Promise<readonly string[]> {
  const said: string[] = [];
  subscription.on('confirmation', () => said.push('confirmation'));
  subscription.on('caughtUp', () => said.push('caught up'));
  subscription.on('fellBehind', () => said.push('fell behind'));
  for await (const { event } of subscription) {
    said.push((event!.data as { text: string }).text);
    if (said.at(-1) === last) break;
  }
  return said;
}

describe('subscribing', () => {
  const on = new DoubleFixture();

  test('a subscription to all catches up from its exclusive start, says so, and follows', async () => {
    const client = on.client();
    const first = await client.appendToStream(A, [eventNamed('a0'), eventNamed('a1')]);
    await client.appendToStream(B, eventNamed('b0'));
    const subscription = client.subscribeToAll({ fromPosition: first.position! });
    subscription.on('caughtUp', () => void client.appendToStream(A, eventNamed('a2')));
    expect(await heard(subscription, 'a2')).toEqual(['confirmation', 'b0', 'caught up', 'a2']);
  });

  test('a subscription from the end sees only what comes', async () => {
    const client = on.client();
    await client.appendToStream(A, eventNamed('a0'));
    const subscription = client.subscribeToAll({ fromPosition: END });
    subscription.on('caughtUp', () => void client.appendToStream(A, eventNamed('a1')));
    expect(await heard(subscription, 'a1')).toEqual(['confirmation', 'caught up', 'a1']);
  });

  test('a subscription to a stream begins after its revision, also before there is a stream', async () => {
    const client = on.client();
    const early = client.subscribeToStream(A);
    early.on('caughtUp', () => void client.appendToStream(A, [eventNamed('a0'), eventNamed('a1')]));
    const seen: bigint[] = [];
    for await (const { event } of early) if (seen.push(event!.revision) === 2) break;
    expect(seen).toEqual([0n, 1n]);
    await client.appendToStream(B, eventNamed('b0'));
    for await (const { event } of client.subscribeToStream(A, { fromRevision: 0n })) {
      expect(event).toMatchObject({ streamId: A, revision: 1n });
      break;
    }
  });

  test('a subscription to a stream that is over for good is refused', async () => {
    const client = on.client();
    await client.tombstoneStream(A);
    const following = async () => {
      for await (const _event of client.subscribeToStream(A));
    };
    expect(await refusalOf(following())).toBeInstanceOf(StreamDeletedError);
  });

  test('a subscription that does not take what is live falls behind, and catches up again', async () => {
    const client = on.client();
    const subscription = client.subscribeToAll();
    const text = 'x'.repeat(2_000);
    subscription.on('caughtUp', () => {
      if (on.double.log.end > 0) return;
      const many = Array.from({ length: 4_000 }, (_, index) =>
        jsonEvent('Filling', `{"text":"${text}${index}"}`),
      );
      on.double.log.append(A, [...many, jsonEvent('Filling', '{"text":"last"}')]);
    });
    const said = await heard(subscription, 'last');
    expect(said.filter((word) => !word.startsWith('x'))).toEqual([
      'confirmation',
      'caught up',
      'fell behind',
      'last',
    ]);
    expect(said).toHaveLength(4_004);
  });
});

describe('filtering', () => {
  const on = new DoubleFixture({ systemEventEvery: 3 });

  test('the server’s own events lie between the others, and a filter leaves them out', async () => {
    const client = on.client();
    for (let index = 0; index < 6; index++) await client.appendToStream(A, eventNamed(`a${index}`));
    const types = (await on.readAll()).map(({ type }) => type);
    expect(types.filter((type) => type === '$statsCollected')).toHaveLength(2);
    const subscription = client.subscribeToAll({ filter: excludeSystemEvents() });
    expect(await heard(subscription, 'a5')).toEqual(['confirmation', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
  });

  test.each([
    ['a type, by prefix', eventTypeFilter({ prefixes: ['Patient', 'Job'] }), ['a0', 'b0']],
    ['a type, by expression', eventTypeFilter({ regex: '^Order.*d$' }), ['o0']],
    ['a stream, by prefix', streamNameFilter({ prefixes: ['submission-a', 'orders-'] }), ['a0', 'o0']],
    ['a stream, by expression', streamNameFilter({ regex: 'b$' }), ['b0']],
  ])('a filter on %s', async (_what, filter, expected) => {
    const client = on.client();
    await client.appendToStream(A, eventNamed('a0'));
    on.double.inject('orders-1', { type: 'OrderPlaced', data: '{"text":"o0"}' });
    await client.appendToStream(B, eventNamed('b0'));
    const subscription = client.subscribeToAll({ filter });
    expect(await heard(subscription, expected.at(-1)!)).toEqual(['confirmation', ...expected]);
  });

  test('checkpoints come after each so many events, matching or not, and a subscription resumes from one', async () => {
    const client = on.client();
    for (let index = 0; index < 10; index++)
      on.double.inject('orders-1', { type: 'OrderPlaced', data: '{}' });
    await client.appendToStream(A, eventNamed('a0'));
    const checkpoints: Position[] = [];
    const filter = eventTypeFilter({
      prefixes: ['Patient'],
      maxSearchWindow: 2,
      checkpointInterval: 2,
      checkpointReached: (_subscription, position) => void checkpoints.push(position),
    });
    expect(await heard(client.subscribeToAll({ filter }), 'a0')).toEqual(['confirmation', 'a0']);
    const whole = await on.readAll();
    // Where windows without a match began.
    expect(checkpoints.slice(0, 2)).toEqual([whole[2]!.position, whole[6]!.position]);
    const resumed = client.subscribeToAll({ filter, fromPosition: checkpoints[1]! });
    expect(await heard(resumed, 'a0')).toEqual(['confirmation', 'a0']);
  });
});
