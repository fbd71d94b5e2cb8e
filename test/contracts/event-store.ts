/**
 * The laws of the store port, for any adapter: `src/store/event-store.ts` says them in words.
 *
 * An adapter's test file calls `describeEventStore` with how to make an empty place for a store. Only methods
 * of the port are used here; what is an adapter's own is tested in its own file.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Appended, ExpectedRevision } from '../../src/store/event-store.js';
import { streamNamed } from '../support/new-events.js';
import { lawsOfAppending } from './laws-of-appending.js';
import { lawsOfReading } from './laws-of-reading.js';
import { lawsOfWriters } from './laws-of-writers.js';
import { A, B, refusal, StoreFixture, type StorePlace, type Stream } from './store-fixture.js';

export function describeEventStore(adapter: string, emptyPlace: () => Promise<StorePlace>): void {
  describe(adapter, () => {
    const on = new StoreFixture(emptyPlace);
    lawsOfAppending(on);
    lawsOfReading(on);
    lawsOfWriters(on);
    agreesWithAList(on);
  });
}

interface Made {
  readonly stream: Stream;
  readonly expected: ExpectedRevision;
  readonly texts: readonly string[];
  readonly appended: Appended;
}

function agreesWithAList(on: StoreFixture): void {
  test('any run of appends, repeats and restarts agrees with a plain list', async () => {
    const step = fc.record({
      stream: fc.constantFrom(A, B, streamNamed('programme-lipid-management')),
      /** From the last revision that the model knows: 0 is right. */
      off: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -3, max: 2 }) },
      ),
      texts: fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      then: fc.constantFrom('go on', 'go on', 'go on', 'repeat', 'repeat an old one', 'restart'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        await on.end();
        await on.begin();
        const ledger: { stream: Stream; text: string }[] = [];
        const made: Made[] = [];
        for (const { stream, off, texts, then } of steps) {
          const last = ledger.filter((event) => event.stream === stream).length - 1;
          const asked = last + off;
          const expected: ExpectedRevision = asked < 0 ? 'no-stream' : asked;
          // An event's text names its place, so that a wrong expectation is never by chance a repeat.
          const named = texts.map((text) => `${made.length} ${text}`);
          if (Math.max(asked, -1) === last) {
            const appended = await on.append(stream, expected, ...named);
            made.push({ stream, expected, texts: named, appended });
            ledger.push(...named.map((text) => ({ stream, text })));
          } else {
            const actual = last < 0 ? 'no-stream' : last;
            expect(await refusal(on.append(stream, expected, ...named))).toMatchObject({ expected, actual });
          }
          const again = then === 'repeat' ? made.at(-1) : then === 'repeat an old one' ? made[0] : undefined;
          if (again) {
            expect(await on.append(again.stream, again.expected, ...again.texts)).toEqual(again.appended);
          }
          if (then === 'restart') await on.reopen();
        }
        const whole = await on.store.readAll(null, 1_000);
        expect(whole.map(({ stream, data }) => ({ stream, text: data.facts['text'] }))).toEqual(ledger);
      }),
      { numRuns: 25 },
    );
  });
}
