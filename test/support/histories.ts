/**
 * Random histories of a small ledger, as lists of steps that fast-check can shrink.
 *
 * Few programmes, organisations, measures and days make collisions frequent: the same cell, the same day, a
 * correction of a correction. `record-history.ts` carries them out.
 */
import fc from 'fast-check';
import type { MeasureDefinition } from '../../src/domain/measure.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import { parseMeasureId, parseOrganisationId, parseProgrammeId } from '../../src/kernel/ids.js';
import { BASES, type OutcomeContent } from '../../src/domain/outcome.js';

export const PROGRAMMES = ['lipid-management', 'polypill'].map(parseProgrammeId);
export const ORGANISATIONS = ['wessex', 'yorkshire'].map(parseOrganisationId);

const measure = (
  id: string,
  kind: MeasureDefinition['kind'],
  rollsUpInto: string | null = null,
  countsPeople = false,
) => ({
  id: parseMeasureId(id),
  definition: {
    label: id,
    unit: 'things',
    kind,
    decimals: kind === 'stock' ? 1 : 0,
    mayBeNegative: id === 'patients',
    eventType: `Counted${id.replaceAll(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase())}`,
    countsPeople,
    rollsUpInto: rollsUpInto === null ? null : parseMeasureId(rollsUpInto),
  },
});
export const DEFINED_FIRST = [
  measure('jobs', 'flow'),
  measure('jobs-created', 'flow', 'jobs'),
  measure('patients', 'flow', null, true),
  measure('sites', 'stock'),
  measure('uptake', 'ratio'),
  measure('return', 'rate'),
];
/** Measures that a step defines, somewhere in the history. */
export const DEFINED_LATER = [
  measure('jobs-created-early', 'flow', 'jobs-created'),
  measure('sites-rural', 'stock', 'sites'),
];
export const MEASURES = [...DEFINED_FIRST, ...DEFINED_LATER];

/** Days on both sides of the edges of four financial years, a leap day among them, and one of a year that is open. */
export const DAYS = [
  '2021-03-31',
  '2021-04-01',
  '2021-09-30',
  '2022-03-31',
  '2022-04-01',
  '2023-12-24',
  '2024-02-29',
  '2024-03-31',
  '2024-04-01',
].map(parseCalendarDate);
/** Days of renaming; one of them is in the financial year that has not ended yet. */
export const RENAMING_DAYS = [...DAYS, parseCalendarDate('2024-12-01')];
export const TODAY = parseCalendarDate('2024-04-30');

export interface Draft {
  readonly measure: number;
  readonly organisation: number;
  readonly days: readonly [number, number];
  readonly basis: OutcomeContent['basis'];
  readonly quantity: number;
  readonly other: number;
  /** Which sides of the quantity have bounds. */
  readonly bounded: 'neither' | 'low' | 'high' | 'both';
  readonly percentAlone: boolean;
}

/** An ordinary outcome, for histories that are written by hand. */
export const DRAFT: Draft = {
  measure: 0,
  organisation: 0,
  days: [5, 5],
  basis: 'counted',
  quantity: 120,
  other: 10,
  bounded: 'neither',
  percentAlone: false,
};

export type Step =
  | { readonly does: 'submit'; readonly programme: number; readonly outcomes: readonly Draft[] }
  /** `outcome` counts back from the last submitted one, which is 0. */
  | { readonly does: 'correct'; readonly outcome: number; readonly draft: Draft }
  | { readonly does: 'withdraw' | 'reinstate'; readonly outcome: number }
  | { readonly does: 'revise'; readonly measure: number; readonly comparable: boolean; readonly day: number }
  | { readonly does: 'define'; readonly later: number }
  | { readonly does: 'rename'; readonly organisation: number; readonly day: number }
  | { readonly does: 'amend' | 'close' | 'reopen'; readonly programme: number };

export interface History {
  readonly steps: readonly Step[];
  /** The milliseconds between steps, which may be negative: the clocks of two replicas may differ. */
  readonly clockMs: readonly number[];
}

const index = (of: readonly unknown[]) => fc.nat(of.length - 1);
const quantity = fc.oneof(
  { weight: 6, arbitrary: fc.nat(1_000) },
  { weight: 1, arbitrary: fc.constant(Number.MAX_SAFE_INTEGER) },
  { weight: 1, arbitrary: fc.nat(Number.MAX_SAFE_INTEGER) },
);
const draft: fc.Arbitrary<Draft> = fc.record({
  measure: fc.oneof(
    { weight: 8, arbitrary: index(DEFINED_FIRST) },
    { weight: 1, arbitrary: index(MEASURES) },
  ),
  organisation: fc.nat(ORGANISATIONS.length),
  days: fc.tuple(index(DAYS), index(DAYS)),
  basis: fc.constantFrom(...BASES),
  quantity,
  other: quantity,
  bounded: fc.constantFrom('neither', 'low', 'high', 'both'),
  percentAlone: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('submit' as const),
      programme: index(PROGRAMMES),
      outcomes: fc.array(draft, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('correct' as const), outcome: fc.nat(), draft }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('withdraw' as const), outcome: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('reinstate' as const), outcome: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('revise' as const),
      measure: index(MEASURES),
      comparable: fc.boolean(),
      day: index(DAYS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('define' as const), later: index(DEFINED_LATER) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('rename' as const),
      organisation: index(ORGANISATIONS),
      day: index(RENAMING_DAYS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('amend' as const, 'close' as const, 'reopen' as const),
      programme: index(PROGRAMMES),
    }),
  },
);

/** Figures on both sides of a break in their measure's definition, which random steps seldom make. */
const broken: fc.Arbitrary<Step[]> = fc
  .record({ programme: index(PROGRAMMES), first: draft, then: draft, day: index(DAYS) })
  .map(({ programme, first, then, day }) => [
    { does: 'submit', programme, outcomes: [first] },
    { does: 'revise', measure: first.measure, comparable: false, day },
    { does: 'submit', programme, outcomes: [{ ...then, measure: first.measure, days: [day, day] }] },
  ]);

/**
 * A later outcome replaces the latest of its cell, and is then corrected or withdrawn: when it is withdrawn, the
 * stock's earlier value is the latest again.
 */
const overtaken: fc.Arbitrary<Step[]> = fc
  .record({ programme: index(PROGRAMMES), first: draft, then: draft, kept: fc.boolean() })
  .map(({ programme, first, then, kept }) => {
    const { measure, organisation, basis, days } = first;
    return [
      { does: 'submit', programme, outcomes: [first] },
      { does: 'submit', programme, outcomes: [{ ...then, measure, organisation, basis, days }] },
      kept ? { does: 'correct', outcome: 0, draft: then } : { does: 'withdraw', outcome: 0 },
    ];
  });

const someSteps = fc.oneof(
  { weight: 9, arbitrary: step.map((single) => [single]) },
  { weight: 1, arbitrary: broken },
  { weight: 2, arbitrary: overtaken },
);

export const history: fc.Arbitrary<History> = fc.record({
  steps: fc.array(someSteps, { minLength: 8, maxLength: 25, size: 'max' }).map((steps) => steps.flat()),
  clockMs: fc.array(fc.integer({ min: -20_000, max: 86_400_000 }), { minLength: 1, maxLength: 10 }),
});
