/**
 * A second fold, which shares nothing with the projector's, says what the cells and their log must come to by the
 * events. The self-check and `ledger verify --live` use it.
 *
 * Flows and ratios are added up in full, and each state in the log is compared with the sum at that event. For a stock
 * only the number of standing outcomes is kept: to find its latest value again, once that is withdrawn, takes all of
 * its values, which `ledger verify --live` compares. Memory grows with the number of cells, never with the number of
 * outcomes.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import type { OutcomeFigures, ReplacedOutcome } from '../domain/outcome.js';
import type { OutcomeEvent } from '../domain/submission-event.js';
import { financialYearOf } from '../kernel/financial-year.js';
import { parseOutcomeId } from '../kernel/ids.js';
import type { CellKey } from './cell.js';
import { Difference, OF_NO_OUTCOME, type At, type Expectation, type Handlers } from './read-model.js';
import { prepared, submissionKey } from './views-file.js';

interface Sums {
  readonly name: string;
  readonly kind: MeasureKind;
  /** The number of the cell in the views, once its log has told it. */
  id: number | null;
  outcomes: number;
  amount: bigint;
  denominator: bigint;
  low: bigint;
  high: bigint;
  openLow: number;
  openHigh: number;
  apart: number;
  /** Each kind of correction and withdrawal, with all that it has changed in the amount. */
  readonly lines: Record<ChangeKind, bigint>;
}

type ChangeKind = 'corrected' | 're-dated' | 'moved' | 'withdrawn';

/** An outcome that an event puts into a cell, or takes out of it. */
interface Change {
  readonly cell: Sums;
  readonly figures: OutcomeFigures;
  readonly sign: 1 | -1;
  /** The line of a bridge that a correction or a withdrawal stands in. */
  readonly line: ChangeKind | null;
}

/** A cell as the views have it, its state as text. */
interface CellRow extends CellKey {
  readonly id: number;
  readonly sequence: number;
  readonly state: string;
  /** The sequence of the last row in the cell's log. */
  readonly logged: number | null;
  /** The latest value of a stock that stands in it, as the end of a state; null where there is none. */
  readonly latest: string | null;
  readonly values: number;
}

/** The figures that the events add up to. */
export class ExpectedFigures {
  private readonly kinds = new Map<string, MeasureKind>();
  private readonly cells = new Map<string, Sums>();
  /** The number of outcomes that stand. */
  outcomes = 0;
  readonly handlers: Handlers;

  constructor() {
    const changes = (event: OutcomeEvent) => this.changesOf(event).forEach((change) => this.apply(change));
    this.handlers = {
      ...OF_NO_OUTCOME,
      'measure-defined@2': ({ data: { facts } }) => void this.kinds.set(facts.measureId, facts.kind),
      // The kind of a measure never changes.
      'measure-revised@2': 'nothing',
      'outcome@2': changes,
      'outcome-corrected@2': changes,
      'outcome-withdrawn@2': changes,
      'outcome-reinstated@2': changes,
      'outcome-erased@2': 'nothing',
    };
  }

  /** Returns the changes that an event makes: an outcome leaves its cell before it enters another. */
  changesOf({ schema, data }: OutcomeEvent): readonly Change[] {
    const { programmeId } = data.facts;
    if (schema === 'outcome@2') return [this.change(data.facts, programmeId, 1)];
    if (schema === 'outcome-reinstated@2')
      return [{ ...this.change(data.facts, programmeId, 1), line: 'withdrawn' }];
    const left = this.change(data.facts.replaces, programmeId, -1);
    if (schema === 'outcome-withdrawn@2') return [{ ...left, line: 'withdrawn' }];
    const entered = this.change(data.facts, programmeId, 1);
    const was = left.figures;
    const isMoved =
      was.measureId !== data.facts.measureId || was.organisationId !== data.facts.organisationId;
    const isRedated = financialYearOf(was.effective.to) !== financialYearOf(data.facts.effective.to);
    const line = isMoved ? 'moved' : isRedated ? 're-dated' : 'corrected';
    return [
      { ...left, line },
      { ...entered, line },
    ];
  }

