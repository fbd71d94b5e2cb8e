/**
 * A cell holds the running figures of one measure × breakdown × programme × organisation × financial year, and of a
 * measure whose outcomes all count, × basis.
 *
 * Figures are BigInt: sums of safe integers stay exact however many there are. A flow adds quantities up; a
 * ratio adds numerators and denominators up apart; a stock holds its latest value of any basis, where the later
 * effective date wins and, on the same date, the one first recorded later: a correction keeps its place. A rate, and a
 * percent alone, is counted and never added.
 *
 * A cell also holds what each kind of event has changed in its amount so far. What changed between two moments is then
 * the difference of two states, however many events lie between them.
 */
import { KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { assert, unreachable } from '../kernel/assert.js';
import { financialYearOf, startYearOf, type CalendarDate } from '../kernel/financial-year.js';
import type { OutcomeFigures, RecordedOutcome } from '../domain/outcome.js';
import type { OutcomeEvent } from '../domain/submission-event.js';

export interface CellKey {
  readonly measure: string;
  /** A value of each of the measure's breakdowns, `age=60-plus,sex=female`; empty for the whole. */
  readonly breakdown: string;
  readonly programme: string;
  /** The organisation's id is empty where no organisation is named. */
  readonly organisation: string;
  /** The calendar year in which the financial year starts. */
  readonly year: number;
  /** Empty for a stock: whichever value is the latest stands, on whatever basis. */
  readonly basis: string;
}

/** The lines of a bridge that a cell keeps; what it was changed by besides them was recorded for the first time. */
export const KEPT_LINES = ['corrected', 're-dated', 'moved', 'withdrawn'] as const;
type KeptLine = (typeof KEPT_LINES)[number];
export type LineOfEvent = KeptLine | 'recorded';

/** The line in which an event stands, whatever figure is asked about: so bridges of parts add up to that of the whole. */
export function lineOf({ schema, data }: OutcomeEvent): LineOfEvent {
  switch (schema) {
    case 'outcome@2':
      return 'recorded';
    case 'outcome-corrected@2': {
      const { replaces, ...facts } = data.facts;
      if (facts.measureId !== replaces.measureId || facts.organisationId !== replaces.organisationId)
        return 'moved';
      const isOfYear = financialYearOf(facts.effective.to) === financialYearOf(replaces.effective.to);
      return isOfYear ? 'corrected' : 're-dated';
    }
    case 'outcome-withdrawn@2':
    case 'outcome-reinstated@2':
      return 'withdrawn';
    default:
      return unreachable(schema);
  }
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
  /** The day of a stock's latest value, the sequence at which that was first recorded, and its basis; else empty and −1. */
  readonly latestTo: string;
  readonly latestSequence: number;
  readonly latestBasis: string;
  readonly lines: Readonly<Record<KeptLine, bigint>>;
}

const NO_LINES: CellState['lines'] = { corrected: 0n, 're-dated': 0n, moved: 0n, withdrawn: 0n };

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
  latestBasis: '',
  lines: NO_LINES,
};

export function cellKeyOf(figures: OutcomeFigures, programme: string, kind: MeasureKind): CellKey {
  return {
    measure: figures.measureId,
    breakdown: breakdownText(figures.breakdown),
    programme,
    organisation: figures.organisationId ?? '',
    year: startYearOf(financialYearOf(figures.effective.to)),
    basis: keepsLatestOnly(kind) ? '' : figures.basis,
  };
}

export function breakdownText(breakdown: Readonly<Record<string, string>> = {}): string {
  const parts = Object.entries(breakdown).map(([name, value]) => `${name}=${value}`);
  return parts.sort().join(',');
}

export interface StockValue {
  readonly to: CalendarDate;
  /** The sequence at which the outcome was first recorded. */
  readonly sequence: number;
  readonly basis: string;
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
    latestBasis: cell.latestBasis,
    lines: cell.lines,
  };
  assert(
    next.outcomes >= 0 && next.openLow >= 0 && next.openHigh >= 0 && next.apart >= 0,
    'a cell holds what was taken out of it',
  );
  return next;
}

export function addStockValue(cell: CellState, value: StockValue): CellState {
  const outcomes = cell.outcomes + 1;
  const { to, sequence } = value;
  const isLatest = to > cell.latestTo || (to === cell.latestTo && sequence > cell.latestSequence);
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
  if (!latest) return { ...EMPTY_CELL, outcomes, lines: cell.lines };
  const { quantity, low, high, to, sequence, basis } = latest;
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
    latestBasis: basis,
  };
}

/** A cell whose amount an event has changed keeps that change in the line of the event. */
export function withLine(before: CellState, after: CellState, line: LineOfEvent): CellState {
  if (line === 'recorded' || before.amount === after.amount) return after;
  const lines = { ...after.lines, [line]: after.lines[line] + after.amount - before.amount };
  return { ...after, lines };
}

export function stockValueOf(
  outcome: Pick<RecordedOutcome, 'quantity' | 'bounds' | 'effective' | 'basis'>,
  sequence: number,
): StockValue {
  const { quantity, effective, basis } = outcome;
  const { low, high } = boundsOf(outcome);
  assert(quantity !== undefined, 'a stock has a quantity');
  return {
    to: effective.to,
    sequence,
    basis,
    quantity: BigInt(quantity),
    low: low === null ? null : BigInt(low),
    high: high === null ? null : BigInt(high),
  };
}

export function keepsLatestOnly(kind: MeasureKind): boolean {
  return KINDS[kind].counts === 'latest';
}

/**
 * A cell is stored as one short text: many columns would cost more to bind than the text costs to parse. Lines follow
 * a bar, where there are any.
 */
export function encodeCell(cell: CellState): string {
  const { outcomes, amount, denominator, low, high, openLow, openHigh, apart } = cell;
  const { latestTo, latestSequence, latestBasis, lines } = cell;
  const figures = `${outcomes} ${amount} ${denominator} ${low} ${high} ${openLow} ${openHigh} ${apart}`;
  const state = latestSequence < 0 ? figures : `${figures} ${latestTo} ${latestSequence} ${latestBasis}`;
  const kept = KEPT_LINES.map((line) => lines[line]);
  return kept.some((amount) => amount !== 0n) ? `${state}|${kept.join(' ')}` : state;
}

export function decodeCell(text: string): CellState {
  const [state, kept] = text.split('|');
  const [outcomes, amount, denominator, low, high, openLow, openHigh, apart, to, sequence, basis] =
    state!.split(' ');
  return {
    outcomes: Number(outcomes),
    amount: BigInt(amount!),
    denominator: BigInt(denominator!),
    low: BigInt(low!),
    high: BigInt(high!),
    openLow: Number(openLow),
    openHigh: Number(openHigh),
    apart: Number(apart),
    latestTo: to ?? '',
    latestSequence: Number(sequence ?? -1),
    latestBasis: basis ?? '',
    lines: kept === undefined ? NO_LINES : decodeLines(kept),
  };
}

function decodeLines(text: string): CellState['lines'] {
  const [corrected = 0n, redated = 0n, moved = 0n, withdrawn = 0n] = text.split(' ').map(BigInt);
  return { corrected, 're-dated': redated, moved, withdrawn };
}
