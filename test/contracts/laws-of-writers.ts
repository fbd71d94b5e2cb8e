/** What holds when many append at once. */
import { describe, expect, test } from '@jest/globals';
import {
  WrongExpectedRevision,
  type EventStore,
  type ExpectedRevision,
} from '../../src/store/event-store.js';
import { newEvents, streamNamed } from '../support/new-events.js';
import { A, numbered, textsOf, type Stream, type StoreFixture } from './store-fixture.js';

export function lawsOfWriters(on: StoreFixture): void {
  describe('many writers', () => {
    test('of 64 that expect the same revision of one stream exactly one wins it', async () => {
      for (let revision = 0; revision < 8; revision++) {
        const expected = revision === 0 ? 'no-stream' : revision - 1;
        const results = await Promise.allSettled(
          numbered(`revision ${revision} by `, 64).map((text) => on.append(A, expected, text)),
        );
        const [winner, ...others] = results.flatMap((result, index) =>
          result.status === 'fulfilled' ? [index] : [],
        );
        expect(others).toEqual([]);
        for (const result of results) {
          if (result.status === 'fulfilled') continue;
          expect(result.reason).toBeInstanceOf(WrongExpectedRevision);
          expect(result.reason).toMatchObject({ stream: A, expected, actual: revision });
        }
        const recorded = await on.store.readStream(A);
        expect(recorded).toHaveLength(revision + 1);
        expect(textsOf(recorded).at(-1)).toBe(`revision ${revision} by ${winner}`);
      }
    });

    test('64 that each try again on what they find lose nothing and overwrite nothing', async () => {
      const texts = numbered('by ', 64);
      await Promise.all(texts.map((text) => appendSomewhere(on.store, A, text)));
      const recorded = await on.store.readStream(A);
      expect(recorded.map(({ revision }) => revision)).toEqual(texts.map((_, index) => index));
      expect(textsOf(recorded).sort()).toEqual([...texts].sort());
    });

    test('a batch is contiguous in the global order, and in its stream’s order', async () => {
      const streams = numbered('programme-', 20).map(streamNamed);
      const writing = streams.map(async (stream, index) => {
        for (let batch = 0; batch < 5; batch++) {
          const size = 1 + ((index + batch) % 4);
          await appendBatch(on.store, stream, `${stream}/${batch}`, size);
        }
      });
      await Promise.all(writing);
      const whole = await on.store.readAll(null, 10_000);
      const batches = textsOf(whole).map((text) => text.slice(0, text.lastIndexOf('.')));
      const runs = batches.filter((batch, index) => batch !== batches[index - 1]);
      expect(runs).toHaveLength(100);
      expect(new Set(runs).size).toBe(100);
      for (const stream of streams) {
        const inAll = whole.filter((event) => event.stream === stream);
        expect(inAll).toEqual(await on.store.readStream(stream));
      }
    });

    test('appends to one stream that is refused do not touch those that share its moment', async () => {
      await on.append(A, 'no-stream', 'a0');
      const streams = numbered('programme-', 30).map(streamNamed);
      const results = await Promise.allSettled(
        streams.flatMap((stream) => [
          on.append(stream, 'no-stream', stream),
          on.append(A, 'no-stream', stream),
        ]),
      );
      expect(results.map(({ status }) => status)).toEqual(streams.flatMap(() => ['fulfilled', 'rejected']));
      // Appends to different streams may come in any order.
      expect(textsOf(await on.store.readAll(null, 100)).sort()).toEqual(['a0', ...streams].sort());
    });
  });
}

export async function appendBatch(
  store: EventStore,
  stream: Stream,
  text: string,
  size: number,
): Promise<void> {
  const length = (await store.readStream(stream)).length;
  const texts = numbered(`${text}.`, size);
  await store.append(stream, length === 0 ? 'no-stream' : length - 1, newEvents(stream, length, texts));
}

/** Reads and appends until nobody was in between. */
async function appendSomewhere(store: EventStore, stream: Stream, text: string): Promise<void> {
  let expected: ExpectedRevision = 'no-stream';
  for (;;) {
    const revision = expected === 'no-stream' ? 0 : expected + 1;
    try {
      await store.append(stream, expected, newEvents(stream, revision, [text]));
      return;
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      expected = error.actual;
    }
  }
}