  private change(figures: OutcomeFigures, programme: string, sign: 1 | -1): Change {
    const { measureId, organisationId = '', breakdown = {}, effective, basis } = figures;
    const kind = this.kinds.get(measureId)!;
    const parts = Object.keys(breakdown).sort();
    const name = nameOf({
      measure: measureId,
      breakdown: parts.map((part) => `${part}=${breakdown[part]}`).join(','),
      programme,
      organisation: organisationId,
      year: Number(financialYearOf(effective.to).slice(0, 4)),
      basis: KINDS[kind].counts === 'latest' ? '' : basis,
    });
    let cell = this.cells.get(name);
    if (!cell) {
      const sums = { outcomes: 0, amount: 0n, denominator: 0n, low: 0n, high: 0n };
      const counts = { openLow: 0, openHigh: 0, apart: 0 };
      const lines = { corrected: 0n, 're-dated': 0n, moved: 0n, withdrawn: 0n };
      this.cells.set(name, (cell = { name, kind, id: null, ...sums, ...counts, lines }));
    }
    return { cell, figures, sign, line: null };
  }

  apply({ cell, figures, sign, line }: Change): void {
    const { quantity = 0, bounds = { low: quantity, high: quantity } } = figures;
    const signed = (value: number) => BigInt(sign * value);
    this.outcomes += sign;
    cell.outcomes += sign;
    const amount = signed(figures.numerator ?? quantity);
    cell.amount += amount;
    if (line !== null) cell.lines[line] += amount;
    cell.denominator += signed(figures.denominator ?? 0);
    cell.low += signed(bounds.low ?? 0);
    cell.high += signed(bounds.high ?? 0);
    if (bounds.low === undefined) cell.openLow += sign;
    if (bounds.high === undefined) cell.openHigh += sign;
    if ((figures.percent ?? figures.rate) !== undefined) cell.apart += sign;
  }

  /** @throws Difference where the views have other cells than the events come to */
  compare(rows: readonly CellRow[]): void {
    const missing = new Set(this.cells.keys());
    for (const row of rows) {
      const name = nameOf(row);
      const cell = this.cells.get(name);
      missing.delete(name);
      if (!cell) throw new Difference(`the figures of ${name} are in the views, but in no event`);
      refuseOtherState(row.state, cell, `the figures of ${name}`);
      if (row.sequence !== row.logged)
        throw new Difference(
          `the figures of ${name} are of sequence ${row.sequence}, but of ${row.logged} in their log`,
        );
      if (cell.id !== null && cell.id !== row.id)
        throw new Difference(`the figures of ${name} have the number ${row.id}, but ${cell.id} in their log`);
      if (KINDS[cell.kind].counts === 'latest') compareStock(row, cell);
    }
    const [first] = missing;
    if (first !== undefined)
      throw new Difference(`the figures of ${first} are in the events, but not in the views`);
  }
}

/** The state of a stock is held to its values, which only `ledger verify --live` compares with the events. */
function compareStock({ state, values, latest }: CellRow, { name, outcomes }: Sums): void {
  if (values !== outcomes)
    throw new Difference(`the views have ${values} values of ${name}, but ${outcomes} outcomes stand`);
  const expected = `${outcomes} ${latest ?? '0 0 0 0 0 0 0'}`;
  const [found] = state.split('|', 1);
  if (found !== expected)
    throw new Difference(
      `the figures of ${name} are "${found}" in the views, but "${expected}" by its values`,
    );
}

/** A stock's state is compared by its first word only, the number of outcomes that stand. */
function refuseOtherState(found: string, cell: Sums, what: string): void {
  const { kind, outcomes, amount, denominator, low, high, openLow, openHigh, apart, lines } = cell;
  const kept = `${lines.corrected} ${lines['re-dated']} ${lines.moved} ${lines.withdrawn}`;
  const state = `${outcomes} ${amount} ${denominator} ${low} ${high} ${openLow} ${openHigh} ${apart}`;
  const sums = kept === '0 0 0 0' ? state : `${state}|${kept}`;
  const [actual, expected] =
    KINDS[kind].counts === 'latest' ? [found.split(' ', 1)[0], `${outcomes}`] : [found, sums];
  if (actual === expected) return;
  throw new Difference(`${what} are "${actual}" in the views, but "${expected}" by the events`);
}

function nameOf({ measure, breakdown, programme, organisation, year, basis }: CellKey): string {
  const by = organisation === '' ? 'no organisation' : organisation;
  const part = breakdown === '' ? '' : ` (${breakdown})`;
  return `${measure}${part}, ${programme}, ${by}, ${year}${basis === '' ? '' : `, ${basis}`}`;
}

