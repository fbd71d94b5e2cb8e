/**
 * A cell holds the running figures of one measure series × programme × organisation × financial year × basis.
 *
 * Figures are BigInt: sums of safe integers stay exact however many there are. A flow adds quantities up; a
 * ratio adds numerators and denominators up apart; a stock holds its latest value, where the later effective
 * date wins and, on the same date, the later recorded. A rate, and a percent alone, is counted and never added.
 */
import { KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { assert } from '../kernel/assert.js';
import { financialYearOf, startYearOf, type CalendarDate } from '../kernel/financial-year.js';
import type { OutcomeContent, RecordedOutcome } from '../domain/outcome.js';

export interface CellKey {
  readonly measure: string;
  readonly series: number;
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
  readonly low: bigint;
  readonly high: bigint;
  /** The number of outcomes whose figure is a percent or a rate alone: these are counted, never added. */
  readonly apart: number;
  /** `latestTo` and `latestSequence` belong to a stock's latest value; without one they are empty and −1. */
  readonly latestTo: string;
  readonly latestSequence: number;
}

export const EMPTY_CELL: CellState = {
  outcomes: 0,
  amount: 0n,
  denominator: 0n,
  low: 0n,
  high: 0n,
  apart: 0,
  latestTo: '',
  latestSequence: -1,
};

type Figures = Pick<
  OutcomeContent,
  'measureId' | 'organisationId' | 'quantity' | 'numerator' | 'denominator' | 'effective' | 'basis' | 'range'
>;

export function cellKeyOf(figures: Figures, programme: string, series: number): CellKey {
  return {
    measure: figures.measureId,
    series,
    programme,
    organisation: figures.organisationId ?? '',
    year: startYearOf(financialYearOf(figures.effective.to)),
    basis: figures.basis,
  };
}

export interface StockValue {
  readonly to: CalendarDate;
  readonly sequence: number;
  readonly quantity: bigint;
  readonly low: bigint;
  readonly high: bigint;
}

/** Adds an outcome to a flow or a ratio, or with `sign` −1 takes it out again. */
export function addFigures(cell: CellState, figures: Figures, sign: 1 | -1): CellState {
  const { quantity = 0, numerator, denominator, range } = figures;
  const isApart = figures.quantity === undefined && numerator === undefined;
  // Every member is named, not spread, which is ten times as fast: this function runs once an event.
  const next: CellState = {
    outcomes: cell.outcomes + sign,
    amount: cell.amount + BigInt(sign * (numerator ?? quantity)),
    denominator: denominator === undefined ? cell.denominator : cell.denominator + BigInt(sign * denominator),
    low: cell.low + BigInt(sign * (range?.low ?? quantity)),
    high: cell.high + BigInt(sign * (range?.high ?? quantity)),
    apart: isApart ? cell.apart + sign : cell.apart,
    latestTo: cell.latestTo,
    latestSequence: cell.latestSequence,
  };
  assert(next.outcomes >= 0 && next.amount >= 0n && next.apart >= 0, 'a cell holds what was taken out of it');
  return next;
}

/** Adds an outcome, recorded after all others, to a stock. */
export function addStockValue(cell: CellState, value: StockValue): CellState {
  const outcomes = cell.outcomes + 1;
  return value.to >= cell.latestTo ? withLatest(cell, outcomes, value) : { ...cell, outcomes };
}

/** @param findLatest finds the latest of the values that are left; it is called only where the latest may have gone */
export function takeOutStockValue(
  cell: CellState,
  to: CalendarDate,
  findLatest: () => StockValue | null,
): CellState {
  const outcomes = cell.outcomes - 1;
  return to === cell.latestTo ? withLatest(cell, outcomes, findLatest()) : { ...cell, outcomes };
}

function withLatest(cell: CellState, outcomes: number, latest: StockValue | null): CellState {
  if (!latest) return { ...EMPTY_CELL, outcomes };
  const { quantity, low, high, to, sequence } = latest;
  return { ...cell, outcomes, amount: quantity, low, high, latestTo: to, latestSequence: sequence };
}

export function stockValueOf(
  outcome: Pick<RecordedOutcome, 'quantity' | 'range' | 'effective'>,
  sequence: number,
): StockValue {
  const { quantity, range, effective } = outcome;
  assert(quantity !== undefined, 'a stock has a quantity');
  return {
    to: effective.to,
    sequence,
    quantity: BigInt(quantity),
    low: BigInt(range?.low ?? quantity),
    high: BigInt(range?.high ?? quantity),
  };
}

/** Returns whichever of two states of stock cells has the later value. */
export function laterOf<State extends Pick<CellState, 'latestTo' | 'latestSequence'>>(
  one: State,
  other: State,
): State {
  if (one.latestTo !== other.latestTo) return one.latestTo > other.latestTo ? one : other;
  return one.latestSequence > other.latestSequence ? one : other;
}

export function keepsLatestOnly(kind: MeasureKind): boolean {
  return KINDS[kind].counts === 'latest';
}

/** A cell is stored as one short text: eight columns would cost more to bind than the text costs to parse. */
export function encodeCell(cell: CellState): string {
  const { outcomes, amount, denominator, low, high, apart, latestTo, latestSequence } = cell;
  const figures = `${outcomes} ${amount} ${denominator} ${low} ${high} ${apart}`;
  return latestSequence < 0 ? figures : `${figures} ${latestTo} ${latestSequence}`;
}

export function decodeCell(text: string): CellState {
  const [outcomes, amount, denominator, low, high, apart, latestTo, latestSequence] = text.split(' ');
  return {
    outcomes: Number(outcomes),
    amount: BigInt(amount!),
    denominator: BigInt(denominator!),
    low: BigInt(low!),
    high: BigInt(high!),
    apart: Number(apart),
    latestTo: latestTo ?? '',
    latestSequence: Number(latestSequence ?? -1),
  };
}
