/**
 * The cells behind a figure, as they stood at a moment.
 *
 * Cost: the number of cells that match, and one look-up in its log for each that changed since; never the
 * number of outcomes or the length of history.
 */
import type { Database } from 'better-sqlite3';
import { startYearOf, type FinancialYear } from '../kernel/financial-year.js';
import {
  trustedLoggedState,
  trustedStateOf,
  type MarkedCell,
  type MarkedLogged,
} from '../projections/cell-rows.js';
import { decodeCell, EMPTY_CELL, type CellKey, type CellState } from '../projections/cell.js';

export interface CellFilter {
  readonly measures: readonly string[];
  readonly programme?: string | undefined;
  readonly organisation?: string | undefined;
  readonly from: FinancialYear;
  readonly to: FinancialYear;
}

export interface Cell extends CellKey {
  readonly id: number;
  /** Of the last event that changed it, up to now. */
  readonly sequence: number;
  readonly state: CellState;
}

/** In order of id; those that had nothing at that moment have an empty state. */
export function cellsAt(views: Database, filter: CellFilter, sequence: number): Cell[] {
  const conditions = ['measure = ?', 'year BETWEEN ? AND ?'];
  const values: string[] = [];
  for (const field of ['programme', 'organisation'] as const) {
    const value = filter[field];
    if (value === undefined) continue;
    conditions.push(`${field} = ?`);
    values.push(value);
  }
  const select = views.prepare(`SELECT * FROM cells WHERE ${conditions.join(' AND ')}`);
  const loggedAt = views.prepare(
    'SELECT * FROM cell_log WHERE cell = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1',
  );
  const earlierState = (cell: number) => {
    const logged = loggedAt.get(cell, sequence) as MarkedLogged | undefined;
    return logged && trustedLoggedState(logged);
  };
  const cells: Cell[] = [];
  for (const measure of filter.measures) {
    const rows = select.all(
      measure,
      startYearOf(filter.from),
      startYearOf(filter.to),
      ...values,
    ) as MarkedCell[];
    for (const { mark, ...row } of rows) {
      const now = trustedStateOf({ ...row, mark });
      const text = row.sequence <= sequence ? now : earlierState(row.id);
      cells.push({ ...row, state: text === undefined ? EMPTY_CELL : decodeCell(text) });
    }
  }
  return cells.sort((one, other) => one.id - other.id);
}

/** The last financial year for which anything stands, as the calendar year it starts in. */
export function lastYearWithData(cells: readonly Cell[]): number | null {
  const years = cells.filter(({ state }) => state.outcomes > 0).map(({ year }) => year);
  return years.length === 0 ? null : years.reduce((one, other) => Math.max(one, other));
}
