/**
 * A cell holds the running figures of one measure × breakdown × programme × organisation × financial year × basis.
 *
 * Figures are BigInt: sums of safe integers stay exact however many there are. A flow adds quantities up; a
 * ratio adds numerators and denominators up apart; a stock holds its latest value, where the later effective
 * date wins and, on the same date, the one first recorded later: a correction keeps its place. A rate, and a percent alone, is counted and never added.
 */
import { KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { assert } from '../kernel/assert.js';
import { financialYearOf, startYearOf, type CalendarDate } from '../kernel/financial-year.js';
import type { OutcomeFigures, RecordedOutcome } from '../domain/outcome.js';

export interface CellKey {
  readonly measure: string;
  /** A value of each of the measure's breakdowns, `age=60-plus,sex=female`; empty for the whole. */
  readonly breakdown: string;
  readonly programme: string;
  /** The organisation's id is empty where no organisation is named. */
  readonly organisation: string;
  /** The calendar year in which the financial year starts. */
  readonly year: number;
  readonly basis: string;
}

export interface CellState {
  /** Outcomes that stand, percentages included. */
  readonly outcomes: number;
  /** The sum of a flow, the latest value of a stock, or the sum of a ratio's numerators. */
  readonly amount: bigint;
  /** The sum of a ratio's denominators; any other kind has 0. */
  readonly denominator: bigint;
  /** The sums of the bounds that are known, and how many outcomes are open on that side: then no bound is known. */
  readonly low: bigint;
  readonly high: bigint;
  readonly openLow: number;
  readonly openHigh: number;
  /** The number of outcomes whose figure is a percent or a rate alone: these are counted, never added. */
  readonly apart: number;
  /** The day of a stock's latest value, and the sequence at which that was first recorded; else empty and −1. */
  readonly latestTo: string;
  readonly latestSequence: number;
}

export const EMPTY_CELL: CellState = {
  outcomes: 0,
  amount: 0n,
  denominator: 0n,
  low: 0n,
  high: 0n,
  openLow: 0,
  openHigh: 0,
  apart: 0,
  latestTo: '',
  latestSequence: -1,
};

export function cellKeyOf(figures: OutcomeFigures, programme: string): CellKey {
  return {
    measure: figures.measureId,
    breakdown: breakdownText(figures.breakdown),
    programme,
    organisation: figures.organisationId ?? '',
    year: startYearOf(financialYearOf(figures.effective.to)),
    basis: figures.basis,
  };
}

function breakdownText(breakdown: Readonly<Record<string, string>> = {}): string {
  const parts = Object.entries(breakdown).map(([name, value]) => `${name}=${value}`);
  return parts.sort().join(',');
}

export interface StockValue {
  readonly to: CalendarDate;
  /** The sequence at which the outcome was first recorded. */
  readonly sequence: number;
  readonly quantity: bigint;
  /** Null where that side is open. */
  readonly low: bigint | null;
  readonly high: bigint | null;
}

/** The bounds of a quantity, which is both where it has none; null where a side is open. */
function boundsOf({ quantity = 0, bounds }: Pick<OutcomeFigures, 'quantity' | 'bounds'>) {
  return bounds ? { low: bounds.low ?? null, high: bounds.high ?? null } : { low: quantity, high: quantity };
}

/** Adds an outcome to a flow or a ratio, or with `sign` −1 takes it out again. */
export function addFigures(cell: CellState, figures: OutcomeFigures, sign: 1 | -1): CellState {
  const { quantity = 0, numerator, denominator } = figures;
  const { low, high } = boundsOf(figures);
  const isApart = figures.quantity === undefined && numerator === undefined;
  // Every member is named, not spread, which is ten times as fast: this function runs once an event.
  const next: CellState = {
    outcomes: cell.outcomes + sign,
    amount: cell.amount + BigInt(sign * (numerator ?? quantity)),
    denominator: denominator === undefined ? cell.denominator : cell.denominator + BigInt(sign * denominator),
    low: low === null ? cell.low : cell.low + BigInt(sign * low),
    high: high === null ? cell.high : cell.high + BigInt(sign * high),
    openLow: low === null ? cell.openLow + sign : cell.openLow,
    openHigh: high === null ? cell.openHigh + sign : cell.openHigh,
    apart: isApart ? cell.apart + sign : cell.apart,
    latestTo: cell.latestTo,
    latestSequence: cell.latestSequence,
  };
  assert(
    next.outcomes >= 0 && next.openLow >= 0 && next.openHigh >= 0 && next.apart >= 0,
    'a cell holds what was taken out of it',
  );
  return next;
}

export function addStockValue(cell: CellState, value: StockValue): CellState {
  const outcomes = cell.outcomes + 1;
  const isLatest = laterOf(cell, { latestTo: value.to, latestSequence: value.sequence }) !== cell;
  return isLatest ? withLatest(cell, outcomes, value) : { ...cell, outcomes };
}

/** @param findLatest finds the latest of the values that are left; it is called only where the latest has gone */
export function takeOutStockValue(
  cell: CellState,
  { to, sequence }: Pick<StockValue, 'to' | 'sequence'>,
  findLatest: () => StockValue | null,
): CellState {
  const outcomes = cell.outcomes - 1;
  return to === cell.latestTo && sequence === cell.latestSequence
    ? withLatest(cell, outcomes, findLatest())
    : { ...cell, outcomes };
}

function withLatest(cell: CellState, outcomes: number, latest: StockValue | null): CellState {
  if (!latest) return { ...EMPTY_CELL, outcomes };
  const { quantity, low, high, to, sequence } = latest;
  return {
    ...cell,
    outcomes,
    amount: quantity,
    low: low ?? 0n,
    high: high ?? 0n,
    openLow: low === null ? 1 : 0,
    openHigh: high === null ? 1 : 0,
    latestTo: to,
    latestSequence: sequence,
  };
}

export function stockValueOf(
  outcome: Pick<RecordedOutcome, 'quantity' | 'bounds' | 'effective'>,
  sequence: number,
): StockValue {
  const { quantity, effective } = outcome;
  const { low, high } = boundsOf(outcome);
  assert(quantity !== undefined, 'a stock has a quantity');
  return {
    to: effective.to,
    sequence,
    quantity: BigInt(quantity),
    low: low === null ? null : BigInt(low),
    high: high === null ? null : BigInt(high),
  };
}

type Latest = Pick<CellState, 'latestTo' | 'latestSequence'>;

/** Returns whichever of two states of stock cells has the later value. */
export function laterOf<One extends Latest, Other extends Latest>(one: One, other: Other): One | Other {
  if (one.latestTo !== other.latestTo) return one.latestTo > other.latestTo ? one : other;
  return one.latestSequence > other.latestSequence ? one : other;
}

export function keepsLatestOnly(kind: MeasureKind): boolean {
  return KINDS[kind].counts === 'latest';
}

/** A cell is stored as one short text: eight columns would cost more to bind than the text costs to parse. */
export function encodeCell(cell: CellState): string {
  const { outcomes, amount, denominator, low, high, openLow, openHigh, apart } = cell;
  const { latestTo, latestSequence } = cell;
  const figures = `${outcomes} ${amount} ${denominator} ${low} ${high} ${openLow} ${openHigh} ${apart}`;
  return latestSequence < 0 ? figures : `${figures} ${latestTo} ${latestSequence}`;
}

export function decodeCell(text: string): CellState {
  const [outcomes, amount, denominator, low, high, openLow, openHigh, apart, latestTo, latestSequence] =
    text.split(' ');
  return {
    outcomes: Number(outcomes),
    amount: BigInt(amount!),
    denominator: BigInt(denominator!),
    low: BigInt(low!),
    high: BigInt(high!),
    openLow: Number(openLow),
    openHigh: Number(openHigh),
    apart: Number(apart),
    latestTo: latestTo ?? '',
    latestSequence: Number(latestSequence ?? -1),
  };
}
