/** Expectations, batches, and appends that are made again. */
import { describe, expect, test } from '@jest/globals';
import { WrongExpectedRevision, type ExpectedRevision } from '../../src/store/event-store.js';
import { newEvents } from '../support/new-events.js';
import { A, B, numbered, refusal, textsOf, type StoreFixture } from './store-fixture.js';

export function lawsOfAppending(on: StoreFixture): void {
  describe('appending', () => {
    test('the first revision of a stream is 0, and what was appended is read back as it was', async () => {
      const events = newEvents(A, 0, ['naïve café — 漢字 😀', 'line\nfeed, tab\t, quote " and \\']);
      const appended = await on.store.append(A, 'no-stream', events);
      expect(appended.firstRevision).toBe(0);
      const recorded = await on.store.readStream(A);
      expect(recorded).toEqual(
        events.map(({ payload, ...event }, revision) => ({
          ...event,
          data: JSON.parse(payload) as unknown,
          stream: A,
          revision,
          position: recorded[revision]!.position,
        })),
      );
      expect(recorded.at(-1)!.position).toBe(appended.position);
      expect(await on.store.readAll(null, 10)).toEqual(recorded);
    });

    test('the bytes that were hashed come back, whatever the payload is', async () => {
      const payloads = ['{"a":1e+21,"b":-0.5,"c":[null,true,{}],"d":"\\u0000 \u2028"}', '{}', '{"text":""}'];
      const events = newEvents(A, 0, numbered('a', payloads.length)).map((event, index) => ({
        ...event,
        payload: payloads[index]!,
      }));
      await on.store.append(A, 'no-stream', events);
      const recorded = await on.store.readStream(A);
      expect(recorded.map(({ data }) => JSON.stringify(data))).toEqual(payloads);
    });

    test('a batch goes to the end of its stream, at the revisions after the expected one', async () => {
      await on.append(A, 'no-stream', 'a0', 'a1');
      const appended = await on.append(A, 1, 'a2', 'a3', 'a4');
      expect(appended.firstRevision).toBe(2);
      const recorded = await on.store.readStream(A);
      expect(recorded.map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4]);
      expect(recorded[4]!.position).toBe(appended.position);
    });

    test.each<[string, number, ExpectedRevision, ExpectedRevision]>([
      ['no stream, where there is one', 1, 'no-stream', 0],
      ['no stream, where there is a longer one', 3, 'no-stream', 2],
      ['a revision, where there is no stream', 0, 0, 'no-stream'],
      ['a revision behind the last', 3, 1, 2],
      ['a revision ahead of the last', 3, 3, 2],
      ['a revision far ahead of the last', 1, 1_000_000, 0],
    ])(
      'expecting %s is a wrong expectation that says where the stream stands',
      async (_what, length, expected, actual) => {
        if (length > 0) await on.append(A, 'no-stream', ...numbered('a', length));
        const before = await on.store.readAll(null, 100);
        const error = await refusal(on.append(A, expected, 'other'));
        expect(error).toBeInstanceOf(WrongExpectedRevision);
        expect(error).toMatchObject({ stream: A, expected, actual });
        expect(await on.store.readAll(null, 100)).toEqual(before);
      },
    );

    test('an append that is refused leaves none of its events, and the next one has their place', async () => {
      await on.append(A, 'no-stream', 'a0');
      await refusal(on.append(A, 'no-stream', 'x0', 'x1', 'x2'));
      await on.append(A, 0, 'a1');
      expect(textsOf(await on.store.readAll(null, 100))).toEqual(['a0', 'a1']);
    });

    test('an append of no events is refused and changes nothing', async () => {
      await refusal(on.store.append(A, 'no-stream', []));
      await on.append(A, 'no-stream', 'a0');
      await refusal(on.store.append(A, 0, []));
      await on.append(B, 'no-stream', 'b0');
      expect(textsOf(await on.store.readAll(null, 100))).toEqual(['a0', 'b0']);
    });

    test('a batch of 500 events of a kilobyte each is one append', async () => {
      const texts = numbered('x'.repeat(1_000), 500);
      await on.append(A, 'no-stream', ...texts);
      expect(textsOf(await on.store.readStream(A))).toEqual(texts);
    });

    test('what is acknowledged is durable: a reader opened at that moment finds it', async () => {
      for (const [revision, text] of ['a0', 'a1', 'a2'].entries()) {
        const { position } = await on.append(A, revision === 0 ? 'no-stream' : revision - 1, text);
        const reader = await on.anotherReader();
        const last = (await reader.readAll(null, 100)).at(-1);
        expect(last).toMatchObject({ position, revision, data: { facts: { text } } });
      }
    });
  });

  describe('repeating an append', () => {
    test('gives the original result and records nothing again', async () => {
      const first = await on.append(A, 'no-stream', 'a0', 'a1');
      expect(await on.append(A, 'no-stream', 'a0', 'a1')).toEqual(first);
      expect(textsOf(await on.store.readAll(null, 100))).toEqual(['a0', 'a1']);
    });

    test('gives it also when the stream and the ledger have grown since, and after a restart', async () => {
      const first = await on.append(A, 'no-stream', 'a0', 'a1');
      await on.append(B, 'no-stream', 'b0');
      const second = await on.append(A, 1, 'a2', 'a3', 'a4');
      await on.append(A, 4, 'a5');
      const repeats = async () => [
        await on.append(A, 1, 'a2', 'a3', 'a4'),
        await on.append(A, 'no-stream', 'a0', 'a1'),
      ];
      expect(await repeats()).toEqual([second, first]);
      await on.reopen();
      expect(await repeats()).toEqual([second, first]);
      expect(textsOf(await on.store.readAll(null, 100))).toEqual(['a0', 'a1', 'b0', 'a2', 'a3', 'a4', 'a5']);
    });

    test('while the first is still under way records it once, and both have one result', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => on.append(A, 'no-stream', 'a0', 'a1')),
      );
      expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
      expect(textsOf(await on.store.readAll(null, 100))).toEqual(['a0', 'a1']);
    });

    test.each<[string, ExpectedRevision, string[]]>([
      ['another last event', 'no-stream', ['a0', 'x1']],
      ['another first event', 'no-stream', ['x0', 'a1']],
      ['more than there is', 'no-stream', ['a0', 'a1', 'a2', 'a3', 'a4']],
      ['the same events elsewhere in the stream', 1, ['a0', 'a1']],
    ])('with %s is a wrong expectation', async (_what, expected, texts) => {
      await on.append(A, 'no-stream', 'a0', 'a1');
      await on.append(A, 1, 'a2', 'a3');
      const error = await refusal(on.append(A, expected, ...texts));
      expect(error).toBeInstanceOf(WrongExpectedRevision);
      expect(error).toMatchObject({ actual: 3 });
      expect(textsOf(await on.store.readAll(null, 100))).toEqual(['a0', 'a1', 'a2', 'a3']);
    });

    // Ids tell events, not where an append began and ended: whether such a one is known is the store's to say.
    test.each<[string, ExpectedRevision, string[], number]>([
      ['one event fewer', 'no-stream', ['a0'], 0],
      ['one event more', 'no-stream', ['a0', 'a1', 'a2'], 2],
      ['the events of two appends as one', 'no-stream', ['a0', 'a1', 'a2', 'a3'], 3],
      ['a part of an append', 0, ['a1'], 1],
    ])(
      'with %s records nothing, and is a wrong expectation or has those events’ place',
      async (_what, expected, texts, last) => {
        await on.append(A, 'no-stream', 'a0', 'a1');
        await on.append(A, 1, 'a2', 'a3');
        const recorded = await on.store.readAll(null, 100);
        const outcome = await on.append(A, expected, ...texts).catch((error: unknown) => error);
        if (outcome instanceof WrongExpectedRevision) expect(outcome).toMatchObject({ actual: 3 });
        else {
          const firstRevision = expected === 'no-stream' ? 0 : expected + 1;
          expect(outcome).toEqual({ firstRevision, position: recorded[last]!.position });
        }
        expect(await on.store.readAll(null, 100)).toEqual(recorded);
      },
    );

    test('in another order is a wrong expectation', async () => {
      await on.append(A, 'no-stream', 'a0', 'a1');
      const reversed = on.newEvents(A, 0, ['a0', 'a1']).reverse();
      expect(await refusal(on.store.append(A, 'no-stream', reversed))).toBeInstanceOf(WrongExpectedRevision);
    });
  });
}
