/** A question for very many figures is answered in turns, of which each has a bounded piece of the work, or refused. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { BadParameter } from '../../src/api/bad-parameter.js';
import { questionOf } from '../../src/figures/question.js';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import { asking, AskerGone } from '../../src/kernel/turns.js';
import { jsonInTurns } from '../../src/reports/json-in-turns.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';

const ORGANISATIONS = 2_000;
const FROM = parseFinancialYear('2018-19');
const NOW_MS = Date.parse('2027-01-01');
let lived: LivedLedger;
beforeAll(async () => {
  // The self-check sees that these cells are of no event.
  Logger.overrideLogger(false);
  lived = await LivedLedger.of(longHistory(50));
  const views = openDatabase(lived.viewsFile, PUBLIC_KEY);
  const copy = views.prepare(
    `INSERT INTO cells SELECT (SELECT max(id) + 1 FROM cells), measure, year, programme, ?, basis, breakdown, sequence,
       state FROM cells WHERE measure = 'jobs' AND organisation <> '' LIMIT 1`,
  );
  views.transaction(() => {
    for (let number = 0; number < ORGANISATIONS; number++) copy.run(`practice-${number}`);
  })();
  views.close();
});
afterAll(async () => {
  await lived.remove();
  Logger.overrideLogger(['error', 'warn']);
});

const annual = (from = FROM) =>
  lived.totals.annual({ measure: 'jobs', groupBy: 'organisation', from, allowBreaks: false }, NOW_MS);
const since = () =>
  lived.totals.since({ measure: 'jobs', groupBy: 'organisation', from: FROM, allowBreaks: true }, NOW_MS);

test.each([
  ['annual', annual],
  ['since', since],
])('H1: thousands of groups of %s totals are read, made and written in turns', async (_what, ask) => {
  let turns = 0;
  const asker = { actor: 'key:a', hasGone: () => ++turns < 0 };
  await asking.run(asker, async () => {
    const answer = await ask();
    expect(answer.groups!.length).toBeGreaterThanOrEqual(ORGANISATIONS);
    expect(turns).toBeGreaterThanOrEqual(ORGANISATIONS / 500 + ORGANISATIONS / 20);
    const made = turns;
    const reply = { type: () => reply } as unknown as FastifyReply;
    const streamed = jsonInTurns(answer, reply) as Readable;
    expect(JSON.parse(await text(streamed))).toEqual(JSON.parse(JSON.stringify(answer)));
    expect(turns - made).toBeGreaterThanOrEqual(ORGANISATIONS / 100);
  });
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
