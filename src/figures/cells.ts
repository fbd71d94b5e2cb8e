/**
 * The cells behind a figure, as they stood at a moment.
 *
 * Cost: the number of cells that match, and one look-up in its log for each that changed since; never the
 * number of outcomes or the length of history.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { startYearOf, type FinancialYear } from '../kernel/financial-year.js';
import { decodeCell, type CellKey, type CellState } from '../read-models/cell.js';
import { OVERLAPPED } from '../read-models/overlaps.js';
import { prepared, ViewsDamaged } from '../read-models/views-file.js';

export interface CellFilter {
  readonly measures: readonly string[];
  readonly programme?: string | undefined;
  readonly organisation?: string | undefined;
  readonly from: FinancialYear;
  readonly to: FinancialYear;
}

export interface Cell extends CellKey {
  readonly id: number;
  /** The sequence of the last event that changed the cell. */
  readonly sequence: number;
  readonly state: CellState;
  /** Periods of its outcomes overlap, or of others that differ in their basis alone. */
  readonly overlaps: boolean;
}

/**
 * A cell as it is now and, where it changed after the moment, the first row of its log after that. As an array, because
 * making objects of its columns would cost the driver more than all the rest.
 */
type Row = readonly [
  id: number,
  measure: string,
  year: number,
  programme: string,
  organisation: string,
  basis: string,
  breakdown: string,
  sequence: number,
  state: string,
  pastState: string | null,
  overlaps: 0 | 1,
];

/** The order of the index, after the measure. */
const KEY = 'cells.year, cells.programme, cells.organisation, cells.basis, cells.breakdown';

/** Cells that are read at once, in some ten milliseconds. */
const PAGE_SIZE = 500;

/**
 * The cells in pages; those that had nothing at that moment have an empty state. What is recorded between two pages
 * changes nothing in them: the log of a cell has what it was at the moment.
 */
export function* pagesOfCells(views: Database, filter: CellFilter, sequence: number): Generator<Cell[]> {
  const conditions = ['cells.measure = ?', 'cells.year BETWEEN ? AND ?', `(${KEY}) > (?, ?, ?, ?, ?)`];
  const values: string[] = [];
  for (const field of ['programme', 'organisation'] as const) {
    const value = filter[field];
    if (value === undefined) continue;
    conditions.push(`cells.${field} = ?`);
    values.push(value);
  }
  const select = prepared(
    views,
    `SELECT cells.*, past.state, ${OVERLAPPED}
     FROM cells LEFT JOIN cell_log AS past ON past.cell = cells.id AND past.sequence = iif(cells.sequence > ?,
       (SELECT min(sequence) FROM cell_log WHERE cell = cells.id AND sequence > ?), NULL)
     WHERE ${conditions.join(' AND ')} ORDER BY ${KEY} LIMIT ${PAGE_SIZE}`,
  ).raw();
  const years = [startYearOf(filter.from), startYearOf(filter.to)];
  for (const asked of filter.measures) {
    let after: readonly (string | number)[] = [years[0]!, '', '', '', ''];
    for (let rows: Row[] | null = null; rows === null || rows.length === PAGE_SIZE;) {
      rows = select.all(
        sequence,
        sequence,
        sequence,
        sequence,
        asked,
        ...years,
        ...after,
        ...values,
      ) as Row[];
      after = (rows.at(-1)?.slice(2, 7) ?? after) as (string | number)[];
      yield rows.map((row) => cellOf(row, sequence));
    }
  }
}

/** Cells in order of id. */
export function inOrder(cells: Cell[]): Cell[] {
  return cells.sort((one, other) => one.id - other.id);
}

/** Every member is named, not spread: this runs for each of thousands of cells, and is five times as fast. */
function cellOf(row: Row, moment: number): Cell {
  const [id, measure, year, programme, organisation, basis, breakdown, sequence, present, past, overlaps] =
    row;
  const text = sequence <= moment ? present : past;
  if (text === null)
    throw new ViewsDamaged(
      `the figures of cell ${id} after sequence ${moment} are lost from the read models`,
    );
  const state = decodeCell(text);
  return {
    id,
    measure,
    year,
    programme,
    organisation,
    basis,
    breakdown,
    sequence,
    state,
    overlaps: overlaps === 1,
  };
}

/** The last financial year for which anything stands, as the calendar year it starts in. */
export function lastYearWithData(cells: readonly Cell[]): number | null {
  const years = cells.filter(({ state }) => state.outcomes > 0).map(({ year }) => year);
  return years.length === 0 ? null : years.reduce((one, other) => Math.max(one, other));
}

export function groupedBy<Key>(cells: readonly Cell[], keyOf: (cell: Cell) => Key): Map<Key, Cell[]> {
  const groups = new Map<Key, Cell[]>();
  for (const cell of cells) {
    const known = groups.get(keyOf(cell));
    if (known) known.push(cell);
    else groups.set(keyOf(cell), [cell]);
  }
  return groups;
}
