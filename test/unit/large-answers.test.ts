/** A question for very many figures is answered in turns, of which each has a bounded piece of the work, or refused. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { BadParameter } from '../../src/api/bad-parameter.js';
import { questionOf, type Question } from '../../src/figures/question.js';
import { FigureProofs } from '../../src/audit/figure-proof.js';
import { START, type PagePlace } from '../../src/figures/outcomes.js';
import { parseFinancialYear, startYearOf, type FinancialYear } from '../../src/kernel/financial-year.js';
import { asking, AskerGone } from '../../src/kernel/turns.js';
import { jsonInTurns } from '../../src/reports/json-in-turns.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';
import { turnsOf } from '../support/turns.js';

const ORGANISATIONS = 2_000;
const YEARS = ['2020-21', '2021-22', '2022-23', '2023-24'].map(parseFinancialYear);
const FROM = YEARS[0]!;
const CELLS = ORGANISATIONS * YEARS.length;
const NOW_MS = Date.parse('2027-01-01');
/** So many rows are looked at in one turn, in some ten milliseconds. */
const ROWS_A_TURN = 2_500;
let lived: LivedLedger;
beforeAll(async () => {
  // The self-check sees that these cells are of no event.
  Logger.overrideLogger(false);
  lived = await LivedLedger.of(longHistory(50));
  const views = openDatabase(lived.viewsFile, PUBLIC_KEY);
  const [cell, sequence] = views
    .prepare(
      `SELECT cell, cell_log.sequence FROM cell_log JOIN cells ON cells.id = cell LEFT JOIN supersessions AS gone
         USING (submission, line, revision)
       WHERE measure = 'jobs' AND organisation <> '' AND adds = 1 AND gone.sequence IS NULL LIMIT 1`,
    )
    .raw()
    .get() as [number, number];
  const copyOfCell = views.prepare(
    `INSERT INTO cells SELECT (SELECT max(id) + 1 FROM cells), measure, ?, programme, ?, basis, breakdown, ?,
       '1 10 0 10 10 0 0 0' FROM cells WHERE id = ?`,
  );
  const copyOfLog = views.prepare(
    `INSERT INTO cell_log SELECT ?, sequence, adds, submission, line, revision, '0 0 0 0 0 0 0 0'
     FROM cell_log WHERE cell = ? AND sequence = ?`,
  );
  views.transaction(() => {
    for (const year of YEARS)
      for (let number = 0; number < ORGANISATIONS; number++) {
        const copy = copyOfCell.run(startYearOf(year), `practice-${number}`, sequence, cell).lastInsertRowid;
        copyOfLog.run(copy, cell, sequence);
      }
  })();
  views.close();
});
afterAll(async () => {
  await lived.remove();
  Logger.overrideLogger(['error', 'warn']);
});

const query = (from = FROM) => ({ measure: 'jobs', from, to: YEARS.at(-1)!, allowBreaks: true });
const byOrganisation = (from?: FinancialYear) => ({ ...query(from), groupBy: 'organisation' as const });
const annual = (from?: FinancialYear) => lived.totals.annual(byOrganisation(from), NOW_MS);
const since = () => lived.totals.since(byOrganisation(), NOW_MS);

test.each([
  ['annual', annual],
  ['since', since],
])('H1: thousands of groups of %s totals are read, made and written in turns', async (_what, ask) => {
  let answer: Awaited<ReturnType<typeof ask>>;
  const { turns, rowsMax } = await turnsOf(lived.readModels.views, async () => (answer = await ask()));
  expect(answer!.groups!.length).toBeGreaterThanOrEqual(ORGANISATIONS);
  // A page of cells in each, and figures with their parts.
  expect(turns).toBeGreaterThanOrEqual(CELLS / 500 + (2 * CELLS) / 500);
  expect(rowsMax).toBeLessThanOrEqual(ROWS_A_TURN);
  const reply = { type: () => reply } as unknown as FastifyReply;
  const written = await turnsOf(lived.readModels.views, async () => {
    const streamed = await text(jsonInTurns(answer, reply) as Readable);
    expect(streamed === JSON.stringify(answer)).toBe(true);
  });
  expect(written.turns).toBeGreaterThanOrEqual(JSON.stringify(answer!).length / 200_000);
});

test.each([
  [
    'what changed',
    () => lived.changes.between({ ...query(), earlier: AT_FIRST, place: START, limit: 500 }, NOW_MS),
  ],
  ['a page of outcomes', () => lived.outcomes.page({ ...query(), place: START, limit: 500 }, NOW_MS)],
  ['one organisation', () => lived.totals.annual({ ...query(), organisation: 'wessex' }, NOW_MS)],
  ['the proof of a figure', () => proofOf(query())],
])('H1: however many cells there are, each turn of %s reads few of their rows', async (_what, ask) => {
  const { rowsMax } = await turnsOf(lived.readModels.views, ask);
  expect(rowsMax).toBeLessThanOrEqual(ROWS_A_TURN);
});

const AT_FIRST = { parameter: 'earlier', text: '0' };

async function proofOf(question: Question): Promise<void> {
  const { sequences } = await new FigureProofs(lived.readModels, lived.totals).annual(question, NOW_MS);
  for await (const some of sequences!()) expect(some.length).toBeLessThanOrEqual(1_000);
}

test('a page of outcomes reads no cells but its own, wherever it starts', async () => {
  const places: PagePlace[] = [START];
  for (const place of places) {
    const asked = { ...query(), place, limit: 100 };
    const { turns } = await turnsOf(lived.readModels.views, async () => {
      const { next } = await lived.outcomes.page(asked, NOW_MS);
      if (next && places.length < 10) places.push(next);
    });
    expect(turns).toBeLessThan(20);
  }
  expect(places).toHaveLength(10);
});

test('H1: work on an answer ends when its caller has gone', async () => {
  let turns = 0;
  const asker = { actor: 'key:a', hasGone: () => ++turns === 10 };
  await expect(asking.run(asker, () => annual())).rejects.toThrow(AskerGone);
  expect(turns).toBe(10);
});

test('H1: more figures than an answer can hold are refused before any is made, with what to ask instead', async () => {
  await expect(annual(parseFinancialYear('1960-61'))).rejects.toThrow(
    /more than 100000 figures: ask for fewer years/,
  );
});

test('H1: a year that lies decades ahead is refused, by the name of its parameter', () => {
  const ask = (to: string) => questionOf({ measure: 'jobs', to }, FROM);
  expect(ask('2030-31').to).toBe('2030-31');
  expect(() => ask('2998-99')).toThrow(BadParameter);
  expect(() => ask('2998-99')).toThrow(/^to is at most 20\d\d-\d\d: no later year has a figure$/);
});