export function cellRows(views: Database): readonly CellRow[] {
  return views
    .prepare(
      `SELECT *, (SELECT max(sequence) FROM cell_log WHERE cell = cells.id) AS logged,
         (SELECT count(*) FROM stock_values WHERE cell = cells.id) AS "values",
         (SELECT concat_ws(' ', quantity, 0, iif(low = '', 0, low), iif(high = '', 0, high), low = '',
            high = '', 0, effective_to, sequence, basis) FROM stock_values
          WHERE cell = cells.id ORDER BY effective_to DESC, sequence DESC LIMIT 1) AS latest
       FROM cells`,
    )
    .all() as CellRow[];
}

interface LoggedRow {
  readonly number: number;
  readonly cell: number;
  readonly sequence: number;
  readonly adds: number;
  readonly submission: Buffer;
  readonly line: number;
  readonly revision: number;
  readonly state: string;
}

/** An event changes two cells at most. */
const LOG_ROWS_A_READ = 1_000;

export class ExpectedCells implements Expectation {
  private readonly figures = new ExpectedFigures();
  private logged: LoggedRow[] = [];
  private loggedTo = 0;
  private readonly log: Statement;
  readonly handlers: Handlers;

  constructor(private readonly views: Database) {
    this.log = views.prepare(
      'SELECT rowid AS number, * FROM cell_log WHERE rowid > ? ORDER BY rowid LIMIT ?',
    );
    const changes = (event: OutcomeEvent, at: At) => this.compareLog(event, at);
    this.handlers = {
      ...this.figures.handlers,
      'outcome@2': changes,
      'outcome-corrected@2': changes,
      'outcome-withdrawn@2': changes,
      'outcome-reinstated@2': changes,
    };
  }

  get outcomes(): number {
    return this.figures.outcomes;
  }

  takeRows(): () => void {
    const rows = cellRows(this.views);
    return () => this.figures.compare(rows);
  }

  private compareLog(event: OutcomeEvent, { recorded: { revision }, sequence }: At): void {
    const { submissionId, line } = parseOutcomeId(event.data.facts.outcomeId);
    const submission = submissionKey(submissionId);
    const changes = this.figures.changesOf(event);
    const [first, last] = [changes[0]!, changes.at(-1)!];
    // An outcome that stays in its cell changes it once.
    const logged = first.cell === last.cell ? [last] : changes;
    const rows = this.takeLogged(sequence);
    if (rows.length !== logged.length)
      throw new Difference(`the figures’ log has not what the event at sequence ${sequence} changed`);
    for (const [index, { cell, sign }] of logged.entries()) {
      const row = rows[index]!;
      const isOfEvent = row.line === line && row.revision === revision && row.submission.equals(submission);
      if (!isOfEvent || row.adds !== Math.max(sign, 0) || (cell.id ??= row.cell) !== row.cell)
        throw new Difference(`the log of cell ${row.cell} at sequence ${sequence} is not of that event`);
      refuseOtherState(row.state, cell, `until sequence ${sequence} the figures of ${cell.name}`);
    }
    for (const change of changes) this.figures.apply(change);
    const { facts } = event.data;
    if ('replaces' in facts) this.compareSuperseded(facts, submission, sequence);
  }

  private compareSuperseded(
    { outcomeId, replaces }: { readonly outcomeId: string; readonly replaces: ReplacedOutcome },
    submission: Buffer,
    sequence: number,
  ): void {
    const { line } = parseOutcomeId(outcomeId);
    const select = 'SELECT sequence FROM supersessions WHERE submission = ? AND line = ? AND revision = ?';
    if (prepared(this.views, select).pluck().get(submission, line, replaces.revision) === sequence) return;
    throw new Difference(`${outcomeId} is not superseded at sequence ${sequence} in the views`);
  }

  /** Takes the next rows of the log that belong to an event. No row is ever deleted, so their numbers have no gaps. */
  private takeLogged(sequence: number): readonly LoggedRow[] {
    const rows: LoggedRow[] = [];
    for (let row = this.nextLogged(); row?.sequence === sequence; row = this.nextLogged()) {
      this.loggedTo += 1;
      if (row.number !== this.loggedTo)
        throw new Difference(`row ${this.loggedTo} of the figures’ log, at sequence ${sequence}, is lost`);
      rows.push(row);
      this.logged.shift();
    }
    return rows;
  }

  private nextLogged(): LoggedRow | undefined {
    if (this.logged.length === 0) {
      this.logged = this.log.all(this.loggedTo, LOG_ROWS_A_READ) as LoggedRow[];
    }
    return this.logged[0];
  }
}
