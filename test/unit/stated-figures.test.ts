/** Percentages that nobody published the parts of are shown beside a ratio, however many other outcomes there are. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DRAFT, type Draft } from '../support/histories.js';
import { LivedLedger } from '../support/lived-ledger.js';

const ratio: Draft = { ...DRAFT, measure: 4, quantity: 30, other: 40 };
const percent = (quantity: number): Draft => ({ ...ratio, quantity, percentAlone: true });
const many = (count: number, of: (index: number) => Draft) =>
  Array.from({ length: count }, (_, index) => of(index));

let ledger: LivedLedger;
beforeAll(async () => {
  ledger = await LivedLedger.of({
    steps: [
      { does: 'submit', programme: 0, outcomes: many(250, () => ratio) },
      { does: 'submit', programme: 0, outcomes: [percent(12)] },
      { does: 'submit', programme: 0, outcomes: many(250, () => ratio) },
      { does: 'submit', programme: 0, outcomes: [percent(13)] },
      { does: 'submit', programme: 1, outcomes: many(120, (index) => percent(index % 100)) },
    ],
    clockMs: [1_000],
  });
});
afterAll(() => ledger.remove());

const percentagesOf = async (programme: string) => {
  const query = {
    measure: 'uptake',
    programme,
    from: '2023-24' as never,
    to: '2023-24' as never,
    allowBreaks: false,
  };
  const { years } = await ledger.totals.annual(query, Date.parse('2030-01-01T00:00:00Z'));
  return years[0]!.percentages!.map((stated) => stated.percent);
};

test('each is shown that stands between hundreds of ratios', async () => {
  expect(await percentagesOf('lipid-management')).toEqual(['12.5', '13.5']);
});

test('a hundred are shown of more', async () => {
  expect(await percentagesOf('polypill')).toEqual(
    many(100, (index) => percent(index)).map(({ quantity }) => `${quantity}.5`),
  );
});
