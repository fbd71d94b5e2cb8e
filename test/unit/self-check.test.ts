/** Whatever is altered behind the ledger's back, the self-check says so, and where. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SelfCheck, type SelfCheckReport } from '../../src/read-models/self-check.js';
import { openViewsForReading, readCheckpoint } from '../../src/read-models/views-file.js';
import type { RecordedEvent } from '../../src/store/event-store.js';
import { openReader } from '../../src/store/open-store.js';
import { eventsFile } from '../../src/store/sqlite/store.js';
import { DRAFT, type History } from '../support/histories.js';
import { LivedLedger, viewsFileIn } from '../support/lived-ledger.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { rootOfEvents } from '../support/naive-log.js';

const HISTORY: History = {
  steps: [
    { does: 'submit', programme: 0, outcomes: [DRAFT, { ...DRAFT, quantity: 30 }, { ...DRAFT, measure: 3 }] },
    {
      does: 'submit',
      programme: 1,
      outcomes: [
        { ...DRAFT, measure: 4 },
        { ...DRAFT, measure: 1, bounded: 'both' },
      ],
    },
    { does: 'correct', outcome: 4, draft: { ...DRAFT, quantity: 110 } },
    { does: 'withdraw', outcome: 3 },
  ],
  clockMs: [1_000],
};
const JOBS = 'jobs, lipid-management, wessex, 2023, counted';
const SITES = 'sites, lipid-management, wessex, 2023';

let lived: LivedLedger;
let events: readonly RecordedEvent[];
let dataDir: string;

beforeAll(async () => {
  lived = await LivedLedger.of(HISTORY);
  ({ events } = lived);
  await lived.stop();
});
afterAll(() => rmSync(lived.dataDir, { recursive: true }));
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'ledger-altered-'));
  cpSync(lived.dataDir, dataDir, { recursive: true });
});
afterEach(() => rmSync(dataDir, { recursive: true }));

async function check(): Promise<SelfCheckReport> {
  const reader = await openReader({ dataDir });
  const views = openViewsForReading(viewsFileIn(dataDir), PUBLIC_KEY);
  const report = await new SelfCheck(reader, views).step();
  views.close();
  await reader.close();
  return report;
}

function alterViews(sql: string): void {
  const views = openDatabase(viewsFileIn(dataDir), PUBLIC_KEY);
  views.exec(sql);
  views.close();
}

test('what nobody altered passes, and is told by a digest that is the same each time', async () => {
  const report = await check();
  const { digest, root } = report;
  expect(report).toEqual({ ok: true, sequence: events.length - 1, outcomes: 4, digest, root });
  expect(root).toBe(rootOfEvents(events));
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(await check()).toEqual(report);
});

describe('rows of events', () => {
  test.each([
    ['another leaf', 'UPDATE events SET leaf = zeroblob(32) WHERE sequence = 11', 'sequence 11 '],
    ['another position', `UPDATE events SET position = position || '0' WHERE sequence = 3`, 'sequence 3 '],
    ['one taken out', 'DELETE FROM events WHERE sequence = 7', 'sequence 7 '],
    ['one moved', 'UPDATE events SET sequence = 100 WHERE sequence = 7', 'sequence 7 '],
    ['another time', 'UPDATE events SET ledger_time = ledger_time + 1 WHERE sequence = 5', 'sequence 5 '],
    ['another type', 'UPDATE events SET type = 1 WHERE sequence = 11', 'sequence 11 '],
    ['another programme', 'UPDATE events SET programme = programme + 1 WHERE sequence = 11', 'sequence 11 '],
    ['another id', 'UPDATE events SET id = id + 1 WHERE sequence = 11', 'sequence 11 '],
    ['another checkpoint', 'UPDATE checkpoint SET ledger_time = ledger_time - 1', 'the checkpoint'],
  ])('%s', async (_what, sql, place) => {
    alterViews(sql);
    const report = await check();
    expect(report.ok).toBe(false);
    expect(report.fault).toContain(place);
  });
});

test('a row of an event that was never committed', async () => {
  const views = openDatabase(viewsFileIn(dataDir), PUBLIC_KEY);
  const checkpoint = readCheckpoint(views);
  const next = { ...checkpoint, sequence: checkpoint.sequence + 1 };
  views.prepare(`INSERT INTO events VALUES (?, '9', 0, 1, 1, 1, zeroblob(32))`).run(next.sequence);
  views.prepare('UPDATE checkpoint SET sequence = ?').run(next.sequence);
  views.close();
  expect((await check()).fault).toContain(`sequence ${next.sequence} was projected`);
});

test.each([
  [
    'a state of the catalogue',
    `UPDATE catalogue SET state = replace(state, 'wessex', 'wessey')`,
    'wessex at sequence',
  ],
  ['what was superseded', 'UPDATE supersessions SET line = line + 1', 'is not superseded at sequence'],
  ['a value of a stock', `UPDATE stock_values SET quantity = '9'`, 'by its values'],
  ['a value taken out of a stock', 'DELETE FROM stock_values', 'outcomes stand'],
  ['a day of outcomes', `UPDATE standing_days SET day = '1999-01-01'`, 'the days of'],
  ['a day of outcomes taken out', 'DELETE FROM standing_days', 'the days of'],
  ['a day of a slot', `UPDATE slot_days SET day = '1999-01-01' WHERE side = 'from'`, 'the periods of'],
  ['a day of a slot taken out', 'DELETE FROM slot_days', 'the periods of'],
  [
    'an overlap that has ended',
    `UPDATE overlaps SET pairs = 1, until = ${Number.MAX_SAFE_INTEGER}`,
    'pairs overlap',
  ],
  ['a row less in the log of figures', 'DELETE FROM cell_log WHERE rowid = 2', 'sequence 11'],
])('%s', async (_what, sql, place) => {
  alterViews(sql);
  expect((await check()).fault).toContain(place);
});

describe('figures', () => {
  const OF_JOBS = `WHERE measure = 'jobs'`;
  const LOG_OF_JOBS = `WHERE cell = (SELECT id FROM cells ${OF_JOBS})`;
  test.each([
    ['a total', `UPDATE cells SET state = replace(state, '110', '111') ${OF_JOBS}`, JOBS],
    ['the number of outcomes', `UPDATE cells SET state = '2' || substr(state, 2) ${OF_JOBS}`, JOBS],
    ['a state that is none', `UPDATE cells SET state = 'many' ${OF_JOBS}`, JOBS],
    ['the programme', `UPDATE cells SET programme = 'polypill' ${OF_JOBS}`, 'jobs, polypill'],
    ['the year', `UPDATE cells SET year = 2022 ${OF_JOBS}`, 'wessex, 2022, counted'],
    ['a cell taken out', `DELETE FROM cells ${OF_JOBS}`, JOBS],
    [
      'a cell added',
      `INSERT INTO cells SELECT 99, measure, 2011, programme, organisation, basis, breakdown, sequence, state FROM cells ${OF_JOBS}`,
      'wessex, 2011, counted',
    ],
    [
      'the latest value of a stock',
      `UPDATE cells SET state = replace(state, '120', '121') WHERE measure = 'sites'`,
      SITES,
    ],
    [
      'a state in a log',
      `UPDATE cell_log SET state = replace(state, '120', '121') ${LOG_OF_JOBS}`,
      'until sequence',
    ],
    [
      'a total and its log alike',
      `UPDATE cell_log SET state = replace(state, '120', '121') ${LOG_OF_JOBS};
       UPDATE cells SET state = replace(state, '110', '111') ${OF_JOBS}`,
      'until sequence',
    ],
  ])('%s', async (_what, sql, place) => {
    alterViews(sql);
    const report = await check();
    expect(report.ok).toBe(false);
    expect(report.fault).toContain(place);
  });
});

describe('stored payloads', () => {
  test('an altered one fails its own hash, naming the event', async () => {
    const db = openDatabase(eventsFile(dataDir), PUBLIC_KEY);
    db.exec(`UPDATE appends SET events = replace(events, '"quantity":30', '"quantity":31')
      WHERE stream LIKE 'submission-%' AND revision = 0 AND events LIKE '%"quantity":30%'`);
    db.close();
    const report = await check();
    const event = events.find(({ data }) => data.facts['quantity'] === 30)!;
    expect(report.ok).toBe(false);
    expect(report.fault).toContain(`event ${event.id} (${event.stream} revision ${event.revision})`);
  });
});

test('figures are compared again at each step, also when nothing came', async () => {
  const reader = await openReader({ dataDir });
  const views = openViewsForReading(viewsFileIn(dataDir), PUBLIC_KEY);
  const running = new SelfCheck(reader, views);
  expect((await running.step()).ok).toBe(true);
  expect((await running.step()).ok).toBe(true);
  alterViews(`UPDATE cells SET state = replace(state, '110', '111') WHERE measure = 'jobs'`);
  expect((await running.step()).fault).toContain(JOBS);
  views.close();
  await reader.close();
});
