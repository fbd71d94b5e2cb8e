/**
 * Everything that can go wrong between the adapter and a server, on the protocol double: nothing is lost, nothing is
 * recorded twice, and nobody waits for ever.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { copyEvents } from '../../src/store/copy.js';
import {
  AppendTooLarge,
  StoreUnavailable,
  WrongExpectedRevision,
  type RecordedEvent,
} from '../../src/store/event-store.js';
import type { ReaderOptions } from '../../src/store/eventstore/reader.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { A, B, numbered, refusal, textsOf, type Stream } from '../contracts/store-fixture.js';
import { Gate, type CallKind, type FaultAction } from '../double/faults.js';
import { ProtocolDouble, type DoubleOptions } from '../double/protocol-double.js';
import { appendTexts, followedEvents } from '../support/eventstore-double.js';
import { newEvents } from '../support/new-events.js';

/** What is silent is given up soon; between two attempts only the event loop turns. */
const SOON: ReaderOptions = { timeoutMs: 400, patienceMs: 20_000, delay: () => nextTurn() };
/** Where nothing will help. */
const IMPATIENT: ReaderOptions = { ...SOON, patienceMs: 1_000 };

const OPEN = new Gate();
OPEN.open();

let double: ProtocolDouble;
let store: EventStoreDbStore;
const opened: { close(): Promise<unknown> }[] = [];

async function start(options: DoubleOptions = {}, how = SOON): Promise<void> {
  // Another than the one that each test begins with: left alone, it would keep the process.
  await stop();
  double = await ProtocolDouble.start(options);
  store = await open(double, how);
}

async function open(at: ProtocolDouble, how = SOON): Promise<EventStoreDbStore> {
  const another = await EventStoreDbStore.open({ url: at.url }, how);
  opened.push(another);
  return another;
}

/** For the one call that is to fail: what must succeed is given the time that a busy machine takes. */
function impatient(): EventStoreDbStore {
  const one = new EventStoreDbStore({ url: double.url }, IMPATIENT);
  opened.push(one);
  return one;
}

async function stop(): Promise<void> {
  for (const one of opened.splice(0)) await one.close();
  await (double as ProtocolDouble | undefined)?.kill();
}

beforeEach(() => start());
afterEach(stop);

const append = (stream: Stream, length: number, ...texts: string[]) =>
  appendTexts(store, stream, length, ...texts);

const followed = (count: number, after: string | null = null) => followedEvents(store, count, after);

const ACTIONS: readonly FaultAction[] = [
  'stay-silent',
  'end',
  'cancel',
  'unavailable',
  'timeout',
  'unknown',
  'not-leader',
  'no-leader',
  'cut',
];
const matrix = (steps: readonly number[]) =>
  ACTIONS.flatMap((action) => steps.map((after) => [action, after] as const));

