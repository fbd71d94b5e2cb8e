/**
 * From cells to one figure, by the rules of the measure's kind.
 *
 * What counts is in the cells, each outcome of a flow and the latest value of a stock. What that comes to is a sum, or numerators over denominators, or nothing where each figure stands for itself (domain/kinds).
 *
 * No data is `null`, never 0.
 */
import { amountOf, exact } from '../domain/amount.js';
import type { Kind } from '../domain/kinds/kind.js';
import { KINDS } from '../domain/kinds/kinds.js';
import { isBroken, type Measure } from '../domain/measure.js';
import { unreachable } from '../kernel/assert.js';
import type { Cell } from './cells.js';
import type { Figure, Flag, Ratio } from './figures.views.js';

/** @param measure whose kind says how cells combine; the cells may be of measures that roll up into it */
export function figureOf(measure: Measure, cells: readonly Cell[]): Figure {
  const standing = cells.filter(({ state }) => state.outcomes > 0);
  const flags = new Set<Flag>();
  const kind: Kind = KINDS[measure.kind];
  if (measure.countsPeople && numberCounted(kind, standing) > 1)
    flags.add('people-may-be-counted-more-than-once');
  if (kind.flagOfSeveral && standing.length > 1) flags.add(kind.flagOfSeveral);
  if (kind.apart && standing.some(({ state }) => state.apart > 0)) flags.add(kind.apart.flag);
  const outcomes = standing.reduce((sum, { state }) => sum + state.outcomes, 0);
  return { ...combined(kind, standing, measure.decimals), outcomes, flags: [...flags] };
}

/** The number of outcomes that are combined: people of any two may be the same, whatever tells the outcomes apart. */
function numberCounted({ counts, comesTo }: Kind, standing: readonly Cell[]): number {
  if (comesTo === 'nothing') return 0;
  if (counts === 'latest') return standing.length;
  return standing.reduce((sum, { state }) => sum + state.outcomes - state.apart, 0);
}

type Combined = Omit<Figure, 'outcomes' | 'flags'>;

const NOTHING: Combined = {
  total: null,
  amount: null,
  byBasis: {},
  amountByBasis: {},
  bounds: null,
  ratio: null,
};

function combined({ comesTo }: Kind, cells: readonly Cell[], decimals: number): Combined {
  switch (comesTo) {
    case 'sum':
      return { ...NOTHING, ...sumOf(cells, decimals) };
    case 'ratio':
      return { ...NOTHING, ratio: ratioOf(cells) };
    case 'nothing':
      return NOTHING;
    default:
      return unreachable(comesTo);
  }
}

function sumOf(cells: readonly Cell[], decimals: number): Partial<Combined> {
  if (cells.length === 0) return {};
  const byBasis = new Map<string, bigint>();
  let [total, low, high, openLow, openHigh] = [0n, 0n, 0n, 0, 0];
  for (const { basis: ofCell, state } of cells) {
    const basis = ofCell || state.latestBasis;
    byBasis.set(basis, (byBasis.get(basis) ?? 0n) + state.amount);
    total += state.amount;
    low += state.low;
    high += state.high;
    openLow += state.openLow;
    openHigh += state.openHigh;
  }
  const sums = [...byBasis].sort();
  const amount = (sum: bigint) => amountOf(sum, decimals);
  return {
    total: exact(total),
    amount: amount(total),
    byBasis: Object.fromEntries(sums.map(([basis, sum]) => [basis, exact(sum)])),
    amountByBasis: Object.fromEntries(sums.map(([basis, sum]) => [basis, amount(sum)])),
    // One side that is open opens the total's.
    bounds: {
      low: openLow > 0 ? null : exact(low),
      high: openHigh > 0 ? null : exact(high),
      lowAmount: openLow > 0 ? null : amount(low),
      highAmount: openHigh > 0 ? null : amount(high),
    },
  };
}

function ratioOf(cells: readonly Cell[]): Ratio | null {
  let [numerator, denominator] = [0n, 0n];
  for (const { state } of cells) {
    numerator += state.amount;
    denominator += state.denominator;
  }
  if (denominator === 0n) return null;
  // In ten-thousandths of a percent, half a unit added before the division rounds half up.
  const scaled = (numerator * 2_000_000n + denominator) / (2n * denominator);
  const digits = scaled.toString().padStart(5, '0');
  const percent = `${digits.slice(0, -4)}.${digits.slice(-4)}`;
  return { numerator: exact(numerator), denominator: exact(denominator), percent };
}

/**
 * The measure of a family whose definition changed between years that are added, so that these cannot be compared: for
 * each one the years count in which it or what rolls up into it has outcomes. Null where there is none.
 */
export function brokenMeasure(family: readonly Measure[], cells: readonly Cell[]): Measure | null {
  const standing = cells.filter(({ state }) => state.outcomes > 0);
  const broken = family.find((measure) => {
    const own = partsOf(measure, family);
    const years = new Set(standing.filter((cell) => own.has(cell.measure)).map(({ year }) => year));
    return years.size > 0 && isBroken(measure, Math.min(...years), Math.max(...years));
  });
  return broken ?? null;
}

/** The measure and all of a family that roll up into it, however far down. */
function partsOf({ id }: Measure, family: readonly Measure[]): ReadonlySet<string> {
  const parts = new Set<string>([id]);
  for (const part of parts) for (const one of family) if (one.rollsUpInto === part) parts.add(one.id);
  return parts;
}
