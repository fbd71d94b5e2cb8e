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
import type { Measure } from '../domain/measure.js';
import { unreachable } from '../kernel/assert.js';
import type { Cell } from './cells.js';
import type { Figure, Ratio } from './figures.views.js';

/** A figure is told with its flags (flags.ts). */
export type Unflagged = Omit<Figure, 'flags'>;

/** @param measure whose kind says how cells combine; the cells may be of measures that roll up into it */
export function figureOf(measure: Measure, cells: readonly Cell[]): Unflagged {
  const standing = cells.filter(({ state }) => state.outcomes > 0);
  const outcomes = standing.reduce((sum, { state }) => sum + state.outcomes, 0);
  return { ...combined(KINDS[measure.kind], standing, measure.decimals), outcomes };
}

type Combined = Omit<Unflagged, 'outcomes'>;

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
  const digits = shareOf(numerator, denominator).toString().padStart(5, '0');
  const percent = `${digits.slice(0, -4)}.${digits.slice(-4)}`;
  return { numerator: exact(numerator), denominator: exact(denominator), percent };
}

const WHOLE = 1_000_000n;

/** In ten-thousandths of a percent, rounded half up; but only all of it is the whole, and only none of it nothing. */
function shareOf(numerator: bigint, denominator: bigint): bigint {
  // Half a unit is added before the division.
  const rounded = (2n * numerator * WHOLE + denominator) / (2n * denominator);
  if (rounded === WHOLE && numerator < denominator) return WHOLE - 1n;
  return rounded === 0n && numerator > 0n ? 1n : rounded;
}