describe('a fault that strikes once', () => {
  test.each(matrix([0, 1]))('in an append: %s, after %i steps', async (action, after) => {
    await append(A, 0, 'a0');
    const struck = double.faults.next('append', { action, after });
    const appended = await append(A, 1, 'a1', 'a2');
    await struck;
    expect(appended.firstRevision).toBe(1);
    const whole = await store.readAll(null, 10);
    expect(textsOf(whole)).toEqual(['a0', 'a1', 'a2']);
    expect(whole[2]!.position).toBe(appended.position);
  });

  test.each(matrix([0, 1]))(
    'in an append that another writer overtakes: %s, after %i steps',
    async (action, after) => {
      const struck = double.faults.next('append', { action, after });
      const results = await Promise.allSettled([append(A, 0, 'a0'), append(A, 0, 'other')]);
      await struck;
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const [winner] = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      const refused = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
      expect(refused.reason).toBeInstanceOf(WrongExpectedRevision);
      expect(textsOf(await store.readStream(A))).toEqual([['a0', 'other'][winner!]]);
    },
  );

  const reads = matrix([0, 1, 3]);
  test.each(reads)('in the reading of a stream: %s, after %i events', async (action, after) => {
    await append(A, 0, ...numbered('a', 5));
    const struck = double.faults.next('read-stream', { action, after });
    expect(textsOf(await store.readStream(A))).toEqual(numbered('a', 5));
    await struck;
  });

  test.each(reads)('in the reading of the ledger: %s, after %i events', async (action, after) => {
    await append(A, 0, ...numbered('a', 5));
    const struck = double.faults.next('read-all', { action, after });
    expect(textsOf(await store.readAll(null, 100))).toEqual(numbered('a', 5));
    await struck;
  });

  test.each([0, 1, 3])('in asking for the end: ended after %i events, it is no other end', async (after) => {
    const { position } = await append(A, 0, ...numbered('a', 5));
    const struck = double.faults.next('read-all', { action: 'end', after });
    expect(await store.head()).toBe(position);
    await struck;
  });

  test('in reading back what was appended: it is not taken for damage', async () => {
    const ended = double.faults.next('read-stream', { action: 'end' });
    const again = double.faults.next('read-stream', { action: 'end' });
    expect((await append(A, 0, 'a0', 'a1')).firstRevision).toBe(0);
    await Promise.all([ended, again]);
  });

  test('in a copy: what it copies is the whole', async () => {
    await append(A, 0, ...numbered('a', 5));
    const dir = mkdtempSync(join(tmpdir(), 'ledger-faults-'));
    const target = await SqliteStore.open(dir);
    try {
      const struck = double.faults.next('read-all', { action: 'wait', gate: OPEN });
      const cut = double.faults.next('read-all', { action: 'end', after: 3 });
      expect(await copyEvents(store, target, () => undefined)).toEqual({ known: 0, copied: 5 });
      await Promise.all([struck, cut]);
      expect(textsOf(await target.readAll(null, 10))).toEqual(numbered('a', 5));
    } finally {
      await target.close();
      rmSync(dir, { recursive: true });
    }
  });

  // What has nothing to say and what is never heard are one until it has been quiet for long: that is below.
  const loud = matrix([0, 1, 3]).filter(([action]) => action !== 'stay-silent');
  test.each(loud)('in a subscription: %s, after %i events', async (action, after) => {
    await append(A, 0, ...numbered('a', 5));
    const struck = double.faults.next('subscribe', { action, after });
    const following = followed(6);
    await struck;
    await append(A, 5, 'a5');
    expect(textsOf(await following)).toEqual(numbered('a', 6));
  });
});

