/**
 * Rows of figures as the views file holds them, each with a mark over all of its values, so that nobody takes a
 * row with a flipped bit for what was projected.
 */
import type { CellKey, StockValue } from './cell.js';
import { markOf, refuseUnmarked } from './views-file.js';

export interface CellRow extends CellKey {
  readonly id: number;
  /** Of the last event that changed it. */
  readonly sequence: number;
  readonly state: string;
}
export type MarkedCell = CellRow & { readonly mark: number };

/** In the order of its columns. */
export interface LoggedRow {
  readonly cell: number;
  readonly sequence: number;
  /** 1 where the event put an outcome into the cell. */
  readonly adds: number;
  readonly submission: Buffer;
  readonly line: number;
  /** Of the event in its stream. */
  readonly revision: number;
  readonly state: string;
}
export type MarkedLogged = LoggedRow & { readonly mark: number };

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
  return markOf(id, measure, year, programme, organisation, basis, series, sequence, state);
}

export function markOfLogged({ cell, sequence, adds, submission, line, revision, state }: LoggedRow): number {
  return markOf(cell, sequence, adds, submission.toString('latin1'), line, revision, state);
}

export function markOfStockValue(row: StockRow): number {
  const { cell, effective_to, sequence, submission, line, quantity, low, high } = row;
  return markOf(cell, effective_to, sequence, submission.toString('latin1'), line, quantity, low, high);
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
