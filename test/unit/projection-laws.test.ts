/**
 * What holds of every history: the totals are the plain fold of the events, now and as at every sequence, and
 * the read models are the same however they were made.
 */
import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { filter, firstValueFrom } from 'rxjs';
import { financialYearStarting } from '../../src/kernel/financial-year.js';
import { Refused } from '../../src/kernel/refusals.js';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import type { TotalsQuery } from '../../src/figures/totals.js';
import type { ReadOutcomes } from '../../src/figures/outcomes-report.js';
import { START } from '../../src/figures/outcomes.js';
import { history, MEASURES, ORGANISATIONS, PROGRAMMES } from '../support/histories.js';
import { contentOfViews, LivedLedger, viewsOf } from '../support/lived-ledger.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { NaiveLedger, type NaiveAnswer, type NaiveQuery } from '../support/naive-totals.js';

// They take seconds on an idle machine, and how long on a busy one is nothing to fail for.
jest.setTimeout(300_000);

const NOW = Date.parse('2030-01-01T00:00:00Z');

test('annual totals as at every sequence are the plain fold of the events up to it', () =>
  forAll(6, async (ledger) => {
    for (const { sequence, naive } of moments(ledger)) {
      for (const [turn, query] of questions(ledger, sequence).entries()) {
        const allowBreaks = turn % 2 === 0;
        const answered = await answer(ledger.totals.annual(asked(query, sequence, allowBreaks), NOW));
        agree(answered, naive, query, () => naive.annual(query));
      }
    }
  }));

test('totals since a year as at every sequence are the plain fold, of flows; others are refused', () =>
  forAll(6, async (ledger) => {
    for (const { sequence, naive } of moments(ledger)) {
      for (const [turn, query] of questions(ledger, sequence).entries()) {
        // A third of the filters at each sequence, and all of them over three.
        if (turn % 3 !== sequence % 3) continue;
        const allowBreaks = turn % 2 === 0;
        const asking = ledger.totals.since(asked(query, sequence, allowBreaks), NOW);
        if (kindOf(query) !== 'flow') {
          await expect(asking).rejects.toMatchObject({ code: 'not-summable-over-time' });
        } else {
          agree(await answer(asking), naive, query, () => naive.since(query, allowBreaks));
        }
      }
    }
  }));

test('totals without a moment are those as at the latest sequence, and as at the instant of its recording', () =>
  forAll(4, async (ledger) => {
    const latest = ledger.events.length - 1;
    const times = ledger.events.map(({ metadata }) => metadata.recordedAt);
    const instant = times.reduce((one, other) => (one > other ? one : other));
    for (const query of questions(ledger, latest)) {
      const asAtSequence = asked(query, latest, true);
      const asAtInstant = { ...asAtSequence, moment: { parameter: 'asAt', text: instant } };
      const atLatest = await ledger.totals.annual(asAtSequence, NOW);
      expect(await ledger.totals.annual(asAtInstant, NOW)).toEqual(atLatest);
      const { moment: _, ...now } = asAtSequence;
      expect(await ledger.totals.annual(now, Date.parse(instant))).toEqual(atLatest);
    }
  }));

test('as at an instant is as at the last event that the ledger had learnt of by then', () =>
  forAll(4, async (ledger) => {
    let ledgerTime = '';
    const times = ledger.events.map(
      ({ metadata: { recordedAt } }) => (ledgerTime = recordedAt > ledgerTime ? recordedAt : ledgerTime),
    );
    for (const text of times) {
      const moment = { parameter: 'asAt', text };
      const answered = await ledger.totals.annual(
        { ...asked({ measure: 'jobs', from: 2020 }, 0, true), moment },
        NOW,
      );
      expect(answered.sequence).toBe(times.lastIndexOf(text));
    }
  }));

test('the outcomes behind a figure, as at every sequence, are those that stand, and add up to it', () =>
  forAll(6, async (ledger) => {
    for (const { sequence, naive } of moments(ledger)) {
      for (const [turn, query] of questions(ledger, sequence).entries()) {
        // Nine filters of each measure: none at every sequence, and the others by turns.
        const isAsked = turn % 9 === 0 || turn % 9 === sequence % 9;
        if (!isAsked || !naive.measures.has(query.measure)) continue;
        const { groupBy: _, ...question } = asked(query, sequence, true);
        const listed = await allPages(ledger, question, 1 + (turn % 4));
        const standing = naive.matching(query).map(({ id, sequence: recorded }) => [id, recorded]);
        expect(listed.map(({ id, sequence: recorded }) => [id, recorded]).sort()).toEqual(standing.sort());
        const { years } = await ledger.totals.annual(question, NOW);
        for (const year of years) {
          const ofYear = listed.filter(
            ({ effective }) => naive.financialYearOf(effective.to) === year.financialYear,
          );
          const parts = ofYear.filter(({ contributes }) => contributes);
          expect(year.outcomes).toBe(ofYear.length);
          if (kindOf(query) === 'ratio') {
            expect(sumOf(parts.map(({ numerator }) => numerator!))).toBe(BigInt(year.ratio?.numerator ?? 0));
            expect(sumOf(parts.map(({ denominator }) => denominator!))).toBe(
              BigInt(year.ratio?.denominator ?? 0),
            );
          } else {
            expect(sumOf(parts.map(({ quantity }) => quantity!))).toBe(BigInt(year.total ?? 0));
            const lows = parts.map(({ bounds, quantity }) => (bounds ? bounds.low : quantity));
            const known = lows.filter((low) => low !== undefined);
            expect(known.length === lows.length ? sumOf(known) : null).toBe(
              year.bounds ? (year.bounds.low === null ? null : BigInt(year.bounds.low)) : 0n,
            );
          }
        }
      }
    }
  }));

