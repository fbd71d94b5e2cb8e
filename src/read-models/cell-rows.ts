/**
 * Rows of figures as the views file holds them, each with a mark over what no reader can work out again, so that
 * nobody takes a row with a flipped bit for what was projected.
 */
import type { CellKey, StockValue } from './cell.js';
import { markOf, refuseUnmarked, ViewsDamaged } from './mark.js';

export interface CellRow extends CellKey {
  readonly id: number;
  /** Of the last event that changed it. */
  readonly sequence: number;
  readonly state: string;
}
export type MarkedCell = CellRow & { readonly mark: number };

/** What a cell was from one event that changed it until the next. */
export interface PastState {
  readonly cell: number;
  /** Of the event that ended it. */
  readonly sequence: number;
  /** The sequence of the event that began it; −1 where the cell was made for the next. */
  readonly since: number;
  readonly state: string;
}
export type MarkedLogged = PastState & {
  /** 1 where the event put an outcome into the cell. */
  readonly adds: number;
  readonly submission: Buffer;
  readonly line: number;
  /** Of the event in its stream. */
  readonly revision: number;
  readonly mark: number;
};

/** In the order of its columns. */
export interface StockRow {
  readonly cell: number;
  readonly effective_to: StockValue['to'];
  readonly sequence: number;
  readonly submission: Buffer;
  readonly line: number;
  readonly quantity: string;
  readonly low: string;
  readonly high: string;
}

export function markOfCell(row: CellRow): number {
  const { id, measure, year, programme, organisation, basis, series, sequence, state } = row;
  return markOf([id, year, series, sequence], measure, programme, organisation, basis, state);
}

/** Over what a figure as at a past moment is read from. The rest can be worked out again from the event. */
export function markOfLogged({ cell, sequence, since, state }: PastState): number {
  return markOf([cell, sequence, since], state);
}

export function markOfStockValue(row: StockRow): number {
  const { cell, effective_to, sequence, submission, line, quantity, low, high } = row;
  return markOf([cell, sequence, line], effective_to, submission.toString('latin1'), quantity, low, high);
}

export function stockRow(
  cell: number,
  { to, sequence, quantity, low, high }: StockValue,
  { submission, line }: { readonly submission: Buffer; readonly line: number },
): StockRow {
  const [texts, effective_to] = [[quantity, low, high].map(String), to];
  return {
    cell,
    effective_to,
    sequence,
    submission,
    line,
    quantity: texts[0]!,
    low: texts[1]!,
    high: texts[2]!,
  };
}

/** What a version of an outcome stopped standing at. */
export interface Supersession {
  readonly submission: Buffer;
  readonly line: number;
  readonly revision: number;
  readonly sequence: number;
}

export type MarkedSupersession = Supersession & { readonly mark: number };

export function markOfSupersession({ submission, line, revision, sequence }: Supersession): number {
  return markOf([line, revision, sequence], submission.toString('latin1'));
}

/** @throws ViewsDamaged */
export function trustedSupersession(row: MarkedSupersession): Supersession {
  refuseUnmarked(row.mark, markOfSupersession(row), `what superseded an outcome at sequence ${row.sequence}`);
  return row;
}

/** @throws ViewsDamaged */
export function trustedStateOf(row: MarkedCell): string {
  refuseUnmarked(row.mark, markOfCell(row), `the cell ${row.id}`);
  return row.state;
}

/**
 * The state at a moment, by the first row of the cell's log after it. If that began only after the moment, the row that
 * holds what is asked for is lost, and so is what ended the state, if no row is found at all.
 * @throws ViewsDamaged
 */
export function trustedPastOf(past: PastState & { readonly mark: number }, moment: number): string {
  const { cell, sequence, since, state, mark } = past;
  refuseUnmarked(mark, markOfLogged(past), `what the cell ${cell} was before sequence ${sequence}`);
  if (since > moment) throw pastLost(cell, moment);
  return state;
}

export function pastLost(cell: number, moment: number): ViewsDamaged {
  return new ViewsDamaged(`what the cell ${cell} was at sequence ${moment} is lost from the read models`);
}
