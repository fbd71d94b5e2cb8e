/**
 * From cells to one figure, by the rules of the measure's kind.
 *
 * What counts is every cell, or of each programme and organisation the one with the latest value. What that comes to is
 * a sum, or numerators over denominators, or nothing where each figure stands for itself (domain/kinds).
 *
 * No data is `null`, never 0.
 */
import type { Kind } from '../domain/kinds/kind.js';
import { KINDS } from '../domain/kinds/kinds.js';
import type { Measure } from '../domain/measure.js';
import { unreachable } from '../kernel/assert.js';
import { laterOf } from '../read-models/cell.js';
import type { Cell } from './cells.js';
import type { Amount, Figure, Flag, Ratio } from './figures.views.js';

/** Figures of one measure would be added across a break in its definition. */
export class DefinitionBreak extends Error {
  constructor(readonly measure: string) {
    super(
      `the definition of ${measure} changed so that figures before and after cannot be compared: ` +
        `ask for years on one side of the change, or with allowBreaks=true for a flagged figure`,
    );
    this.name = 'DefinitionBreak';
  }
}

export function amount(value: bigint): Amount {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value.toString();
}

/**
 * @param measure whose kind says how cells combine; the cells may be of measures that roll up into it
 * @throws DefinitionBreak
 */
export function figureOf(measure: Measure, cells: readonly Cell[], allowBreaks: boolean): Figure {
  const standing = cells.filter(({ state }) => state.outcomes > 0);
  const flags = new Set<Flag>();
  const broken = brokenMeasure(standing);
  if (broken !== null) {
    if (!allowBreaks) throw new DefinitionBreak(broken);
    flags.add('definition-break');
  }
  if (measure.countsPeople && standing.length > 1) flags.add('people-may-be-counted-more-than-once');
  const kind: Kind = KINDS[measure.kind];
  const counted = kind.counts === 'latest' ? latestValues(standing) : standing;
  if (kind.flagOfSeveral && counted.length > 1) flags.add(kind.flagOfSeveral);
  if (kind.apart && standing.some(({ state }) => state.apart > 0)) flags.add(kind.apart.flag);
  const outcomes = standing.reduce((sum, { state }) => sum + state.outcomes, 0);
  return { ...combined(kind, counted), outcomes, flags: [...flags] };
}

const NOTHING = { total: null, byBasis: {}, range: null, ratio: null };

function combined({ comesTo }: Kind, cells: readonly Cell[]): Omit<Figure, 'outcomes' | 'flags'> {
  switch (comesTo) {
    case 'sum':
      return { ...NOTHING, ...sumOf(cells) };
    case 'ratio':
      return { ...NOTHING, ratio: ratioOf(cells) };
    case 'nothing':
      return NOTHING;
    default:
      return unreachable(comesTo);
  }
}

function sumOf(cells: readonly Cell[]): Pick<Figure, 'total' | 'byBasis' | 'range'> {
  if (cells.length === 0) return { total: null, byBasis: {}, range: null };
  const byBasis = new Map<string, bigint>();
  let [total, low, high] = [0n, 0n, 0n];
  for (const { basis, state } of cells) {
    byBasis.set(basis, (byBasis.get(basis) ?? 0n) + state.amount);
    total += state.amount;
    low += state.low;
    high += state.high;
  }
  return {
    total: amount(total),
    byBasis: Object.fromEntries([...byBasis].sort().map(([basis, sum]) => [basis, amount(sum)])),
    range: { low: amount(low), high: amount(high) },
  };
}

/** Of each measure, programme, organisation and year the cell with the latest value: bases do not add up in a stock. */
export function latestValues(cells: readonly Cell[]): Cell[] {
  const latest = new Map<string, Cell>();
  for (const cell of cells) {
    const key = [cell.measure, cell.programme, cell.organisation, cell.year].join(' ');
    const known = latest.get(key);
    const later = !known || laterOf(known.state, cell.state) === cell.state;
    if (later) latest.set(key, cell);
  }
  return [...latest.values()];
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
  return { numerator: amount(numerator), denominator: amount(denominator), percent };
}

function brokenMeasure(cells: readonly Cell[]): string | null {
  const seriesOf = new Map<string, number>();
  for (const { measure, series } of cells) {
    const known = seriesOf.get(measure);
    if (known !== undefined && known !== series) return measure;
    seriesOf.set(measure, series);
  }
  return null;
}
