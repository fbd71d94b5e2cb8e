/** The protocol double, as the real client sees it: several nodes over one log. */
import { describe, expect, test } from '@jest/globals';
import { NotLeaderError, StreamNotFoundError, UnavailableError } from '@eventstore/db-client';
import { DoubleFixture, eventNamed, refusalOf, textsOf } from './double-fixture.js';

const A = 'submission-a';

describe('a cluster', () => {
  const on = new DoubleFixture({ nodes: 3 });

  test('the client discovers the leader, or a follower if it prefers one', async () => {
    const client = on.client();
    await client.appendToStream(A, eventNamed('a0'), { requiresLeader: true });
    const following = on.client('&nodePreference=follower');
    expect(
      await refusalOf(following.appendToStream(A, eventNamed('a1'), { requiresLeader: true })),
    ).toBeInstanceOf(NotLeaderError);
    expect(textsOf(await on.readAll())).toEqual(['a0']);
  });

  test('a follower passes on what does not require the leader', async () => {
    await on.client('&nodePreference=follower').appendToStream(A, eventNamed('a0'));
    expect(textsOf(await on.readAll())).toEqual(['a0']);
  });

  test('after a fail-over the old leader sends the client to the new one, which has the same log', async () => {
    const client = on.client();
    await client.appendToStream(A, eventNamed('a0'), { requiresLeader: true });
    on.double.failOver(on.double.nodes[1]!);
    const error = await refusalOf(client.appendToStream(A, eventNamed('a1'), { requiresLeader: true }));
    expect(error).toMatchObject({ leader: { port: on.double.nodes[1]!.endpoint.port } });
    await client.appendToStream(A, eventNamed('a1'), { requiresLeader: true });
    expect(textsOf(await on.readStream(A))).toEqual(['a0', 'a1']);
  });

  test('while there is no leader nothing can be written, and everything read', async () => {
    await on.client().appendToStream(A, eventNamed('a0'));
    on.double.failOver(null);
    const credentials = { username: 'admin', password: 'changeit' };
    const alone = on.client().appendToStream(A, eventNamed('a1'), { credentials });
    expect(await refusalOf(alone)).toBeInstanceOf(UnavailableError);
    const inBatch = await refusalOf(on.client().appendToStream(A, eventNamed('a1')));
    expect(inBatch).toMatchObject({
      type: 'unknown',
      message: expect.stringContaining('Server Is Not Ready'),
    });
    expect(textsOf(await on.readStream(A))).toEqual(['a0']);
  });

  test('the client finds the nodes that are left when one is killed', async () => {
    await on.double.nodes[0]!.kill();
    on.double.failOver(on.double.nodes[2]!);
    await on.client().appendToStream(A, eventNamed('a0'), { requiresLeader: true });
    expect(textsOf(await on.readStream(A))).toEqual(['a0']);
  });

  test('a follower that lags behind does not show what it has not got, until it has caught up', async () => {
    for (const node of on.double.nodes.slice(1)) node.lagBehind();
    await on.client().appendToStream(A, eventNamed('a0'));
    const follower = on.client('&nodePreference=follower');
    const read = async () => {
      for await (const { event } of follower.readStream(A)) return event!.revision;
      return null;
    };
    expect(await refusalOf(read())).toBeInstanceOf(StreamNotFoundError);
    const subscription = follower.subscribeToAll();
    subscription.on('caughtUp', () => on.double.nodes.forEach((node) => node.catchUp()));
    for await (const { event } of subscription) {
      expect(event).toMatchObject({ streamId: A, revision: 0n });
      break;
    }
    expect(await read()).toBe(0n);
  });

  test('a read that requires the leader is refused by a follower', async () => {
    await on.client().appendToStream(A, eventNamed('a0'));
    const follower = on.client('&nodePreference=follower');
    const reading = async () => {
      for await (const _event of follower.readAll({ requiresLeader: true }));
    };
    expect(await refusalOf(reading())).toBeInstanceOf(NotLeaderError);
  });
});
