/** Streams, the global order, subscriptions, and what is left after closing. */
import { describe, expect, test } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  RUN_BYTES_MAX,
  StoreUnavailable,
  type EventReader,
  type Position,
  type RecordedEvent,
  type Run,
} from '../../src/store/event-store.js';
import { streamNamed } from '../support/new-events.js';
import { appendBatch } from './laws-of-writers.js';
import { A, B, numbered, refusal, textsOf, type StoreFixture } from './store-fixture.js';

/** In characters, which are bytes: less than a megabyte, the most that a server takes by default. */
const LARGE = 900_000;
/** Of the event loop, in which what is not held back arrives. */
const TURNS = 2_000;

export function lawsOfReading(on: StoreFixture): void {
  describe('reading', () => {
    test('a stream that is not there has no events, nor has a name that only begins alike', async () => {
      await on.append(A, 'no-stream', 'a0');
      expect(await on.store.readStream(B)).toEqual([]);
      expect(await on.store.readStream(streamNamed(A.slice(0, -1)))).toEqual([]);
      expect(await on.store.readStream(streamNamed(`${A}0`))).toEqual([]);
    });

    test('an empty store has no events', async () => {
      expect(await on.store.readAll(null, 10)).toEqual([]);
      await on.reopen();
      expect(await on.store.readAll(null, 10)).toEqual([]);
    });

    test('every range of a stream is that part of it, wherever its appends begin and end', async () => {
      const whole = await on.appendInterleaved();
      const ofA = whole.filter(({ stream }) => stream === A);
      for (let from = 0; from <= ofA.length + 2; from++) {
        expect(await on.store.readStream(A, { from })).toEqual(ofA.slice(from));
        for (let limit = 0; limit <= ofA.length + 1; limit++) {
          expect(await on.store.readStream(A, { from, limit })).toEqual(ofA.slice(from, from + limit));
        }
      }
      for (let limit = 0; limit <= ofA.length + 1; limit++) {
        expect(await on.store.readStream(A, { limit })).toEqual(ofA.slice(0, limit));
      }
    });

    test('every page of the ledger is that part of it, also after a position inside a batch', async () => {
      const whole = await on.appendInterleaved();
      const after: (Position | null)[] = [null, ...whole.map(({ position }) => position)];
      for (const [index, position] of after.entries()) {
        for (let limit = 1; limit <= whole.length + 1; limit++) {
          expect(await on.store.readAll(position, limit)).toEqual(whole.slice(index, index + limit));
        }
      }
    });

    test('read part by part, the ledger is whole, each part beginning where the one before it ended', async () => {
      const whole = await on.appendInterleaved();
      for (let limit = 1; limit <= whole.length + 1; limit++) {
        const read: RecordedEvent[] = [];
        let [at, atEnd]: [Position | null, boolean] = [null, false];
        while (!atEnd) {
          const run = await on.store.readRun(at, limit);
          expect(run.events.length).toBeLessThanOrEqual(limit);
          // Only at the end may it stand still.
          expect(run.atEnd || run.end! > (at ?? '')).toBe(true);
          read.push(...run.events);
          ({ end: at, atEnd } = run);
        }
        expect(read).toEqual(whole);
        expect(await on.store.readRun(at, limit)).toMatchObject({ events: [], end: at, atEnd: true });
      }
    });

    test('however large events are, no part holds more than a few MiB, read or followed', async () => {
      const appends = 12;
      for (let revision = 0; revision < appends; revision++) {
        const expected = revision === 0 ? 'no-stream' : revision - 1;
        await on.append(A, expected, `${revision}: ${'x'.repeat(LARGE)}`);
      }
      const read: Run[] = [];
      for (let at: Position | null = null; !read.at(-1)?.atEnd; at = read.at(-1)!.end) {
        read.push(await on.store.readRun(at, 1_000));
      }
      const followed: Run[] = [];
      const stop = new AbortController();
      for await (const run of on.store.subscribe(null, stop.signal)) {
        followed.push(run);
        if (run.events.at(-1)?.revision === appends - 1) stop.abort();
        // Whoever is slower than the store finds much of it ready.
        for (let turn = 0; turn < TURNS; turn++) await nextTurn();
      }
      for (const runs of [read, followed]) {
        const parts = runs.map(({ events }) => textsOf(events));
        expect(parts.flat().map(parseFloat)).toEqual(Array.from({ length: appends }, (_, index) => index));
        const largest = Math.max(...parts.map((texts) => texts.join('').length));
        expect(largest).toBeLessThan(RUN_BYTES_MAX + 2 * LARGE);
      }
    });

    test('a part of a stream says at which revision it ends', async () => {
      expect(await on.store.readStreamRun(A)).toEqual({ events: [], last: 'no-stream' });
      await on.appendInterleaved();
      expect((await on.store.readStreamRun(A)).last).toBe(4);
      expect((await on.store.readStreamRun(A, { from: 1, limit: 2 })).last).toBe(2);
    });

    test('the head is where what was appended last stands', async () => {
      for (const revision of [0, 1, 2]) {
        const { position } = await on.append(A, revision === 0 ? 'no-stream' : revision - 1, `a${revision}`);
        expect(await on.store.head()).toBe(position);
      }
    });

    test('the order of the ledger is the order of the appends, and positions increase as text', async () => {
      const whole = await on.appendInterleaved();
      expect(textsOf(whole)).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'a3', 'b2', 'a4', 'b3', 'b4']);
      const positions = whole.map(({ position }) => position);
      expect([...positions].sort()).toEqual(positions);
      expect(new Set(positions).size).toBe(positions.length);
    });

    test('order and positions are the same after a restart, and go on from there', async () => {
      const before = await on.appendInterleaved();
      await on.reopen();
      expect(await on.store.readAll(null, 100)).toEqual(before);
      const { position } = await on.append(A, 4, 'a5');
      expect(position > before.at(-1)!.position).toBe(true);
      const after = await on.store.readAll(null, 100);
      expect(textsOf(after.slice(before.length))).toEqual(['a5']);
    });
  });

  describe('subscribing', () => {
    test('catches up from any position, then follows', async () => {
      const past = await on.appendInterleaved();
      const starts = [null, past[0]!.position, past[4]!.position, past.at(-1)!.position];
      const following = starts.map((after) => collect(on.store, after, `end`));
      await on.append(A, 4, 'a5', 'a6');
      await on.append(B, 4, 'end');
      const whole = await on.store.readAll(null, 100);
      expect(await Promise.all(following)).toEqual(
        starts.map((after) => whole.filter(({ position }) => after === null || position > after)),
      );
    });

    test('gives every event once, in order, while many write, to each of several that follow', async () => {
      const streams = numbered('programme-', 16).map(streamNamed);
      const early = [null, null].map((after) => collect(on.store, after, 'end'));
      const late: Promise<RecordedEvent[]>[] = [];
      await Promise.all(
        streams.map(async (stream, index) => {
          for (let batch = 0; batch < 25; batch++) {
            await appendBatch(on.store, stream, `${stream}/${batch}`, 1 + (batch % 3));
            if (index === 0 && batch % 8 === 4) late.push(collect(on.store, null, 'end'));
          }
        }),
      );
      await on.append(A, 'no-stream', 'end');
      const whole = await on.store.readAll(null, 10_000);
      const ids = whole.map(({ id }) => id);
      for (const followed of await Promise.all([...early, ...late])) {
        expect(followed.map(({ id }) => id)).toEqual(ids);
      }
    });

    test('a reader of its own follows what the store appends', async () => {
      const reader = await on.anotherReader();
      const following = collect(reader, null, 'end');
      await on.append(A, 'no-stream', 'a0');
      await on.append(A, 0, 'end');
      expect(textsOf(await following)).toEqual(['a0', 'end']);
    });

    test('each part goes further than the one before, and a slow reader misses nothing', async () => {
      const stop = new AbortController();
      const seen: string[] = [];
      let reached = '';
      await on.append(A, 'no-stream', 'a0');
      for await (const { events, end } of on.store.subscribe(null, stop.signal)) {
        expect(end! > reached).toBe(true);
        expect(end! >= (events.at(-1)?.position ?? '')).toBe(true);
        reached = end!;
        if (events.length === 0) continue;
        seen.push(...textsOf(events));
        // What is appended while a batch is in hand waits for the next one.
        const next = seen.length;
        if (next === 12) stop.abort();
        else await on.append(A, next - 1, `a${next}`);
      }
      expect(seen).toEqual(numbered('a', 12));
    });

    test('ends when it is told to, also while it waits, and at once when it was told before', async () => {
      await on.append(A, 'no-stream', 'a0');
      const stop = new AbortController();
      const seen: RecordedEvent[] = [];
      const ended = (async () => {
        for await (const { events } of on.store.subscribe(null, stop.signal)) {
          seen.push(...events);
          if (events.length === 0) continue;
          setImmediate(() => stop.abort());
        }
      })();
      await ended;
      expect(textsOf(seen)).toEqual(['a0']);
      for await (const run of on.store.subscribe(null, stop.signal)) expect(run).toBe('none');
    });
  });

  describe('closing', () => {
    test('answers what was asked for before, and keeps it', async () => {
      const streams = numbered('programme-', 40).map(streamNamed);
      const appending = Promise.all(streams.map((stream) => on.append(stream, 'no-stream', stream)));
      await on.store.close();
      expect(await appending).toHaveLength(40);
      await on.reopen();
      expect(textsOf(await on.store.readAll(null, 100)).sort()).toEqual([...streams].sort());
    });

    test('makes every later call say that the store is unavailable', async () => {
      await on.append(A, 'no-stream', 'a0');
      await on.store.close();
      expect(await refusal(on.append(A, 0, 'a1'))).toBeInstanceOf(StoreUnavailable);
      expect(await refusal(on.store.readStream(A))).toBeInstanceOf(StoreUnavailable);
      expect(await refusal(on.store.readAll(null, 10))).toBeInstanceOf(StoreUnavailable);
      expect(await refusal(on.store.head())).toBeInstanceOf(StoreUnavailable);
    });

    test('twice is as good as once', async () => {
      await Promise.all([on.store.close(), on.store.close()]);
      await on.store.close();
    });
  });
}

/** What a subscription gives, up to the event with a text. */
async function collect(
  reader: EventReader,
  after: Position | null,
  lastText: string,
): Promise<RecordedEvent[]> {
  const stop = new AbortController();
  const seen: RecordedEvent[] = [];
  for await (const { events } of reader.subscribe(after, stop.signal)) {
    seen.push(...events);
    if (textsOf(events).includes(lastText)) stop.abort();
  }
  return seen;
}
