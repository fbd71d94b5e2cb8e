/**
 * An old page that is put back in place of a new one has a good tag. It is found all the same: by the store when it is
 * read, or by the ledger when it starts or checks itself; or it changes nothing that anyone is told.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { Projector } from '../../src/read-models/projector.js';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { StoreDamaged, type RecordedEvent } from '../../src/store/event-store.js';
import { openReader } from '../../src/store/open-store.js';
import { eventsFile, SqliteStore } from '../../src/store/sqlite/store.js';
import { SEED, TEST_MS_MAX } from '../support/flips.js';
import { history } from '../support/histories.js';
import { contentOfViews, LivedLedger } from '../support/lived-ledger.js';
import { streamNamed } from '../support/new-events.js';

const PAGE_BYTES = 4_096;

let dir: string;
let events: readonly RecordedEvent[];
/** Each file at an earlier moment, and now. */
let eventsThen: Buffer;
let eventsNow: Buffer;
let viewsThen: Buffer;
let viewsNow: Buffer;
let views: string;

beforeAll(async () => {
  const steps = fc.sample(history, { numRuns: 15, seed: SEED }).flatMap((one) => one.steps);
  const lived = await LivedLedger.of({ steps, clockMs: [1_000, -7_000, 20_000] });
  await lived.stop();
  ({ events } = lived);
  rmSync(lived.dataDir, { recursive: true });
  dir = mkdtempSync(join(tmpdir(), 'ledger-old-pages-'));
  const then = Math.floor(events.length * 0.7);
  [eventsThen, eventsNow] = [await storeOf(events.slice(0, then)), await storeOf(events.slice(then))];
  views = join(dir, 'views.db');
  const fold = (some: readonly RecordedEvent[]) => {
    const projector = new Projector(views, PUBLIC_KEY);
    projector.project(some);
    projector.close();
    return readFileSync(views);
  };
  const reader = await openReader({ dataDir: dir });
  events = await reader.readAll(null, 100_000);
  await reader.close();
  [viewsThen, viewsNow] = [fold(events.slice(0, then)), fold(events.slice(then))];
}, TEST_MS_MAX);
afterAll(() => rmSync(dir, { recursive: true }));

/** Appends events one by one, and returns the file once it is closed. */
async function storeOf(some: readonly RecordedEvent[]): Promise<Buffer> {
  const store = await SqliteStore.open(dir);
  for (const event of some) {
    const expected = event.revision === 0 ? 'no-stream' : event.revision - 1;
    await store.append(streamNamed(event.stream), expected, [
      { ...event, payload: canonicalJson(event.data) },
    ]);
  }
  await store.close();
  return readFileSync(eventsFile(dir));
}

/** The file as it is now, with one page as it was then: for each page that was there and was written since. */
function* withOldPages(then: Buffer, now: Buffer): Generator<readonly [page: number, content: Buffer]> {
  for (let at = 0; at < then.length; at += PAGE_BYTES) {
    const old = then.subarray(at, at + PAGE_BYTES);
    if (old.equals(now.subarray(at, at + PAGE_BYTES))) continue;
    yield [at / PAGE_BYTES + 1, Buffer.concat([now.subarray(0, at), old, now.subarray(at + PAGE_BYTES)])];
  }
}

test(
  'events.db: the store says that it is damaged, or all of it is read as it was',
  async () => {
    const file = eventsFile(dir);
    const whole = JSON.stringify(events);
    let found = 0;
    for (const [page, content] of withOldPages(eventsThen, eventsNow)) {
      writeFileSync(file, content);
      const read = await readAll();
      if (read instanceof StoreDamaged) found++;
      else expect([page, read === whole]).toEqual([page, true]);
    }
    writeFileSync(file, eventsNow);
    expect(found).toBeGreaterThan(2);
  },
  TEST_MS_MAX,
);

/** All events in order, as text; or what the store, or the read models at their start, say of it. */
async function readAll(): Promise<string | StoreDamaged> {
  let reader;
  try {
    reader = await openReader({ dataDir: dir });
    const read = await reader.readAll(null, 100_000);
    // Where the end is lost, the read models know more events than there are.
    copyFileSync(views, join(dir, 'copy.db'));
    const projector = new Projector(join(dir, 'copy.db'), PUBLIC_KEY);
    try {
      await projector.verifyStoreHolds(reader);
    } catch (cause) {
      return new StoreDamaged((cause as Error).message, { cause });
    } finally {
      projector.close();
    }
    return JSON.stringify(read);
  } catch (error) {
    if (error instanceof StoreDamaged) return error;
    throw error;
  } finally {
    await reader?.close();
  }
}

test(
  'read models: the self-check says so, or every row is as it was',
  async () => {
    const rows = JSON.stringify(contentOfViews(views));
    let found = 0;
    for (const [page, content] of withOldPages(viewsThen, viewsNow)) {
      writeFileSync(views, content);
      if ((await faultOfViews()) !== null) found++;
      else expect([page, JSON.stringify(contentOfViews(views)) === rows]).toEqual([page, true]);
    }
    writeFileSync(views, viewsNow);
    expect(found).toBeGreaterThan(10);
  },
  TEST_MS_MAX,
);

async function faultOfViews(): Promise<string | null> {
  const reader = await openReader({ dataDir: dir });
  let db;
  try {
    db = openViewsForReading(views, PUBLIC_KEY);
    return (await new SelfCheck(reader, db).step()).fault ?? null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    db?.close();
    await reader.close();
  }
}
