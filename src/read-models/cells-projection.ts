/** Outcome events into cells: the running figures, their log, and what superseded what. */
import type { Database, Statement } from 'better-sqlite3';
import type { Measure } from '../domain/measure.js';
import { assert, unreachable } from '../kernel/assert.js';
import { parseOutcomeId, type SubmissionId } from '../kernel/ids.js';
import type { LedgerEvent } from '../domain/upcast.js';
import type { RecordedOutcome, ReplacedOutcome } from '../domain/outcome.js';
import type { SubmissionEvent } from '../domain/submission.js';
import {
  addFigures,
  addStockValue,
  cellKeyOf,
  decodeCell,
  EMPTY_CELL,
  encodeCell,
  keepsLatestOnly,
  stockValueOf,
  takeOutStockValue,
  type CellKey,
  type CellState,
  type StockValue,
} from './cell.js';
import {
  markOfCell,
  markOfLogged,
  markOfStockValue,
  markOfSupersession,
  stockRow,
  trustedStateOf,
  type MarkedCell,
  type StockRow,
} from './cell-rows.js';
import { refuseUnmarked, ViewsDamaged } from './mark.js';
import { submissionKey } from './views-file.js';

interface Cell {
  readonly id: number;
  readonly key: CellKey;
  state: CellState;
  /** As text, what it was after the last event that changed it, and that event's sequence. */
  written: string;
  sequence: number;
}

/** One outcome's place in its submission, and the event that changes it. */
interface Place {
  readonly submission: Buffer;
  readonly line: number;
  /** Of the event in its stream. */
  readonly revision: number;
  readonly sequence: number;
}

type MeasureOf = (id: string) => Measure;

const NOTHING = encodeCell(EMPTY_CELL);

/** Cells kept in memory; past it they are read again. */
const CELLS_MAX = 100_000;

export class CellsProjection {
  private readonly cells = new Map<string, Cell>();
  private readonly changed = new Set<Cell>();
  private lastSubmission: { readonly id: string; readonly key: Buffer } = { id: '', key: Buffer.alloc(0) };
  private readonly statements: Record<
    'find' | 'create' | 'update' | 'log' | 'entered' | 'supersede',
    Statement
  >;
  private readonly stock: Record<'add' | 'remove' | 'latest', Statement>;

