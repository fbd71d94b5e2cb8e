/** A figure says what is the matter with it (S2-D, S2-E, F12), and a percentage is never nearer than it is (F13). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Flag } from '../../src/figures/flag.views.js';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import { DAYS, DRAFT, type Draft } from '../support/histories.js';
import { LivedLedger } from '../support/lived-ledger.js';

const [PATIENTS, UPTAKE] = [2, 4];
const on = (day: string) => {
  const index = DAYS.findIndex((known) => known === day);
  return { days: [index, index] as const };
};
const people: Draft = { ...DRAFT, measure: PATIENTS, quantity: 100 };
const ratio = (numerator: number, denominator: number): Draft => ({
  ...DRAFT,
  measure: UPTAKE,
  quantity: numerator,
  other: denominator,
});

let ledger: LivedLedger;
beforeAll(async () => {
  ledger = await LivedLedger.of({
    steps: [
      { does: 'submit', programme: 0, outcomes: [{ ...people, ...on('2022-03-31') }] },
      { does: 'submit', programme: 0, outcomes: [{ ...people, ...on('2024-02-29'), quantity: 20 }] },
      { does: 'submit', programme: 0, outcomes: [{ ...people, ...on('2024-04-01'), quantity: 7 }] },
      { does: 'submit', programme: 0, outcomes: [ratio(9_999_999, 10_000_000)] },
      { does: 'submit', programme: 1, outcomes: [ratio(1, 10_000_000)] },
    ],
    // From 20 March 2024 on, two days at each event.
    clockMs: [2 * 86_400_000],
  });
});
afterAll(() => ledger.remove());

const YEAR = 'year-not-over';
const codes = (flags: readonly Flag[]) => flags.map(({ code }) => code);
const since = (on: string, asked: object = {}) =>
  ledger.totals.since(
    { measure: 'patients', from: parseFinancialYear('2021-22'), allowBreaks: false, ...asked },
    Date.parse(`${on}T12:00:00Z`),
  );

test('a total ends with the last year that was over at the moment asked about, and the open year stands beside it', async () => {
  const whileOpen = await since('2025-03-31');
  expect([whileOpen.through, whileOpen.total, whileOpen.missingYears]).toEqual(['2023-24', 120, ['2022-23']]);
  expect(codes(whileOpen.flags)).not.toContain(YEAR);
  expect(whileOpen.soFar).toMatchObject({ financialYear: '2024-25', total: 7, flags: [{ code: YEAR }] });
  const over = await since('2025-04-01');
  expect([over.through, over.total]).toEqual(['2024-25', 127]);
  expect(over.soFar).toMatchObject({ financialYear: '2025-26', total: null });
});

test('a moment decides whether a year was over, whenever it is asked about', async () => {
  const [asAt, earlier] = ['2024-03-31', '2024-02-01'].map((text) => ({ parameter: 'asAt', text }));
  expect((await since('2030-01-01', { moment: asAt })).through).toBe('2022-23');
  expect((await since('2030-01-01', { moment: earlier })).soFar).toMatchObject({
    flags: [
      {
        code: YEAR,
        sentence: '2023-24 was not over on 2024-02-01: the figure has only what was recorded of it by then.',
      },
    ],
  });
});

test('an open year that is asked for by name is in the total, which says so', async () => {
  const [through, from] = [parseFinancialYear('2024-25'), parseFinancialYear('2024-25')];
  const named = await since('2025-03-31', { to: through });
  expect([named.total, named.soFar, codes(named.flags).includes(YEAR)]).toEqual([127, undefined, true]);
  const onlyOpen = await since('2025-03-31', { from });
  expect([onlyOpen.total, onlyOpen.soFar, codes(onlyOpen.flags)]).toEqual([7, undefined, [YEAR]]);
});

test('people may be the same in each of what is added: the sentence says in which', async () => {
  expect((await since('2025-03-31')).flags).toEqual([
    {
      code: 'people-may-be-counted-more-than-once',
      sentence: 'The same people may come in several of the years that are added here.',
    },
  ]);
});

test.each([
  ['lipid-management', '99.9999'],
  ['polypill', '0.0001'],
])('a part of the whole is never all of it, nor nothing: %s has %s%%', async (programme, percent) => {
  const from = parseFinancialYear('2023-24');
  const query = { measure: 'uptake', programme, from, to: from, allowBreaks: false };
  const { years } = await ledger.totals.annual(query, Date.parse('2025-01-01T00:00:00Z'));
  expect(years[0]!.ratio!.percent).toBe(percent);
});
