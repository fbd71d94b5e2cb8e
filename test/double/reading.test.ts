/** The protocol double, as the real client sees it: reads of streams and of the global order, and deletions. */
import { describe, expect, test } from '@jest/globals';
import {
  BACKWARDS,
  END,
  NO_STREAM,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { DoubleFixture, eventNamed, refusalOf, textsOf } from './double-fixture.js';

const A = 'submission-a';
const B = 'submission-b';

describe('reading', () => {
  const on = new DoubleFixture();

  async function appendFive() {
    const client = on.client();
    await client.appendToStream(A, [eventNamed('a0'), eventNamed('a1')]);
    await client.appendToStream(B, eventNamed('b0'));
    await client.appendToStream(A, [eventNamed('a2'), eventNamed('a3')]);
    return on.readAll();
  }

  test('a stream that is not there is not found', async () => {
    const error = await refusalOf(on.readStream(A));
    expect(error).toBeInstanceOf(StreamNotFoundError);
    expect(error).toMatchObject({ streamName: A });
  });

  test('a stream is read from a revision on, either way, up to a count', async () => {
    await appendFive();
    const read = async (options: Parameters<typeof on.readStream>[1]) =>
      textsOf(await on.readStream(A, options));
    expect(await read({ fromRevision: 1n })).toEqual(['a1', 'a2', 'a3']);
    expect(await read({ fromRevision: 1n, maxCount: 2 })).toEqual(['a1', 'a2']);
    expect(await read({ fromRevision: 4n })).toEqual([]);
    expect(await read({ fromRevision: 2n, direction: BACKWARDS })).toEqual(['a2', 'a1', 'a0']);
    expect(await read({ fromRevision: 9n, direction: BACKWARDS, maxCount: 1 })).toEqual(['a3']);
    expect(await read({ fromRevision: END, direction: BACKWARDS, maxCount: 1 })).toEqual(['a3']);
  });

  test('the global order is read with the event at a position forwards, and without it backwards', async () => {
    const [, , b0] = await appendFive();
    const read = async (options: Parameters<typeof on.readAll>[0]) => textsOf(await on.readAll(options));
    expect(await read({ fromPosition: START })).toEqual(['a0', 'a1', 'b0', 'a2', 'a3']);
    expect(await read({ fromPosition: b0!.position! })).toEqual(['b0', 'a2', 'a3']);
    expect(await read({ fromPosition: b0!.position!, maxCount: 1 })).toEqual(['b0']);
    expect(await read({ fromPosition: b0!.position!, direction: BACKWARDS })).toEqual(['a1', 'a0']);
    expect(await read({ fromPosition: END, direction: BACKWARDS, maxCount: 2 })).toEqual(['a3', 'a2']);
    expect(await read({ fromPosition: END })).toEqual([]);
  });

  test('a read of many events is whole and in order', async () => {
    const client = on.client();
    const texts = Array.from({ length: 3_000 }, (_, index) => `a${index}`);
    for (let at = 0; at < texts.length; at += 500) {
      await client.appendToStream(A, texts.slice(at, at + 500).map(eventNamed));
    }
    expect(textsOf(await on.readStream(A))).toEqual(texts);
    expect(textsOf(await on.readAll())).toEqual(texts);
  });

  test('events of others, malformed ones and the server’s own are in the global order', async () => {
    on.double.inject('orders-1', { type: 'OrderPlaced', data: '{"not":"ours"}' });
    on.double.inject(A, { type: 'PatientBenefited', data: '{ no json', metadata: 'nor this' });
    on.double.inject('images-1', { type: 'ImageTaken', data: new Uint8Array([255, 216]) });
    await on.client().setStreamMetadata(B, { maxCount: 1 });
    expect((await on.readAll()).map(({ streamId, type, data }) => [streamId, type, data])).toEqual([
      ['orders-1', 'OrderPlaced', { not: 'ours' }],
      [A, 'PatientBenefited', '{ no json'],
      ['images-1', 'ImageTaken', new Uint8Array([255, 216])],
      [`$$${B}`, '$metadata', { $maxCount: 1 }],
    ]);
  });

  test('a link is told as it is, or with what it leads to when that is asked for', async () => {
    await appendFive();
    on.double.injectLink('$ce-submission', { stream: A, revision: 1 });
    on.double.injectLink('$ce-submission', { stream: A, revision: 99 });
    const [link] = await on.readStream('$ce-submission');
    expect(link).toMatchObject({ type: '$>', streamId: '$ce-submission', revision: 0n });
    const resolved = [];
    for await (const read of on.client().readStream('$ce-submission', { resolveLinkTos: true })) {
      resolved.push([read.link?.type, read.event?.streamId, read.event?.revision]);
    }
    expect(resolved).toEqual([
      ['$>', A, 1n],
      ['$>', undefined, undefined],
    ]);
  });

  test('metadata hides the older events of a stream, not those of the global order', async () => {
    await appendFive();
    await on.client().setStreamMetadata(A, { maxCount: 3 });
    expect(textsOf(await on.readStream(A))).toEqual(['a1', 'a2', 'a3']);
    await on.client().setStreamMetadata(A, { truncateBefore: 3 });
    expect(textsOf(await on.readStream(A))).toEqual(['a3']);
    expect(await on.client().getStreamMetadata(A)).toMatchObject({ metadata: { truncateBefore: 3 } });
    expect(textsOf(await on.readAll()).slice(0, 5)).toEqual(['a0', 'a1', 'b0', 'a2', 'a3']);
  });

  test('R2: metadata gives back a deleted stream only when it is written a second time', async () => {
    await appendFive();
    await on.client().deleteStream(A);
    await on.client().setStreamMetadata(A, {});
    expect(await on.client().getStreamMetadata(A)).toMatchObject({ metadata: { truncateBefore: 4 } });
    expect(await on.readStream(A)).toEqual([]);
    await on.client().setStreamMetadata(A, {});
    expect(textsOf(await on.readStream(A))).toEqual(['a0', 'a1', 'a2', 'a3']);
  });
});

describe('deleting', () => {
  const on = new DoubleFixture();

  test.each([[NO_STREAM], [1n]] as const)(
    'a deleted stream is not found, and an append that expects %s goes on with its revisions',
    async (expectedRevision) => {
      const client = on.client();
      await client.appendToStream(A, [eventNamed('a0'), eventNamed('a1')]);
      await client.deleteStream(A, { expectedRevision: 1n });
      expect(await refusalOf(on.readStream(A))).toBeInstanceOf(StreamNotFoundError);
      const result = await client.appendToStream(A, eventNamed('a2'), { expectedRevision });
      expect(result.nextExpectedRevision).toBe(2n);
      expect(await on.readStream(A)).toMatchObject([{ revision: 2n, data: { text: 'a2' } }]);
      const types = (await on.readAll()).map(({ type }) => type);
      expect(types.filter((type) => type === '$metadata')).toHaveLength(2);
    },
  );

  test('a deletion that expects another revision is refused', async () => {
    const client = on.client();
    await client.appendToStream(A, [eventNamed('a0'), eventNamed('a1')]);
    const error = await refusalOf(client.deleteStream(A, { expectedRevision: 0n }));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ actualVersion: 1n });
  });

  test('a stream that is over for good cannot be read; its end is an event of the global order', async () => {
    const client = on.client();
    await client.appendToStream(A, eventNamed('a0'));
    await client.tombstoneStream(A);
    const error = await refusalOf(on.readStream(A));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ streamName: A });
    expect((await on.readAll()).at(-1)).toMatchObject({
      type: '$streamDeleted',
      streamId: A,
      revision: 9_223_372_036_854_775_807n,
    });
  });
});

