/**
 * What changed between two moments adds up (S1-A, S1-B, F5, B9): the lines of every bridge come to its difference, and
 * are what the plain fold says event by event, whatever happened and whichever two moments are asked about.
 */
import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { financialYearStarting } from '../../src/kernel/financial-year.js';
import type { ChangesQuery, ReadChanges } from '../../src/figures/changes.js';
import { START } from '../../src/figures/outcomes.js';
import { history, MEASURES, ORGANISATIONS, PROGRAMMES } from '../support/histories.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { NaiveLedger, type NaiveQuery } from '../support/naive-totals.js';

jest.setTimeout(300_000);

const NOW = Date.parse('2030-01-01T00:00:00Z');
const FIRST_YEAR = 2020;

const moments = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 5 })), {
  minLength: 20,
  maxLength: 40,
});

test('the lines of a bridge between any two moments are the sums of what each event changed', () =>
  fc.assert(
    fc.asyncProperty(history, moments, async (steps, asked) => {
      const ledger = await LivedLedger.of(steps);
      try {
        const folds = ledger.events.map((_, at) => new NaiveLedger(ledger.events.slice(0, at + 1)));
        for (const [one, other, turn, limit] of asked) {
          const pair = [one, other].map((at) => at % folds.length).sort((first, then) => first - then);
          const [earlier, later] = pair as [number, number];
          const known = MEASURES.filter(({ id }) => folds[later]!.measures.has(id));
          if (known.length === 0) continue;
          const query: NaiveQuery = {
            measure: known[turn % known.length]!.id,
            programme: [undefined, ...PROGRAMMES][(turn >> 4) % 3],
            organisation: [undefined, ...ORGANISATIONS][(turn >> 6) % 3],
            from: FIRST_YEAR,
          };
          const changes = await allPages(ledger, query, { earlier, later, limit });
          const lastYear = Math.max(...pair.map((at) => folds[at]!.lastYearOf(query)));
          const asking = { query, earlier, later };
          expect({ ...asking, ...told(changes, lastYear) }).toEqual({
            ...asking,
            ...expected(folds, query, pair),
          });
        }
      } finally {
        await ledger.remove();
      }
    }),
    { numRuns: 10, interruptAfterTimeLimit: 120_000 },
  ));

async function allPages(
  ledger: LivedLedger,
  query: NaiveQuery,
  { earlier, later, limit }: { readonly earlier: number; readonly later: number; readonly limit: number },
): Promise<ReadChanges> {
  const question: Omit<ChangesQuery, 'place'> = {
    ...query,
    from: financialYearStarting(query.from),
    to: undefined,
    allowBreaks: true,
    earlier: { parameter: 'earlier', text: String(earlier) },
    later: { parameter: 'later', text: String(later) },
    limit,
  };
  const first = await ledger.changes.between({ ...question, place: START }, NOW);
  const events = [...first.events];
  for (let { next } = first; next;) {
    const page = await ledger.changes.between({ ...question, place: next }, NOW);
    expect(page.events.length).toBeLessThanOrEqual(limit);
    expect({ ...page, events: [], next: null }).toEqual({ ...first, events: [], next: null });
    events.push(...page.events);
    next = page.next;
  }
  return { ...first, events };
}

type Bridge = Omit<ReadChanges['years'][number], 'financialYear'>;

/** Lines of nought say nothing. */
function linesTold({ opening, lines, closing, difference }: Bridge) {
  const sum = lines.reduce((total, { quantity }) => total + BigInt(quantity!), 0n);
  if (lines.length > 0) {
    expect(BigInt(difference.quantity!)).toBe(sum);
    expect(BigInt(opening.total ?? 0) + sum).toBe(BigInt(closing.total ?? 0));
  }
  return {
    opening: opening.total,
    lines: Object.fromEntries(
      lines.filter(({ quantity }) => quantity !== 0).map(({ line, quantity }) => [line, BigInt(quantity!)]),
    ),
    closing: closing.total,
  };
}

