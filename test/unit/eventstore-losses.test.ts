/** What the store once held and does not any more is told as damaged, and never recorded or counted a second time. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EventStoreDBClient } from '@eventstore/db-client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { copyEvents } from '../../src/store/copy.js';
import { StoreDamaged, type RecordedEvent } from '../../src/store/event-store.js';
import type { ReaderOptions } from '../../src/store/eventstore/reader.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { A, B, refusal, textsOf, type Stream } from '../contracts/store-fixture.js';
import { Gate } from '../double/faults.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { appendTexts } from '../support/eventstore-double.js';
import { newEvents } from '../support/new-events.js';

const SOON: ReaderOptions = { timeoutMs: 2_000, patienceMs: 20_000, delay: () => nextTurn() };
const OPEN = new Gate();
OPEN.open();

let double: ProtocolDouble;
let store: EventStoreDbStore;
beforeEach(async () => {
  double = await ProtocolDouble.start();
  store = await EventStoreDbStore.open({ url: double.url }, SOON);
});
afterEach(async () => {
  await store.close();
  await double.kill();
});

const append = (stream: Stream, length: number, ...texts: string[]) =>
  appendTexts(store, stream, length, ...texts);

describe('a store that an older backup was put into, while it is followed', () => {
  const following = async (after: string | null) => {
    const gate = new Gate();
    const seen: RecordedEvent[] = [];
    const end = (async () => {
      const signal = new AbortController().signal;
      for await (const { events } of store.subscribe(after as RecordedEvent['position'] | null, signal)) {
        seen.push(...events);
        gate.open();
      }
    })();
    if (after === null) await gate.opened;
    return { end: refusal(end), seen };
  };
  const restored = async (events: number) => {
    await double.kill();
    double.log.cutTo(events);
  };

  test.each([
    ['what was read is not there', () => Promise.resolve()],
    ['something else stands in its place', () => void double.inject(B, { type: 'X', data: '{}' })],
  ])('is told as damaged: %s', async (_what, goOn) => {
    await append(A, 0, 'a0', 'a1');
    const { end } = await following(null);
    await restored(0);
    await goOn();
    await double.restart();
    expect(await end).toBeInstanceOf(StoreDamaged);
  });

  test('is told as damaged, also by one that has seen nothing new', async () => {
    const { position } = await append(A, 0, 'a0', 'a1');
    const subscribed = double.faults.next('subscribe', { action: 'wait', gate: OPEN });
    const { end } = await following(position);
    await store.append(B, 'no-stream', newEvents(B, 0, ['b0']));
    await subscribed;
    await restored(1);
    await double.restart();
    expect(await end).toBeInstanceOf(StoreDamaged);
  });

  test('one that was only started again is gone on with', async () => {
    await append(A, 0, 'a0');
    const { seen } = await following(null);
    await double.restart();
    await append(A, 1, 'a1');
    while (seen.length < 2) await nextTurn();
    expect(textsOf(seen)).toEqual(['a0', 'a1']);
  });
});

describe('streams that were deleted', () => {
  test('a stream that begins later than it did is told as damaged, and never written to as if it were new', async () => {
    await append(A, 0, 'a0', 'a1');
    const client = EventStoreDBClient.connectionString(double.url);
    await client.deleteStream(A);
    const whole = await store.readAll(null, 2).then(textsOf, () => null);
    expect(await refusal(append(A, 0, 'new'))).toBeInstanceOf(StoreDamaged);
    // Nothing was written, not even in vain: what follows the deletion is read by nobody.
    expect(whole).toBeNull();
    const recorded: unknown[] = [];
    for await (const { event } of client.readAll()) if (event?.streamId === A) recorded.push(event.id);
    expect(recorded.length).toBe(2);
    expect(await refusal(store.readAll(null, 10))).toBeInstanceOf(StoreDamaged);
    await client.tombstoneStream(A);
    expect(await refusal(store.readStream(A))).toBeInstanceOf(StoreDamaged);
    expect(await refusal(append(A, 0, 'newer'))).toBeInstanceOf(StoreDamaged);
    await client.dispose();
  });
});

test('a copy of a store that somebody writes to meanwhile is not told as one of the whole', async () => {
  await append(A, 0, 'a0');
  const dir = mkdtempSync(join(tmpdir(), 'ledger-losses-'));
  const target = await SqliteStore.open(dir);
  const write = () => void double.inject('order-1', { type: 'OrderPlaced', data: '{}' });
  try {
    const told = await refusal(copyEvents(store, target, write));
    expect((told as Error).message).toContain('events were written to the source while it was copied');
    // What was missed may be copied after it, and what is not the ledger's is passed over.
    expect(await copyEvents(store, target, () => undefined)).toEqual({ known: 1, copied: 0 });
  } finally {
    await target.close();
    rmSync(dir, { recursive: true });
  }
});