describe('a long past that is made up as it is read', () => {
  const data = Buffer.from('{"text":"past"}');
  const on = new DoubleFixture({
    history: {
      count: 1_000,
      event: (index) => ({
        id: '6f1f3c1e-3a0e-4f57-8b1e-0d8a4f6f2f10',
        type: 'PatientBenefited',
        contentType: 'application/json',
        data,
        metadata: Buffer.from('{"actor":"tests"}'),
        stream: `past-${index}`,
        revision: 0,
      }),
    },
  });

  test('stands in the global order before what is appended, each of its events in its place', async () => {
    await on.client().appendToStream(A, eventNamed('a0'));
    const whole = await on.readAll();
    expect(whole).toHaveLength(1_001);
    expect(whole[500]).toMatchObject({
      streamId: 'past-500',
      revision: 0n,
      type: 'PatientBenefited',
      data: { text: 'past' },
      metadata: { actor: 'tests' },
      created: new Date(0),
    });
    expect(whole[1_000]).toMatchObject({ streamId: A, data: { text: 'a0' } });
    const from = await on.readAll({ fromPosition: whole[998]!.position!, maxCount: 2 });
    expect(from).toEqual(whole.slice(998, 1_000));
    const positions = whole.map(({ position }) => position!.commit);
    expect(positions.every((position, index) => index === 0 || position > positions[index - 1]!)).toBe(true);
  });
});
