/** The protocol double, as the real client sees it: expectations, repeats and sizes. */
import { describe, expect, test } from '@jest/globals';
import {
  ANY,
  binaryEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
} from '@eventstore/db-client';
import { DoubleFixture, eventNamed, refusalOf, textsOf } from './double-fixture.js';
import type { DoubleOptions } from './protocol-double.js';

const A = 'submission-a';
const B = 'submission-b';

describe.each<[string, DoubleOptions]>([
  ['in batches', { batchAppend: true }],
  ['with a call for each', { batchAppend: false }],
])('appending %s', (_how, options) => {
  const on = new DoubleFixture(options);
  const append = (stream: string, expectedRevision: AppendExpectedRevision, ...texts: string[]) =>
    on.client().appendToStream(stream, texts.map(eventNamed), { expectedRevision });

  test('the first revision is 0, and what was appended is read back as it was', async () => {
    const before = Date.now();
    const json = { ...eventNamed('naïve café — 漢字 😀'), metadata: { actor: 'tests' } };
    const binary = binaryEvent({
      type: 'Blob',
      data: new Uint8Array([0, 255]),
      metadata: new Uint8Array([1]),
    });
    const result = await on.client().appendToStream(A, [json, binary], { expectedRevision: NO_STREAM });
    expect(result).toMatchObject({ success: true, nextExpectedRevision: 1n });
    const [first, second] = await on.readStream(A);
    expect(first).toMatchObject({ id: json.id, data: json.data, metadata: json.metadata, isJson: true });
    expect(first).toMatchObject({ streamId: A, type: 'PatientBenefited', revision: 0n });
    expect(second).toMatchObject({ id: binary.id, type: 'Blob', isJson: false, revision: 1n });
    expect([...(second!.data as Uint8Array), ...(second!.metadata as Uint8Array)]).toEqual([0, 255, 1]);
    expect(second!.position).toEqual(result.position);
    expect(second!.created.getTime()).toBeGreaterThanOrEqual(before);
    expect(second!.created.getTime()).toBeLessThanOrEqual(Date.now());
  });

  test('every event has a position of its own, increasing, with gaps', async () => {
    await append(A, NO_STREAM, 'a0', 'a1');
    await append(B, NO_STREAM, 'b0');
    const positions = (await on.readAll()).map(({ position }) => position!.commit);
    expect(positions).toHaveLength(3);
    expect(positions[1]! - positions[0]!).toBeGreaterThan(1n);
    expect(positions[2]! - positions[1]!).toBeGreaterThan(1n);
  });

  test.each<[string, number, AppendExpectedRevision, bigint | 'no_stream']>([
    ['no stream, where there is one', 1, NO_STREAM, 0n],
    ['a revision, where there is no stream', 0, 0n, 'no_stream'],
    ['a revision behind the last', 3, 1n, 2n],
    ['a revision ahead of the last', 3, 3n, 2n],
    ['a stream, where there is none', 0, STREAM_EXISTS, 'no_stream'],
  ])('expecting %s is refused with where the stream stands', async (_what, length, expected, actual) => {
    const texts = Array.from({ length }, (_, index) => `a${index}`);
    if (length > 0) await append(A, NO_STREAM, ...texts);
    const error = await refusalOf(append(A, expected, 'other'));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: A, expectedVersion: expected, actualVersion: actual });
    expect(textsOf(await on.readAll())).toEqual(texts);
  });

  test('expecting a stream that is there, or anything at all, is accepted', async () => {
    await append(A, ANY, 'a0');
    await append(A, STREAM_EXISTS, 'a1');
    await append(A, ANY, 'a2');
    expect(textsOf(await on.readStream(A))).toEqual(['a0', 'a1', 'a2']);
  });

  test('a repeat gives the original result, also when the stream has grown since', async () => {
    const first = await append(A, NO_STREAM, 'a0', 'a1');
    const second = await append(A, 1n, 'a2', 'a3');
    await append(A, 3n, 'a4');
    expect(await append(A, NO_STREAM, 'a0', 'a1')).toEqual(first);
    expect(await append(A, 1n, 'a2', 'a3')).toEqual(second);
    expect(textsOf(await on.readAll())).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  test('a repeat of events that are hidden since is known, and not told where they are', async () => {
    await append(A, NO_STREAM, 'a0', 'a1');
    await on.client().setStreamMetadata(A, { truncateBefore: 2 });
    const result = await append(A, NO_STREAM, 'a0', 'a1');
    expect(result).toEqual({ success: true, nextExpectedRevision: 1n, position: undefined });
  });

  test('a part of an append, or two of them in one, is a repeat too: only ids at their places count', async () => {
    await append(A, NO_STREAM, 'a0', 'a1');
    const second = await append(A, 1n, 'a2');
    expect(await append(A, NO_STREAM, 'a0', 'a1', 'a2')).toEqual(second);
    expect(await append(A, NO_STREAM, 'a0')).toMatchObject({ success: true, nextExpectedRevision: 0n });
  });

  test.each<[string, AppendExpectedRevision, string[]]>([
    ['another last event', NO_STREAM, ['a0', 'other']],
    ['another first event', NO_STREAM, ['other', 'a1']],
    ['one event more than there are', NO_STREAM, ['a0', 'a1', 'a2', 'a3']],
    ['another order', NO_STREAM, ['a1', 'a0']],
    ['another place', 0n, ['a0']],
  ])('a repeat with %s is a wrong expectation', async (_what, expected, texts) => {
    await append(A, NO_STREAM, 'a0', 'a1', 'a2');
    const error = await refusalOf(append(A, expected, ...texts));
    expect(error).toMatchObject({ type: 'wrong-expected-version', actualVersion: 2n });
  });

  test('the same id at the right revision is appended again', async () => {
    await append(A, NO_STREAM, 'a0');
    await append(A, 0n, 'a0');
    expect(textsOf(await on.readStream(A))).toEqual(['a0', 'a0']);
  });

  test('a repeat that expects anything is found among the last events of its own stream', async () => {
    const first = await append(A, ANY, 'a0', 'a1');
    expect(await append(A, ANY, 'a0', 'a1')).toEqual(first);
    expect(await refusalOf(append(A, ANY, 'a1', 'a2'))).toBeInstanceOf(WrongExpectedVersionError);
    await append(B, ANY, 'a0', 'a1');
    expect(textsOf(await on.readAll())).toEqual(['a0', 'a1', 'a0', 'a1']);
  });

  test('many appends at once to one stream with one expectation: one is made, the rest are refused', async () => {
    const client = on.client();
    const asked = Array.from({ length: 20 }, (_, index) =>
      client.appendToStream(A, eventNamed(`a${index}`), { expectedRevision: NO_STREAM }),
    );
    const settled = await Promise.allSettled(asked);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await on.readAll()).toHaveLength(1);
  });

  test('an append of more than a mebibyte is refused with the limit, and one of less is not', async () => {
    const large = eventNamed('x'.repeat(600_000));
    const error = await refusalOf(on.client().appendToStream(A, [large, eventNamed('y'.repeat(600_000))]));
    expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
    expect(error).toMatchObject({ maxAppendSize: 1_048_576 });
    await on.client().appendToStream(A, large, { expectedRevision: NO_STREAM });
    expect(await on.readAll()).toHaveLength(1);
  });

  test('an append to a stream that is over for good is refused as deleted', async () => {
    await append(A, NO_STREAM, 'a0');
    await on.client().tombstoneStream(A, { expectedRevision: 0n });
    const error = await refusalOf(append(A, 0n, 'a1'));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ streamName: A });
  });
});