describe('a server that goes on failing', () => {
  const lasting = ACTIONS.filter((action) => action !== 'end');
  test.each(lasting)('%s: an append ends, with nothing certain, and made again it is one', async (action) => {
    double.faults.all('append', { action, after: 1 });
    const events = newEvents(A, 0, ['a0', 'a1']);
    expect(await refusal(impatient().append(A, 'no-stream', events))).toBeInstanceOf(StoreUnavailable);
    double.faults.clear();
    const { position } = await append(A, 0, 'a0', 'a1');
    const whole = await store.readAll(null, 10);
    expect(textsOf(whole)).toEqual(['a0', 'a1']);
    expect(whole[1]!.position).toBe(position);
  });

  test.each<[CallKind, (of: EventStoreDbStore) => Promise<unknown>]>([
    ['read-stream', (of) => of.readStream(A)],
    ['read-all', (of) => of.readAll(null, 10)],
    ['read-all', (of) => of.head()],
  ])('%s: the question ends, and asked again is answered', async (kind, ask) => {
    await append(A, 0, 'a0');
    double.faults.all(kind, { action: 'stay-silent' });
    expect(await refusal(ask(impatient()))).toBeInstanceOf(StoreUnavailable);
    double.faults.clear();
    await ask(store);
  });

  test('a server that is gone is told as one that cannot be reached, and found when it is back', async () => {
    const one = impatient();
    await double.kill();
    const events = newEvents(A, 0, ['a0']);
    expect(await refusal(one.append(A, 'no-stream', events))).toBeInstanceOf(StoreUnavailable);
    expect(await refusal(one.readAll(null, 1))).toBeInstanceOf(StoreUnavailable);
    expect(await refusal(open(double, IMPATIENT))).toBeInstanceOf(StoreUnavailable);
    await double.restart();
    await append(A, 0, 'a0');
    expect(textsOf(await store.readAll(null, 10))).toEqual(['a0']);
  });

  test('a subscription outlives every restart of the server', async () => {
    const following = followed(12);
    for (let length = 0; length < 12; length += 3) {
      await append(A, length, ...numbered('a', length + 3).slice(length));
      await double.restart();
    }
    expect(textsOf(await following)).toEqual(numbered('a', 12));
  });

  test('a subscription that falls silent is opened again, and misses nothing', async () => {
    const lost: Error[] = [];
    store = await open(double, { ...SOON, quietMsMax: 500, onLost: (error) => void lost.push(error) });
    await append(A, 0, 'a0');
    const struck = double.faults.next('subscribe', { action: 'stay-silent', after: 1 });
    const following = followed(3);
    await append(A, 1, 'a1', 'a2');
    await struck;
    expect(textsOf(await following)).toEqual(['a0', 'a1', 'a2']);
    // Silence is what an idle ledger sounds like: nothing to warn of.
    expect(lost).toEqual([]);
  });

  test('closing ends what is followed, and what is asked of a silent server', async () => {
    double.faults.all('append', { action: 'stay-silent' });
    const following = refusal(followed(1));
    const appending = refusal(append(A, 0, 'a0'));
    await store.close();
    expect(await appending).toBeInstanceOf(StoreUnavailable);
    expect(await following).toBeInstanceOf(StoreUnavailable);
  });
});

describe('a server that is slow', () => {
  test.each([0, 1])('an append that it makes after it was made again is one: %i steps on', async (after) => {
    const gate = new Gate();
    const struck = double.faults.next('append', { action: 'wait', after, gate });
    const appended = await append(A, 0, 'a0', 'a1');
    await struck;
    // Only now does it come to the first, for whose answer nobody waits any longer.
    gate.open();
    await append(B, 0, 'b0');
    expect(await append(A, 0, 'a0', 'a1')).toEqual(appended);
    expect(textsOf(await store.readAll(null, 10))).toEqual(['a0', 'a1', 'b0']);
  });

  test.each<[CallKind, () => Promise<readonly RecordedEvent[]>]>([
    ['read-stream', () => store.readStream(A)],
    ['read-all', () => store.readAll(null, 100)],
    ['subscribe', () => followed(5)],
  ])(
    '%s: what comes late is taken where it is still waited for, and asked for again where not',
    async (kind, ask) => {
      await append(A, 0, ...numbered('a', 5));
      const [late, tooLate] = [new Gate(), new Gate()];
      const struck = double.faults.next(kind, { action: 'wait', after: 2, gate: late });
      const asked = ask();
      await struck;
      late.open();
      expect(textsOf(await asked)).toEqual(numbered('a', 5));
      if (kind === 'subscribe') return;
      void double.faults.next(kind, { action: 'wait', after: 2, gate: tooLate });
      expect(textsOf(await ask())).toEqual(numbered('a', 5));
      tooLate.open();
      expect(textsOf(await ask())).toEqual(numbered('a', 5));
    },
  );
});