  constructor(db: Database) {
    this.statements = {
      find: db.prepare(
        `SELECT * FROM cells WHERE measure = ? AND year = ? AND programme = ? AND organisation = ?
         AND basis = ? AND series = ?`,
      ),
      create: db.prepare(
        `INSERT INTO cells (measure, year, programme, organisation, basis, series, sequence, state, mark)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
      ),
      update: db.prepare('UPDATE cells SET sequence = ?, state = ?, mark = ? WHERE id = ?'),
      log: db.prepare('INSERT INTO cell_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      entered: db.prepare('SELECT revision FROM cell_log WHERE submission = ? AND line = ? LIMIT 1').pluck(),
      supersede: db.prepare('INSERT INTO supersessions VALUES (?, ?, ?, ?, ?)'),
    };
    this.stock = {
      add: db.prepare('INSERT INTO stock_values VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
      remove: db.prepare(
        'DELETE FROM stock_values WHERE cell = ? AND effective_to = ? AND submission = ? AND line = ?',
      ),
      latest: db.prepare(
        `SELECT *, (SELECT count(*) FROM stock_values WHERE cell = value.cell) AS values_left
         FROM stock_values AS value WHERE cell = ? ORDER BY effective_to DESC, sequence DESC LIMIT 1`,
      ),
    };
  }

  apply(event: LedgerEvent, revision: number, sequence: number, measureOf: MeasureOf): void {
    const { data, schema } = event as SubmissionEvent;
    // Figures stand when the words beside them go.
    if (schema === 'outcome-erased@1') return;
    const { submissionId, line } = parseOutcomeId(data.outcomeId);
    const place: Place = { submission: this.submissionKeyOf(submissionId), line, revision, sequence };
    switch (schema) {
      case 'outcome@1':
        this.assertFirst(place);
        return this.log(this.add(data, place, measureOf), place, 1);
      case 'outcome-corrected@1': {
        const left = this.takeOut(data.replaces, data.programmeId, place, measureOf);
        const entered = this.add(data, place, measureOf);
        if (left !== entered) this.log(left, place, 0);
        return this.log(entered, place, 1);
      }
      case 'outcome-withdrawn@1':
        return this.log(this.takeOut(data.replaces, data.programmeId, place, measureOf), place, 0);
      default:
        return unreachable(schema);
    }
  }

  /**
   * A stream that was deleted and written to again would count its outcomes twice. A line that stands at its own
   * place cannot be a second one; only where others wrote into the stream before it is it looked up.
   */
  private assertFirst({ submission, line, revision }: Place): void {
    if (revision === line - 1) return;
    const before = this.statements.entered.get(submission, line) as number | undefined;
    assert(before === undefined, `line ${line} is recorded once: it stands at revision ${before} before`);
  }

  private add(outcome: RecordedOutcome, place: Place, measureOf: MeasureOf): Cell {
    const measure = measureOf(outcome.measureId);
    const cell = this.cellAt(keyOf(outcome, outcome.programmeId, measure));
    if (keepsLatestOnly(measure.kind)) {
      const value = stockValueOf(outcome, place.sequence);
      const row = stockRow(cell.id, value, place);
      this.stock.add.run(...(Object.values(row) as unknown[]), markOfStockValue(row));
      cell.state = addStockValue(cell.state, value);
    } else {
      cell.state = addFigures(cell.state, outcome, 1);
    }
    return cell;
  }

  private takeOut(replaced: ReplacedOutcome, programme: string, place: Place, measureOf: MeasureOf): Cell {
    const measure = measureOf(replaced.measureId);
    const cell = this.cellAt(keyOf(replaced, programme, measure));
    const { submission, line, sequence } = place;
    if (keepsLatestOnly(measure.kind)) {
      const { changes } = this.stock.remove.run(cell.id, replaced.effective.to, submission, line);
      if (changes !== 1) throw stockLost(cell);
      cell.state = takeOutStockValue(cell.state, replaced.effective.to, () => this.latestOf(cell));
    } else {
      cell.state = addFigures(cell.state, replaced, -1);
    }
    const superseded = { submission, line, revision: replaced.revision, sequence };
    this.statements.supersede.run(
      submission,
      line,
      superseded.revision,
      sequence,
      markOfSupersession(superseded),
    );
    return cell;
  }

  /** Once one of its values is taken out. */
  private latestOf(cell: Cell): StockValue | null {
    const row = this.stock.latest.get(cell.id) as
      (StockRow & { readonly mark: number; readonly values_left: number }) | undefined;
    // By an index: it may have lost the latest.
    if ((row?.values_left ?? 0) !== cell.state.outcomes - 1) throw stockLost(cell);
    if (!row) return null;
    refuseUnmarked(row.mark, markOfStockValue(row), `a value of the cell ${cell.id}`);
    const { effective_to: to, sequence } = row;
    return { to, sequence, quantity: BigInt(row.quantity), low: BigInt(row.low), high: BigInt(row.high) };
  }

  private cellAt(key: CellKey): Cell {
    const { measure, year, programme, organisation, basis, series } = key;
    const name = `${measure} ${year} ${programme} ${organisation} ${basis} ${series}`;
    let cell = this.cells.get(name);
    if (!cell) {
      const columns = [measure, year, programme, organisation, basis, series];
      const row = this.statements.find.get(...columns) as MarkedCell | undefined;
      const written = row ? trustedStateOf(row) : NOTHING;
      const [id, sequence] = row ? [row.id, row.sequence] : [this.create(columns), -1];
      cell = { id, key, sequence, written, state: decodeCell(written) };
      this.cells.set(name, cell);
    }
    return cell;
  }

  private create(columns: readonly (string | number)[]): number {
    return Number(this.statements.create.run(...columns, -1, NOTHING).lastInsertRowid);
  }

  /** `adds` says whether the event put an outcome into the cell. */
  private log(cell: Cell, { submission, line, revision, sequence }: Place, adds: 0 | 1): void {
    const { id, sequence: since, written: state } = cell;
    const mark = markOfLogged({ cell: id, sequence, since, state });
    this.statements.log.run(id, sequence, adds, submission, line, revision, since, state, mark);
    cell.sequence = sequence;
    cell.written = encodeCell(cell.state);
    this.changed.add(cell);
  }

  /** Writes each changed cell once a batch, however many of the batch's events changed it. */
  flush(): void {
    for (const cell of this.changed) {
      const { id, key, sequence, written: state } = cell;
      this.statements.update.run(sequence, state, markOfCell({ id, ...key, sequence, state }), id);
    }
    this.changed.clear();
    if (this.cells.size > CELLS_MAX) this.cells.clear();
  }

  forget(): void {
    this.cells.clear();
    this.changed.clear();
  }

  /** Outcomes of one submission follow one another: its key is made once. */
  private submissionKeyOf(submissionId: SubmissionId): Buffer {
    if (submissionId !== this.lastSubmission.id) {
      this.lastSubmission = { id: submissionId, key: submissionKey(submissionId) };
    }
    return this.lastSubmission.key;
  }
}

function stockLost({ id }: Cell): ViewsDamaged {
  return new ViewsDamaged(`a value of the cell ${id} is lost from the read models`);
}

function keyOf(outcome: RecordedOutcome | ReplacedOutcome, programme: string, measure: Measure): CellKey {
  return cellKeyOf(outcome, programme, measure.series[outcome.measureVersion - 1]!);
}