test('projecting in batches of any sizes, reopening in between, and rebuilding make the same tables', async () => {
  const sizes = fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), reopen: fc.boolean() }), {
    minLength: 1,
  });
  await forAll(
    8,
    async (ledger, batches) => {
      const atOnce = viewsOf(ledger.events);
      expect(viewsOf(ledger.events, batches)).toEqual(atOnce);
      expect(contentOfViews(ledger.viewsFile)).toEqual(atOnce);
      const lived = ledger.viewsFile;
      ledger.readModels.startRebuild();
      await firstValueFrom(
        ledger.readModels.progressed$.pipe(filter(() => ledger.readModels.rebuildProgress === null)),
      );
      expect(ledger.viewsFile).not.toBe(lived);
      expect(contentOfViews(ledger.viewsFile)).toEqual(atOnce);
    },
    sizes,
  );
});

test('the self-check passes on what was projected, and counts the outcomes that stand', () =>
  forAll(6, async (ledger) => {
    const views = openViewsForReading(ledger.viewsFile, PUBLIC_KEY);
    const report = await new SelfCheck(ledger.store, views).step();
    views.close();
    const standing = MEASURES.filter(({ id }) => new NaiveLedger(ledger.events).measures.has(id)).flatMap(
      ({ id, definition }) =>
        definition.rollsUpInto === null
          ? new NaiveLedger(ledger.events).matching({ measure: id, from: 0 })
          : [],
    );
    expect(report).toMatchObject({ ok: true, sequence: ledger.events.length - 1, outcomes: standing.length });
  }));

async function forAll<Extra = undefined>(
  numRuns: number,
  law: (ledger: LivedLedger, extra: Extra) => Promise<void>,
  extra: fc.Arbitrary<Extra> = fc.constant(undefined as Extra),
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(history, extra, async (steps, more) => {
      const ledger = await LivedLedger.of(steps);
      try {
        await law(ledger, more);
      } finally {
        await ledger.remove();
      }
    }),
    // A failure is made smaller for as long as it is worth waiting.
    { numRuns, interruptAfterTimeLimit: 120_000 },
  );
}

function* moments({ events }: LivedLedger) {
  for (let sequence = 0; sequence < events.length; sequence++) {
    yield { sequence, naive: new NaiveLedger(events.slice(0, sequence + 1)) };
  }
}

/** Of every measure with every filter; groupings and years take turns from sequence to sequence. */
function questions({ events }: LivedLedger, turn: number): NaiveQuery[] {
  const known = new NaiveLedger(events).measures;
  const groupings = [undefined, 'programme', 'organisation'] as const;
  const lasts = [undefined, 2022, 2024];
  const filters = [...known.keys()].flatMap((measure) =>
    [undefined, ...PROGRAMMES].flatMap((programme) =>
      [undefined, ...ORGANISATIONS].map((organisation) => ({ measure, programme, organisation })),
    ),
  );
  return filters.map((filter, place) => ({
    ...filter,
    groupBy: groupings[(place + turn) % 3],
    from: 2020 + (turn % 2),
    to: lasts[(place + 2 * turn) % 3],
  }));
}

function asked(query: NaiveQuery, sequence: number, allowBreaks: boolean): TotalsQuery {
  return {
    ...query,
    from: financialYearStarting(query.from),
    to: query.to === undefined ? undefined : financialYearStarting(query.to),
    moment: { parameter: 'asAtSequence', text: String(sequence) },
    allowBreaks,
  };
}

async function answer(asking: Promise<object>): Promise<NaiveAnswer> {
  try {
    const {
      sequence: _,
      asAt: __,
      programme: ___,
      organisation: ____,
      ...answered
    } = (await asking) as Record<string, unknown>;
    return inOrder(answered) as NaiveAnswer;
  } catch (error) {
    if (error instanceof Refused && error.code === 'definition-break') return 'definition-break';
    throw error;
  }
}

const BY_TEXT = new Set(['flags', 'percentages', 'rates', 'parts']);

/** Lists whose order says nothing, in order of text. */
function inOrder(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => inOrder(item));
    return BY_TEXT.has(key) ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inOrder(item, name)]));
}

const kindOf = ({ measure }: NaiveQuery) => MEASURES.find(({ id }) => id === measure)!.definition.kind;

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + BigInt(value), 0n);

async function allPages(ledger: LivedLedger, query: TotalsQuery, limit: number) {
  const listed: ReadOutcomes['outcomes'][number][] = [];
  for (let place: ReadOutcomes['next'] = START; place;) {
    const page: ReadOutcomes = await ledger.outcomes.page({ ...query, place, limit }, NOW);
    expect(page.outcomes.length).toBeLessThanOrEqual(limit);
    listed.push(...page.outcomes);
    place = page.next;
  }
  return listed;
}

function agree(answered: NaiveAnswer, naive: NaiveLedger, query: NaiveQuery, fold: () => NaiveAnswer): void {
  if (!naive.measures.has(query.measure)) {
    expect(JSON.stringify(answered)).not.toMatch(/"outcomes":[1-9]/);
    return;
  }
  const folded = fold();
  const expected = typeof folded === 'string' ? folded : inOrder(folded);
  // Only a difference is worth the time that showing it takes.
  if (!isDeepStrictEqual(answered, expected))
    expect({ query, answered }).toEqual({ query, answered: expected });
}
