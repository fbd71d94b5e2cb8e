/**
 * The cells behind a figure, as they stood at a moment.
 *
 * Cost: the number of cells that match, and one look-up in its log for each that changed since; never the
 * number of outcomes or the length of history.
 */
import type { Database } from 'better-sqlite3';
import { startYearOf, type FinancialYear } from '../kernel/financial-year.js';
import { trustedPastOf, trustedStateOf, type MarkedCell } from '../projections/cell-rows.js';
import { decodeCell, EMPTY_CELL, type CellKey, type CellState } from '../projections/cell.js';
import { prepared } from '../projections/views-file.js';

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

/** Its state is the present one. Where it changed after the moment there is, if any, the last one before it. */
type Row = MarkedCell & {
  readonly past_sequence: number | null;
  readonly past_state: string;
  readonly past_mark: number;
};

/** In order of id; those that had nothing at that moment have an empty state. */
export function cellsAt(views: Database, filter: CellFilter, sequence: number): Cell[] {
  const conditions = ['cells.measure = ?', 'cells.year BETWEEN ? AND ?'];
  const values: string[] = [];
  for (const field of ['programme', 'organisation'] as const) {
    const value = filter[field];
    if (value === undefined) continue;
    conditions.push(`cells.${field} = ?`);
    values.push(value);
  }
  const select = prepared(
    views,
    `SELECT cells.*, past.sequence AS past_sequence, past.state AS past_state, past.mark AS past_mark
     FROM cells LEFT JOIN cell_log AS past ON cells.sequence > ? AND past.cell = cells.id AND past.sequence =
       (SELECT max(sequence) FROM cell_log WHERE cell = cells.id AND sequence <= ?)
     WHERE ${conditions.join(' AND ')}`,
  );
  const years = [startYearOf(filter.from), startYearOf(filter.to)];
  const cells: Cell[] = [];
  for (const asked of filter.measures) {
    const rows = select.all(sequence, sequence, asked, ...years, ...values) as Row[];
    for (const row of rows) {
      const { id, measure, year, programme, organisation, basis, series } = row;
      cells.push({
        id,
        measure,
        year,
        programme,
        organisation,
        basis,
        series,
        sequence: row.sequence,
        state: stateAt(row, sequence),
      });
    }
  }
  return cells.sort((one, other) => one.id - other.id);
}

function stateAt(row: Row, moment: number): CellState {
  const present = trustedStateOf(row);
  if (row.sequence <= moment) return decodeCell(present);
  const { id: cell, past_sequence: sequence, past_state: state, past_mark: mark } = row;
  return sequence === null ? EMPTY_CELL : decodeCell(trustedPastOf({ cell, sequence, state, mark }));
}

/** The last financial year for which anything stands, as the calendar year it starts in. */
export function lastYearWithData(cells: readonly Cell[]): number | null {
  const years = cells.filter(({ state }) => state.outcomes > 0).map(({ year }) => year);
  return years.length === 0 ? null : years.reduce((one, other) => Math.max(one, other));
}