describe('what the client alone gets wrong', () => {
  test('an append with what JSON cannot say ends at once, and touches none beside it', async () => {
    const [event] = newEvents(A, 0, ['a0']);
    const metadata = { ...event!.metadata, source: 1n as never };
    const beside = append(B, 0, 'b0');
    expect(await refusal(store.append(A, 'no-stream', [{ ...event!, metadata }]))).toBeInstanceOf(TypeError);
    await beside;
    await append(A, 0, 'a0');
    expect(textsOf(await store.readAll(null, 10))).toEqual(['b0', 'a0']);
  });

  test.each([-1, 1])('a clock that is off by %i hours changes nothing', async (hours) => {
    double.skewMs = hours * 3_600_000;
    const following = followed(2);
    await append(A, 0, 'a0');
    await append(A, 1, 'a1');
    for (const events of [await store.readStream(A), await store.readAll(null, 10), await following]) {
      expect(textsOf(events)).toEqual(['a0', 'a1']);
    }
  });

  test('a server that does not say what it can is written to all the same', async () => {
    double.faults.all('features', { action: 'unavailable' });
    await append(A, 0, 'a0');
    expect(textsOf(await store.readStream(A))).toEqual(['a0']);
  });

  test('a server that dies does not touch what is asked of another', async () => {
    const other = await ProtocolDouble.start();
    try {
      const elsewhere = await open(other);
      const gate = new Gate();
      const waiting = double.faults.next('append', { action: 'wait', gate });
      const here = append(A, 0, 'a0');
      await waiting;
      const cut = other.faults.next('append', { action: 'cut' });
      const there = elsewhere.append(B, 'no-stream', newEvents(B, 0, ['b0']));
      await cut;
      await there;
      gate.open();
      expect((await here).firstRevision).toBe(0);
      expect(textsOf(await store.readAll(null, 10))).toEqual(['a0']);
    } finally {
      await other.kill();
    }
  });

  test('an append that is too large for the server is refused as such, and nothing of it is recorded', async () => {
    const large = newEvents(A, 0, numbered('x'.repeat(300_000), 4));
    expect(await refusal(store.append(A, 'no-stream', large))).toBeInstanceOf(AppendTooLarge);
    expect(await store.readAll(null, 10)).toEqual([]);
  });

  test.each([true, false])(
    'a repeat has the first result, whether its answer has a place: %s',
    async (tells) => {
      await start({ repeatsTellPosition: tells });
      const one = await append(B, 0, 'b0');
      const many = await append(A, 0, 'a0', 'a1');
      expect(await append(A, 0, 'a0', 'a1')).toEqual(many);
      expect(await append(B, 0, 'b0')).toEqual(one);
    },
  );
});

describe('a cluster', () => {
  test('an append, a read and a subscription find the leader, whoever it becomes', async () => {
    await start({ nodes: 3 });
    const following = followed(9);
    for (const [turn, node] of [...double.nodes, ...double.nodes, ...double.nodes].entries()) {
      double.failOver(node);
      await append(A, turn, `a${turn}`);
      expect(textsOf(await store.readStream(A))).toEqual(numbered('a', turn + 1));
    }
    expect(textsOf(await following)).toEqual(numbered('a', 9));
  });

  test('a subscription that was left on a node which fell out of the cluster finds the new leader', async () => {
    await start({ nodes: 3 }, { ...SOON, quietMsMax: 500 });
    await append(A, 0, 'a0');
    const stop = new AbortController();
    const seen: RecordedEvent[] = [];
    for await (const { events } of store.subscribe(null, stop.signal)) {
      seen.push(...events);
      if (seen.length === 2) stop.abort();
      if (seen.length !== 1) continue;
      // It hears nothing of what follows, and goes on answering.
      double.nodes[0]!.lagBehind();
      double.failOver(double.nodes[1]!);
      await append(A, 1, 'a1');
    }
    expect(textsOf(seen)).toEqual(['a0', 'a1']);
  });

  test('while none leads, an append waits for the election; the node that led before may be gone', async () => {
    await start({ nodes: 3 });
    await append(A, 0, 'a0');
    double.failOver(null);
    await double.nodes[0]!.kill();
    const appending = append(A, 1, 'a1');
    double.failOver(double.nodes[1]!);
    expect((await appending).firstRevision).toBe(1);
    expect(textsOf(await store.readAll(null, 10))).toEqual(['a0', 'a1']);
  });
});
