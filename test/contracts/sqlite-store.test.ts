/** The embedded store keeps the laws of the port; and those that are its own: about its file. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreDamaged, StoreUnavailable } from '../../src/store/event-store.js';
import { openReader } from '../../src/store/open-store.js';
import { openEvents } from '../../src/store/sqlite/format.js';
import { eventsFile, SqliteStore } from '../../src/store/sqlite/store.js';
import { newEvents, streamNamed } from '../support/new-events.js';
import { describeEventStore } from './event-store.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { refusal, type StorePlace } from './store-fixture.js';

function emptyPlace(): Promise<StorePlace> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-store-'));
  return Promise.resolve({
    open: () => SqliteStore.open(dataDir),
    openReader: () => openReader({ dataDir }),
    remove: () => Promise.resolve(rmSync(dataDir, { recursive: true })),
  });
}

describeEventStore('SQLite store', emptyPlace);

describe('SQLite store, its file', () => {
  const A = streamNamed('submission-3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
  const B = streamNamed('programme-lipid-management');
  let dataDir: string;
  let store: SqliteStore;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ledger-store-'));
    store = await SqliteStore.open(dataDir);
    await store.append(B, 'no-stream', newEvents(B, 0, ['b0']));
    await store.append(A, 'no-stream', newEvents(A, 0, ['a0', 'a1']));
    await store.append(B, 0, newEvents(B, 1, ['b1']));
  });
  afterEach(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true });
  });

  /** As whoever can write to the file may: past the store, with SQLite's own means. */
  function alter(sql: string): void {
    const db = openDatabase(eventsFile(dataDir), PUBLIC_KEY);
    db.exec(sql);
    db.close();
  }
  const thirdOfB = () => store.append(B, 1, newEvents(B, 2, ['b2']));

  const A0_TO_A1 = 'WHERE position = 2';
  test.each([
    ['a letter more', `events = 'x' || events`],
    ['its end, as in an old page', `events = substr(events, 1, length(events) - 9)`],
    ['an event less', `events = substr(events, 1, instr(events, char(10)) - 1), count = 1`],
    ['its count', 'count = 3'],
  ])('a record whose alteration was %s is refused, naming its place', async (_what, change) => {
    alter(`UPDATE appends SET ${change} ${A0_TO_A1}`);
    const error = await refusal(store.readAll(null, 100));
    expect(error).toBeInstanceOf(StoreDamaged);
    expect((error as Error).message).toMatch(/position [24] of /);
  });

  test('what stands before a damaged record is read, and streams that do not hold it', async () => {
    alter(`UPDATE appends SET events = substr(events, 1, length(events) - 9) ${A0_TO_A1}`);
    expect(await store.readAll(null, 1)).toHaveLength(1);
    expect(await store.readStream(B)).toHaveLength(2);
    expect(await refusal(store.readStream(A))).toBeInstanceOf(StoreDamaged);
    expect(await refusal(store.readStream(A, { from: 1 }))).toBeInstanceOf(StoreDamaged);
  });

  test('a subscription that meets a damaged record says so instead of going past it', async () => {
    alter(`UPDATE appends SET events = 'x' || events ${A0_TO_A1}`);
    const following = async () => {
      for await (const run of store.subscribe(null, new AbortController().signal)) expect(run).toBe('none');
    };
    expect(await refusal(following())).toBeInstanceOf(StoreDamaged);
  });

  test('an append repeated on a damaged record is refused, and those beside it are not', async () => {
    alter(`UPDATE appends SET events = 'x' || events ${A0_TO_A1}`);
    const repeated = refusal(store.append(A, 'no-stream', newEvents(A, 0, ['a0', 'a1'])));
    expect((await thirdOfB()).firstRevision).toBe(2);
    expect(await repeated).toBeInstanceOf(StoreDamaged);
  });

  test.each([
    ['from the middle of the ledger', A0_TO_A1, 2],
    ['from its beginning', 'WHERE position = 1', 1],
    ['from the beginning and the middle', 'WHERE position < 4', 3],
  ])('records taken out %s are missed', async (_where, which, count) => {
    alter(`DELETE FROM appends ${which}`);
    const error = await refusal(store.readAll(null, 100));
    expect(error).toBeInstanceOf(StoreDamaged);
    expect((error as Error).message).toContain(`${count} events before position`);
  });

  test('records taken out of a stream are missed by who reads the stream', async () => {
    alter('DELETE FROM appends WHERE position = 1');
    for (const from of [0, 1]) {
      const reading = store.readStream(B, { from });
      if (from === 0) expect(await refusal(reading)).toBeInstanceOf(StoreDamaged);
      else expect(await reading).toHaveLength(1);
    }
  });

  test('an append that the disk refuses fails with its whole group, and leaves no gap', async () => {
    alter(`CREATE TRIGGER full BEFORE INSERT ON appends WHEN new.stream = '${B}'
           BEGIN SELECT raise(ABORT, 'the disk is full'); END`);
    const C = streamNamed('programme-cardiovascular');
    const together = [thirdOfB(), store.append(C, 'no-stream', newEvents(C, 0, ['c0']))];
    for (const failed of together) {
      const error = await refusal(failed);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect((error as Error).message).toContain('the disk is full');
    }
    alter('DROP TRIGGER full');
    await store.append(C, 'no-stream', newEvents(C, 0, ['c0']));
    await thirdOfB();
    const whole = await store.readAll(null, 100);
    expect(whole.map(({ position }) => Number(position))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('each commit says how many appends shared it, and a failed one says nothing', async () => {
    await store.close();
    const shared: number[] = [];
    store = await SqliteStore.open(dataDir, { onCommit: (appends) => shared.push(appends) });
    const names = Array.from({ length: 20 }, (_, index) => streamNamed(`programme-shared-${index}`));
    await Promise.all(names.map((name) => store.append(name, 'no-stream', newEvents(name, 0, ['x', 'y']))));
    const sum = () => shared.reduce((total, appends) => total + appends, 0);
    expect(sum()).toBe(20);
    expect(shared.length).toBeLessThan(20);
    await refusal(store.append(A, 'no-stream', newEvents(A, 0, ['another'])));
    expect(sum()).toBe(20);
  });

  test.each([1, 3])('a file of format %i is refused in one line, and stays as it is', async (format) => {
    await store.close();
    alter(`PRAGMA user_version = ${format}`);
    const error = await refusal(SqliteStore.open(dataDir));
    expect(error).toBeInstanceOf(StoreDamaged);
    expect((error as Error).message).toMatch(
      /^\S*events\.db is of format \d: this version reads format 2 alone$/,
    );
    alter('PRAGMA user_version = 2');
    store = await SqliteStore.open(dataDir);
    expect(await store.readAll(null, 100)).toHaveLength(4);
  });

  test('a file that is not a database is refused', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'ledger-store-'));
    writeFileSync(eventsFile(elsewhere), 'outcome,quantity\n'.repeat(1_000));
    expect(await refusal(SqliteStore.open(elsewhere))).toBeInstanceOf(StoreDamaged);
    rmSync(elsewhere, { recursive: true });
  });

  test('a commit returns only after its flush: the writer keeps synchronous=FULL, in WAL mode', () => {
    const db = openEvents(eventsFile(dataDir), PUBLIC_KEY, 'write');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
  });

  test('following leaves one listener on its signal however long it goes on, and none afterwards', async () => {
    const stop = new AbortController();
    let revision = 1;
    for await (const _run of store.subscribe(null, stop.signal)) {
      expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
      if (revision === 40) stop.abort();
      else await store.append(B, revision, newEvents(B, ++revision, [`b${revision}`]));
    }
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });
});
