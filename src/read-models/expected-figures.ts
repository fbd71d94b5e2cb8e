/**
 * What the cells must come to by the events: a second fold, for the self-check and `ledger verify --live`, that shares
 * nothing with the projector's.
 *
 * Flows and ratios are added up in full. Of a stock only the number of outcomes that stand is kept, because to
 * find its latest value again, once that is withdrawn, takes all of its values: `ledger replay` compares those.
 * Memory grows with the number of cells, never with that of outcomes.
 */
import { KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { financialYearOf } from '../kernel/financial-year.js';
import type { LedgerEvent } from '../domain/upcast.js';
import type { RecordedOutcome, ReplacedOutcome } from '../domain/outcome.js';
import type { CellKey } from './cell.js';
import { markOfCell, type MarkedCell } from './cell-rows.js';

/** A cell as the views have it, its state as text. */
export interface CellRow extends MarkedCell {
  /** The sequence of the last row in the cell's log. */
  readonly logged: number | null;
}
export const CELLS =
  'SELECT *, (SELECT max(sequence) FROM cell_log WHERE cell = cells.id) AS logged FROM cells';

type Figures = Omit<RecordedOutcome, 'outcomeId' | 'programmeId'> | ReplacedOutcome;

interface Sums {
  readonly kind: MeasureKind;
  outcomes: number;
  amount: bigint;
  denominator: bigint;
  low: bigint;
  high: bigint;
  apart: number;
}

export class ExpectedFigures {
  private readonly measures = new Map<string, { readonly kind: MeasureKind; readonly series: number[] }>();
  private readonly cells = new Map<string, Sums>();
  /** How many outcomes stand. */
  outcomes = 0;

  take({ schema, data }: LedgerEvent): void {
    switch (schema) {
      case 'measure-defined@1':
        this.measures.set(data.measureId, { kind: data.kind, series: [1] });
        break;
      case 'measure-revised@1': {
        const { series } = this.measures.get(data.measureId)!;
        series.push(series.at(-1)! + (data.comparable ? 0 : 1));
        break;
      }
      case 'outcome@1':
        this.add(data, data.programmeId, 1);
        break;
      case 'outcome-corrected@1':
        this.add(data.replaces, data.programmeId, -1);
        this.add(data, data.programmeId, 1);
        break;
      case 'outcome-withdrawn@1':
        this.add(data.replaces, data.programmeId, -1);
        break;
      default:
        break; // The others say nothing of figures.
    }
  }

  private add(figures: Figures, programme: string, sign: 1 | -1): void {
    const { measureId, measureVersion, organisationId = '', quantity = 0, range, effective, basis } = figures;
    const { kind, series } = this.measures.get(measureId)!;
    const year = Number(financialYearOf(effective.to).slice(0, 4));
    const name = nameOf({
      measure: measureId,
      series: series[measureVersion - 1]!,
      programme,
      organisation: organisationId,
      year,
      basis,
    });
    let sums = this.cells.get(name);
    if (!sums) {
      sums = { kind, outcomes: 0, amount: 0n, denominator: 0n, low: 0n, high: 0n, apart: 0 };
      this.cells.set(name, sums);
    }
    const signed = (value: number) => BigInt(sign * value);
    this.outcomes += sign;
    sums.outcomes += sign;
    sums.amount += signed(figures.numerator ?? quantity);
    sums.denominator += signed(figures.denominator ?? 0);
    sums.low += signed(range?.low ?? quantity);
    sums.high += signed(range?.high ?? quantity);
    if ((figures.percent ?? figures.rate) !== undefined) sums.apart += sign;
  }

  /** Where the views differ from the events, in words; null where they do not. */
  differenceFrom(rows: readonly CellRow[]): string | null {
    const missing = new Set(this.cells.keys());
    for (const row of rows) {
      const name = nameOf(row);
      const sums = this.cells.get(name);
      missing.delete(name);
      if (!sums) return `the figures of ${name} are in the views, but in no event`;
      const expected = textOf(sums);
      const actual = KINDS[sums.kind].counts === 'latest' ? row.state.split(' ', 1)[0] : row.state;
      if (actual !== expected)
        return `the figures of ${name} are "${actual}" in the views, but "${expected}" by the events`;
      if (row.sequence !== row.logged)
        return `the figures of ${name} are of sequence ${row.sequence}, but of ${row.logged} in their log`;
      if (row.mark !== markOfCell(row)) return `the figures of ${name} are not as they were written`;
    }
    const [first] = missing;
    return first === undefined ? null : `the figures of ${first} are in the events, but not in the views`;
  }
}

function nameOf({ measure, series, programme, organisation, year, basis }: CellKey): string {
  const by = organisation === '' ? 'no organisation' : organisation;
  return `${measure} (series ${series}), ${programme}, ${by}, ${year}, ${basis}`;
}

/** As cells are written; for a stock, the first part of that. */
function textOf({ kind, outcomes, amount, denominator, low, high, apart }: Sums): string {
  if (KINDS[kind].counts === 'latest') return `${outcomes}`;
  return `${outcomes} ${amount} ${denominator} ${low} ${high} ${apart}`;
}
