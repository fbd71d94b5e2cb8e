/** The protocol double, as the real client sees it: subscriptions. */
import { describe, expect, test } from '@jest/globals';
import { DoubleFixture, eventNamed } from './double-fixture.js';

describe('subscribing', () => {
  const on = new DoubleFixture();

  test('a subscription to all catches up from its exclusive start, says so, and follows', async () => {
    const client = on.client();
    const first = await client.appendToStream('submission-a', [eventNamed('a0'), eventNamed('a1')]);
    await client.appendToStream('submission-b', eventNamed('b0'));
    const subscription = client.subscribeToAll({ fromPosition: first.position! });
    const said: string[] = [];
    subscription.on('confirmation', () => said.push('confirmation'));
    subscription.on('caughtUp', () => {
      said.push('caught up');
      void client.appendToStream('submission-a', eventNamed('a2'));
    });
    for await (const { event } of subscription) {
      said.push((event!.data as { text: string }).text);
      if (said.at(-1) === 'a2') break;
    }
    expect(said).toEqual(['confirmation', 'b0', 'caught up', 'a2']);
  });
});
