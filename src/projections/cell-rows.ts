/**
 * Rows of figures as the views file holds them, each with a mark over what no reader can work out again, so that
 * nobody takes a row with a flipped bit for what was projected.
 */
import type { CellKey, StockValue } from './cell.js';
import { markOf } from './mark.js';
import { refuseUnmarked } from './views-file.js';

export interface CellRow extends CellKey {
  readonly id: number;
  /** Of the last event that changed it. */
  readonly sequence: number;
  readonly state: string;
}
export type MarkedCell = CellRow & { readonly mark: number };

/** What a cell was after an event. */
export interface PastState {
  readonly cell: number;
  readonly sequence: number;
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
export function markOfLogged({ cell, sequence, state }: PastState): number {
  return markOf([cell, sequence], state);
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

/** @throws ViewsDamaged */
export function trustedStateOf(row: MarkedCell): string {
  refuseUnmarked(row.mark, markOfCell(row), `the cell ${row.id}`);
  return row.state;
}

/** @throws ViewsDamaged */
export function trustedPastOf(past: PastState & { readonly mark: number }): string {
  refuseUnmarked(
    past.mark,
    markOfLogged(past),
    `what the cell ${past.cell} was at sequence ${past.sequence}`,
  );
  return past.state;
}
