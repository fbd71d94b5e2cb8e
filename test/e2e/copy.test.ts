/** A ledger moves from the embedded store to EventStoreDB (the protocol double) and back, and stays the same. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { copyCommand } from '../../src/cli/copy.js';
import { CopyImpossible, copyEvents, verifyCopy } from '../../src/store/copy.js';
import { holdDataDir } from '../../src/store/data-dir.js';
import { StoreUnavailable, type EventReader, type EventStore } from '../../src/store/event-store.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { refusal } from '../contracts/store-fixture.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { runCommand } from '../support/command.js';
import { history } from '../support/histories.js';
import { Ledger } from '../support/ledger.js';
import { LivedLedger, viewsOf } from '../support/lived-ledger.js';
import { newEvents, streamNamed } from '../support/new-events.js';

const HISTORY = fc.sample(history, { numRuns: 1, seed: 2018 })[0]!;
const nothing = () => undefined;

let lived: LivedLedger;
const dirs: string[] = [];
const doubles: ProtocolDouble[] = [];
const stores: EventStore[] = [];

beforeAll(async () => void (lived = await LivedLedger.of(HISTORY)));
afterAll(async () => {
  await lived.remove();
  for (const store of stores) await store.close();
  for (const double of doubles) await double.kill();
  for (const dir of dirs) rmSync(dir, { recursive: true });
});

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-copy-test-'));
  dirs.push(dir);
  return dir;
}

async function newDouble(): Promise<ProtocolDouble> {
  const double = await ProtocolDouble.start({ systemEventEvery: 5 });
  doubles.push(double);
  return double;
}

async function opened<Store extends EventStore>(opening: Promise<Store>): Promise<Store> {
  const store = await opening;
  stores.push(store);
  return store;
}

const onDouble = async (double: ProtocolDouble) => opened(EventStoreDbStore.open({ url: double.url }));
const embedded = async () => opened(SqliteStore.open(newDir()));

async function contentOf(reader: EventReader): Promise<object[]> {
  return (await reader.readAll(null, 100_000)).map(({ position: _place, ...event }) => event);
}

async function figuresOf(reader: EventReader) {
  const { cells, cell_log, stock_values } = viewsOf(await reader.readAll(null, 100_000));
  return { cells, cell_log, stock_values };
}

describe('copying', () => {
  test('there and back gives the same events at the same places, and the same figures', async () => {
    const [there, back] = [await onDouble(await newDouble()), await embedded()];
    const events = lived.events.length;
    expect(await copyEvents(lived.store, there, nothing)).toEqual({ known: 0, copied: events });
    expect(await copyEvents(there, back, nothing)).toEqual({ known: 0, copied: events });
    expect(await contentOf(there)).toEqual(await contentOf(lived.store));
    expect(await contentOf(back)).toEqual(await contentOf(lived.store));
    const root = await verifyCopy(lived.store, there, { events, onProgress: nothing });
    expect(await verifyCopy(there, back, { events, onProgress: nothing })).toBe(root);
    expect(root).toBe(lived.readModels.progress.root);
    const figures = await figuresOf(lived.store);
    expect(figures['cells']!.length).toBeGreaterThan(1);
    expect(await figuresOf(there)).toEqual(figures);
    expect(await figuresOf(back)).toEqual(figures);
  });

  test('broken off anywhere it goes on from there when it is started again', async () => {
    const there = await onDouble(await newDouble());
    const half = Math.floor(lived.events.length / 2);
    const breakOff = (events: number) => {
      if (events > half) throw new Error('broken off');
    };
    await refusal(copyEvents(lived.store, there, breakOff));
    const known = (await there.readAll(null, 100_000)).length;
    expect(known).toBeGreaterThan(half);
    expect(await copyEvents(lived.store, there, nothing)).toEqual({
      known,
      copied: lived.events.length - known,
    });
    expect(await contentOf(there)).toEqual(await contentOf(lived.store));
    expect(await copyEvents(lived.store, there, nothing)).toEqual({ known: lived.events.length, copied: 0 });
  });

  test('one large append becomes several that any server takes, counted in bytes and not in characters', async () => {
    // Half a megabyte of characters, which is a megabyte and a half of bytes: more than a server takes by default.
    const from = await embedded();
    const stream = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
    const texts = Array.from({ length: 50 }, (_, index) => `${index}${'漢'.repeat(10_000)}`);
    await from.append(stream, 'no-stream', newEvents(stream, 0, texts));
    const there = await onDouble(await newDouble());
    expect(await copyEvents(from, there, nothing)).toEqual({ known: 0, copied: 50 });
    expect(await contentOf(there)).toEqual(await contentOf(from));
  });

  test('what is beside the content counts too: many small events that are large with their metadata', async () => {
    const from = await embedded();
    const stream = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
    const events = newEvents(
      stream,
      0,
      Array.from({ length: 400 }, (_, index) => String(index)),
    ).map((event) => ({ ...event, metadata: { ...event.metadata, actor: 'a'.repeat(4_000) } }));
    await from.append(stream, 'no-stream', events);
    const there = await onDouble(await newDouble());
    expect(await copyEvents(from, there, nothing)).toEqual({ known: 0, copied: 400 });
  });

  test('into a store that holds another ledger, or more than the source, is refused and changes nothing', async () => {
    const other = await embedded();
    const stream = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
    await other.append(stream, 'no-stream', newEvents(stream, 0, ['other']));
    const before = await contentOf(other);
    expect(await refusal(copyEvents(lived.store, other, nothing))).toBeInstanceOf(CopyImpossible);
    expect(await contentOf(other)).toEqual(before);
    expect(await refusal(copyEvents(await embedded(), other, nothing))).toBeInstanceOf(CopyImpossible);
  });

  test('a stream that others wrote into cannot keep its revisions, and is told', async () => {
    const double = await newDouble();
    const store = await onDouble(double);
    const stream = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
    await store.append(stream, 'no-stream', newEvents(stream, 0, ['a0']));
    double.inject(stream, { type: 'Note', data: '{}' });
    await store.append(stream, 1, newEvents(stream, 2, ['a2']));
    const told = await refusal(copyEvents(store, await embedded(), nothing));
    expect(told).toBeInstanceOf(CopyImpossible);
    expect((told as Error).message).toContain('not the ledger’s');
  });

  test('the verification names what differs', async () => {
    const other = await embedded();
    for (const [sequence, { stream, revision, id, type, data, metadata }] of lived.events.entries()) {
      const actor = sequence === 12 ? 'someone else' : metadata.actor;
      const event = { id, type, payload: JSON.stringify(data), metadata: { ...metadata, actor } };
      await other.append(stream, revision === 0 ? 'no-stream' : revision - 1, [event]);
    }
    const events = lived.events.length;
    const told = await refusal(verifyCopy(lived.store, other, { events, onProgress: nothing }));
    expect((told as Error).message).toContain('differ at sequence 12 in their metadata');
  });
});

describe('ledger copy', () => {
  test('moves a ledger that then serves the same answers', async () => {
    const ledger = await Ledger.start();
    const double = await newDouble();
    const moved: Ledger[] = [];
    try {
      const programme = { id: 'asthma-care', name: 'Asthma care', startedOn: '2020-04-01' };
      await ledger.call('POST', '/v1/programmes', { body: programme });
      const outcome = {
        measure: 'patients-benefited',
        quantity: 1200,
        effective: { from: '2023-04-01', to: '2023-06-30' },
        basis: 'counted',
      };
      const recorded = await ledger.call('POST', '/v1/programmes/asthma-care/submissions', {
        body: { outcomes: [outcome, outcome] },
        headers: { 'idempotency-key': '0b9d2c1e-4a57-4d3c-9f0e-6d1f6b8a2c11' },
      });
      expect(recorded.status).toBe(201);
      const asked = '/v1/totals/annual?measure=patients-benefited&from=2023-24&to=2023-24';
      const answers = async (of: Ledger) => {
        const totals = await of.call<object>('GET', asked);
        const events = await of.call<object>('GET', '/v1/events?limit=1000');
        return { totals: { ...totals.body, asAt: null }, events: events.body };
      };
      const before = await answers(ledger);
      const inUse = await runCommand(['copy', '--from', ledger.dataDir, '--to', double.url], {});
      expect(inUse).toMatchObject({ code: 1 });
      expect(inUse.stderr).toContain('another process has the data directory');
      await ledger.stop();

      const there = await runCommand(['copy', '--from', ledger.dataDir, '--to', double.url], {});
      expect(there.code).toBe(0);
      expect(there.stdout).toMatch(
        /^Copied \d+ events from .*\nVerified: the same \d+ events .*\nFigures follow from the events/,
      );
      moved.push(await Ledger.start({ LEDGER_ORIGIN: 'ledger.example/log', EVENT_STORE_URL: double.url }));
      expect(await answers(moved[0]!)).toEqual(before);

      const dir = newDir();
      const back = await runCommand(['copy', '--from', double.url, '--to', dir], {});
      expect(back.code).toBe(0);
      expect(rootIn(there.stdout)).toBeDefined();
      expect(rootIn(back.stdout)).toBe(rootIn(there.stdout));
      const again = await runCommand(['copy', '--from', double.url, '--to', dir], {});
      expect(again.stdout).toMatch(/^Copied 0 events .* were there before\./);
    } finally {
      for (const one of [ledger, ...moved]) await one.remove();
    }
  });

  describe('leaves nothing open', () => {
    /** Of this process, in a directory. */
    const openFiles = (dir: string) =>
      readdirSync('/proc/self/fd')
        .map((fd) => readlinkOf(`/proc/self/fd/${fd}`))
        .filter((path) => path.startsWith(dir));

    test.each(['in', 'out'])('where it is refused on the way %s', async (way) => {
      const dir = newDir();
      const store = await SqliteStore.open(dir);
      const stream = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
      await store.append(stream, 'no-stream', newEvents(stream, 0, ['ours']));
      await store.close();
      const double = await newDouble();
      const there = await EventStoreDbStore.open({ url: double.url });
      await there.append(stream, 'no-stream', newEvents(stream, 0, ['theirs']));
      await there.close();
      const [from, to] = way === 'in' ? [dir, double.url] : [double.url, dir];
      expect(await refusal(copyCommand({ from, to }))).toBeInstanceOf(CopyImpossible);
      expect(openFiles(dir)).toEqual([]);
      // The server hears of it when its sockets do.
      while (double.nodes[0]!.connections > 0) await nextTurn();
      holdDataDir(dir)();
    });

    test('where the target cannot be opened', async () => {
      const dir = newDir();
      await (await SqliteStore.open(dir)).close();
      const double = await newDouble();
      double.faults.all('read-all', { action: 'denied' });
      expect(await refusal(copyCommand({ from: dir, to: double.url }))).toBeInstanceOf(StoreUnavailable);
      expect(openFiles(dir)).toEqual([]);
      while (double.nodes[0]!.connections > 0) await nextTurn();
      holdDataDir(dir)();
    });
  });

  test.each([
    ['esdb://admin:secret@localhost?tlsVerifyCert=false', 'tlsVerifyCert must be true'],
    ['http://localhost', 'must be esdb://'],
  ])('an address that is wrong is told, without its password: %s', async (address, says) => {
    const { code, stderr } = await runCommand(['copy', '--from', address, '--to', newDir()], {});
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('secret');
  });
});

function readlinkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // The one that lists them is closed by now.
    return '';
  }
}

const rootIn = (text: string) => /root of the log: (\S{44})\./.exec(text)?.[1];