describe('appending in batches', () => {
  const on = new DoubleFixture();

  test('an append that the client sends in parts is applied when it is whole', async () => {
    const texts = Array.from({ length: 50 }, (_, index) => `a${index}`);
    const result = await on
      .client()
      .appendToStream(A, texts.map(eventNamed), { expectedRevision: NO_STREAM, batchAppendSize: 500 });
    expect(result.nextExpectedRevision).toBe(49n);
    expect(textsOf(await on.readStream(A))).toEqual(texts);
  });

  test('to a server whose clock is ahead of the deadline every append times out, and nothing is written', async () => {
    on.double.skewMs = 60_000;
    expect(await refusalOf(on.client().appendToStream(A, eventNamed('a0')))).toMatchObject({
      type: 'deadline-exceeded',
    });
    on.double.skewMs = 0;
    expect(await on.readAll()).toEqual([]);
  });
});

describe('appending where commits are records of their own', () => {
  const on = new DoubleFixture({ separateCommits: true });

  test('the events of one append share its commit position, and have prepare positions before it', async () => {
    await on.client().appendToStream(A, [eventNamed('a0'), eventNamed('a1')]);
    await on.client().appendToStream(B, eventNamed('b0'));
    const [a0, a1, b0] = (await on.readAll()).map(({ position }) => position!);
    expect(a0!.commit).toBe(a1!.commit);
    expect(a0!.prepare).toBeLessThan(a1!.prepare);
    expect(a1!.prepare).toBeLessThan(a1!.commit);
    expect(b0!.prepare).toBeGreaterThan(a0!.commit);
    const after = await on.readAll({ fromPosition: a1! });
    expect(textsOf(after)).toEqual(['a1', 'b0']);
  });
});

describe('repeats that are not told where they are', () => {
  const on = new DoubleFixture({ repeatsTellPosition: false });

  test('succeed without a position', async () => {
    const append = () => on.client().appendToStream(A, eventNamed('a0'), { expectedRevision: NO_STREAM });
    expect((await append()).position).toBeDefined();
    expect(await append()).toEqual({ success: true, nextExpectedRevision: 0n, position: undefined });
  });
});