/** What came and went between the moments in a year past both is told of its events, and is in no bridge. */
function told({ years, since, events }: ReadChanges, lastYear: number) {
  return {
    years: years.map(({ financialYear, ...bridge }) => [financialYear, linesTold(bridge)]),
    since: since && linesTold(since),
    events: events.map(({ sequence, line, changes }) => [
      sequence,
      line,
      changes
        .filter(({ financialYear, quantity }) => quantity && Number(financialYear.slice(0, 4)) <= lastYear)
        .map(({ financialYear, quantity }) => [financialYear, quantity]),
    ]),
  };
}

type Lines = Record<string, bigint>;
interface NaiveFigure {
  readonly financialYear: string;
  readonly total: number | string | null;
}

/** The same by the plain fold, of which each event makes the next: a line is the sum of what its events changed. */
function expected(folds: readonly NaiveLedger[], query: NaiveQuery, [earlier, later]: readonly number[]) {
  const kind = MEASURES.find(({ id }) => id === query.measure)!.definition.kind;
  const isSum = kind === 'flow' || kind === 'stock';
  const lastYear = Math.max(...[earlier!, later!].map((at) => folds[at]!.lastYearOf(query)));
  const yearsAt = (at: number) => {
    const known = folds[at]!.measures.has(query.measure);
    const { years } = (known ? folds[at]! : folds[later!]!.empty()).annual({ ...query, to: lastYear }) as {
      readonly years: readonly (NaiveFigure & {
        readonly flags?: unknown;
        readonly parts?: readonly { measure: string; outcomes: number }[];
      })[];
    };
    return years.map(({ flags: _, parts = [], ...figure }) => ({
      ...figure,
      parts: parts.filter(({ measure, outcomes }) => measure !== query.measure && outcomes > 0),
    }));
  };
  const text = (figure: unknown) => JSON.stringify(figure);
  const lines = new Map<string, Lines>();
  const events: unknown[] = [];
  for (let at = earlier! + 1; at <= later!; at++) {
    const line = folds[at]!.lineAfter(folds[at - 1]!, folds[earlier!]!.date, query);
    if (line === null) continue;
    const [before, after] = [yearsAt(at - 1), yearsAt(at)];
    const changes = after.flatMap(({ financialYear, total }, index) => {
      const change = isSum ? BigInt(total ?? 0) - BigInt(before[index]!.total ?? 0) : 0n;
      for (const of of change === 0n ? [] : [financialYear, 'since']) {
        if (!lines.has(of)) lines.set(of, {});
        lines.get(of)![line] = (lines.get(of)![line] ?? 0n) + change;
      }
      return change === 0n ? [] : [[financialYear, Number(change)]];
    });
    events.push([at, line, changes]);
  }
  const linesOf = (of: string) =>
    Object.fromEntries(Object.entries(lines.get(of) ?? {}).filter(([, amount]) => amount !== 0n));
  const [opening, closing] = [yearsAt(earlier!), yearsAt(later!)];
  const years = closing.flatMap((figure, index) => {
    const before = opening[index]!;
    const ofYear = linesOf(figure.financialYear);
    if (text(before) === text(figure) && Object.keys(ofYear).length === 0) return [];
    return [[figure.financialYear, { opening: before.total, lines: ofYear, closing: figure.total }]];
  });
  return { years, since: kind === 'flow' ? sinceOf(opening, closing, linesOf('since')) : null, events };
}

function sinceOf(opening: readonly NaiveFigure[], closing: readonly NaiveFigure[], lines: Lines) {
  const sum = (years: readonly NaiveFigure[]) => {
    const totals = years.flatMap(({ total }) => (total === null ? [] : [BigInt(total)]));
    if (totals.length === 0) return null;
    const whole = totals.reduce((one, other) => one + other, 0n);
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole.toString();
  };
  return { opening: sum(opening), lines, closing: sum(closing) };
}
