/**
 * The read model of figures.
 *
 * - `cells` holds the current figures; `cell_log`, for each event that changed a cell, the figures that stood until
 *   then, so that a total as at any past moment is one look-up a cell, however long history is.
 * - `supersessions` says when a version of an outcome stopped standing. Only changes are in it, so that no index over
 *   all outcomes' random ids is needed.
 * - `stock_values` holds the standing values of stocks, to find the latest again when one is taken out. Each has the
 *   sequence at which its outcome was first recorded; a bound that is open is an empty text.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import type { Measure, MeasureEvent } from '../domain/measure.js';
import type { RecordedOutcome, ReplacedOutcome } from '../domain/outcome.js';
import type { OutcomeEvent } from '../domain/submission-event.js';
import { assert } from '../kernel/assert.js';
import { parseOutcomeId, placeOfOutcome, type OutcomeId, type SubmissionId } from '../kernel/ids.js';
import { catalogueState } from './catalogue.js';
import {
  addFigures,
  addStockValue,
  cellKeyOf,
  decodeCell,
  EMPTY_CELL,
  encodeCell,
  keepsLatestOnly,
  lineOf,
  stockValueOf,
  takeOutStockValue,
  withLine,
  type LineOfEvent,
  type CellKey,
  type CellState,
  type StockValue,
} from './cell.js';
import { ExpectedCells } from './expected-cells.js';
import { OF_NO_OUTCOME, type At, type Handlers, type Projection } from './read-model.js';
import type { ReadModel, Table } from './read-model.js';
import { submissionKey, ViewsDamaged } from './views-file.js';

const FIGURES: Table = {
  name: 'cells',
  columns: `id INTEGER PRIMARY KEY, measure TEXT NOT NULL, year INTEGER NOT NULL, programme TEXT NOT NULL,
    organisation TEXT NOT NULL, basis TEXT NOT NULL, breakdown TEXT NOT NULL,
    sequence INTEGER NOT NULL, state TEXT NOT NULL`,
  indexes: {
    cells_by_key: 'UNIQUE INDEX %s ON cells (measure, year, programme, organisation, basis, breakdown)',
  },
  key: ['measure', 'breakdown', 'programme', 'organisation', 'year', 'basis'],
  growsWithHistory: false,
};
/** `adds` is 1 where the event put an outcome into the cell; `revision` is the event's revision in its stream. */
const LOGGED: Table = {
  name: 'cell_log',
  columns: `cell INTEGER NOT NULL, sequence INTEGER NOT NULL, adds INTEGER NOT NULL, submission BLOB NOT NULL,
    line INTEGER NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL`,
  readersIndexes: {
    // The index holds the state too, so that a figure as at a past moment is one look-up and not two: half as many
    // pages.
    cell_log_of_cell: 'INDEX %s ON cell_log (cell, sequence, state)',
  },
  key: ['rowid'],
  calledBy: ['sequence', 'cell'],
  growsWithHistory: true,
};
const SUPERSESSIONS: Table = {
  name: 'supersessions',
  columns: `submission BLOB NOT NULL, line INTEGER NOT NULL, revision INTEGER NOT NULL, sequence INTEGER NOT NULL,
    PRIMARY KEY (submission, line, revision)`,
  isWithoutRowid: true,
  key: ['submission', 'line', 'revision'],
  growsWithHistory: true,
};
const STOCK_VALUES: Table = {
  name: 'stock_values',
  columns: `cell INTEGER NOT NULL, effective_to TEXT NOT NULL, sequence INTEGER NOT NULL, submission BLOB NOT NULL,
    line INTEGER NOT NULL, basis TEXT NOT NULL, quantity TEXT NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL`,
  indexes: { stock_values_by_time: 'UNIQUE INDEX %s ON stock_values (cell, effective_to, sequence)' },
  key: ['rowid'],
  calledBy: ['sequence', 'cell'],
  growsWithHistory: true,
};

export const CELLS: ReadModel = {
  tables: [FIGURES, LOGGED, SUPERSESSIONS, STOCK_VALUES],
  project: (db) => new CellsProjection(db),
  expect: (views) => new ExpectedCells(views),
};

interface RunningCell {
  readonly id: number;
  readonly key: CellKey;
  state: CellState;
  /** The text of the cell's state after the last event that changed it, and the sequence of that event. */
  written: string;
  sequence: number;
}

/** One outcome's place in its submission, and the event that changes it. */
interface Place {
  readonly submission: Buffer;
  readonly line: number;
  /** The revision of the event in its stream. */
  readonly revision: number;
  readonly sequence: number;
  readonly bridgeLine: LineOfEvent;
}

const NOTHING = encodeCell(EMPTY_CELL);

/** The number of cells that are kept in memory; past it they are read again. */
const CELLS_MAX = 100_000;

type Statements = Readonly<
  Record<
    'find' | 'create' | 'update' | 'log' | 'entered' | 'supersede' | 'addValue' | 'takeValue' | 'latest',
    Statement
  >
>;

class CellsProjection implements Projection {
  private readonly cells = new Map<string, RunningCell>();
  private readonly changed = new Set<RunningCell>();
  private readonly measures = new Map<string, Measure>();
  private lastSubmission: { readonly id: string; readonly key: Buffer } = { id: '', key: Buffer.alloc(0) };
  private readonly statements: Statements;
  readonly handlers: Handlers;

  constructor(private readonly db: Database) {
    this.statements = statementsOf(db);
    const measureChanges = ({ data }: MeasureEvent) => {
      this.measures.delete(data.facts.measureId);
    };
    this.handlers = {
      ...OF_NO_OUTCOME,
      'measure-defined@2': measureChanges,
      'measure-revised@2': measureChanges,
      'outcome@2': (event, at) => {
        const { facts } = event.data;
        const place = this.placeOf(event, at);
        this.assertFirst(place, facts.outcomeId);
        this.log(this.add(facts, place, place.sequence), place, 1);
      },
      'outcome-corrected@2': (event, at) => {
        const { facts } = event.data;
        const place = this.placeOf(event, at);
        const left = this.takeOut(facts.replaces, facts.programmeId, place);
        const entered = this.add(facts, place, facts.firstSequence);
        if (left !== entered) this.log(left, place, 0);
        this.log(entered, place, 1);
      },
      'outcome-withdrawn@2': (event, at) => {
        const { facts } = event.data;
        const place = this.placeOf(event, at);
        this.log(this.takeOut(facts.replaces, facts.programmeId, place), place, 0);
      },
      'outcome-reinstated@2': (event, at) => {
        const { facts } = event.data;
        const place = this.placeOf(event, at);
        this.log(this.add(facts, place, facts.firstSequence), place, 1);
      },
      // An erasure takes out words only; the facts, which figures are made of, stay.
      'outcome-erased@2': 'nothing',
    };
  }

  private placeOf(event: OutcomeEvent, { recorded: { revision }, sequence }: At): Place {
    const { submissionId, line } = parseOutcomeId(event.data.facts.outcomeId);
    const bridgeLine = lineOf(event);
    return { submission: this.submissionKeyOf(submissionId), line, revision, sequence, bridgeLine };
  }

  /**
   * A stream that was deleted and written to again would count its outcomes twice. A line n at revision n − 1 of its
   * stream cannot be a second one. A line is looked up only where other events were written into the stream before it.
   */
  private assertFirst({ submission, line, revision }: Place, outcomeId: OutcomeId): void {
    const { submissionId } = parseOutcomeId(outcomeId);
    if (revision === placeOfOutcome(submissionId, line).line - 1) return;
    const before = this.statements.entered.get(submission, line) as number | undefined;
    assert(before === undefined, `line ${line} is recorded once: it stands at revision ${before} before`);
  }

  /** @param first the sequence at which the outcome was first recorded: a correction keeps its place */
  private add(outcome: RecordedOutcome, { submission, line, bridgeLine }: Place, first: number): RunningCell {
    const { kind } = this.measure(outcome.measureId);
    const cell = this.cellAt(cellKeyOf(outcome, outcome.programmeId, kind));
    const before = cell.state;
    let after: CellState;
    if (!keepsLatestOnly(kind)) after = addFigures(before, outcome, 1);
    else {
      const value = stockValueOf(outcome, first);
      const figures = [value.quantity, value.low ?? '', value.high ?? ''].map(String);
      this.statements.addValue.run(cell.id, value.to, first, submission, line, value.basis, ...figures);
      after = addStockValue(before, value);
    }
    cell.state = withLine(before, after, bridgeLine);
    return cell;
  }

  private takeOut(replaced: ReplacedOutcome, programme: string, place: Place): RunningCell {
    const { kind } = this.measure(replaced.measureId);
    const cell = this.cellAt(cellKeyOf(replaced, programme, kind));
    const { submission, line, sequence, bridgeLine } = place;
    const { to } = replaced.effective;
    const before = cell.state;
    let after: CellState;
    if (!keepsLatestOnly(kind)) after = addFigures(before, replaced, -1);
    else {
      const first = this.statements.takeValue.get(cell.id, to, submission, line) as number | undefined;
      if (first === undefined)
        throw new ViewsDamaged(`a value of the cell ${cell.id} is lost from the read models`);
      after = takeOutStockValue(before, { to, sequence: first }, () => this.latestOf(cell));
    }
    cell.state = withLine(before, after, bridgeLine);
    this.statements.supersede.run(submission, line, replaced.revision, sequence);
    return cell;
  }

  private latestOf(cell: RunningCell): StockValue | null {
    const row = this.statements.latest.get(cell.id) as StockRow | undefined;
    if (!row) return null;
    const { to, sequence, basis, quantity, low, high } = row;
    const bound = (text: string) => (text === '' ? null : BigInt(text));
    return { to, sequence, basis, quantity: BigInt(quantity), low: bound(low), high: bound(high) };
  }

  private cellAt(key: CellKey): RunningCell {
    const { measure, year, programme, organisation, basis, breakdown } = key;
    const name = `${measure} ${year} ${programme} ${organisation} ${basis} ${breakdown}`;
    let cell = this.cells.get(name);
    if (!cell) {
      const columns = [measure, year, programme, organisation, basis, breakdown];
      const row = this.statements.find.get(...columns) as
        Pick<RunningCell, 'id' | 'sequence' | 'written'> | undefined;
      const { id, sequence, written } = row ?? { id: this.create(columns), sequence: -1, written: NOTHING };
      cell = { id, key, sequence, written, state: decodeCell(written) };
      this.cells.set(name, cell);
    }
    return cell;
  }

  private create(columns: readonly (string | number)[]): number {
    return Number(this.statements.create.run(...columns, NOTHING).lastInsertRowid);
  }

  /** The measure as it is defined at the event in hand: the catalogue is given each event before. */
  private measure(id: string): Measure {
    let measure = this.measures.get(id);
    if (!measure) {
      measure = catalogueState(this.db, ['measure', id]) as Measure | undefined;
      assert(measure, `measure ${id} was defined before its outcomes`);
      this.measures.set(id, measure);
    }
    return measure;
  }

  /** `adds` says whether the event put an outcome into the cell. */
  private log(cell: RunningCell, { submission, line, revision, sequence }: Place, adds: 0 | 1): void {
    this.statements.log.run(cell.id, sequence, adds, submission, line, revision, cell.written);
    cell.sequence = sequence;
    cell.written = encodeCell(cell.state);
    this.changed.add(cell);
  }

  /** Writes each changed cell once a batch, however many of the batch's events changed it. */
  flush(): void {
    for (const { id, sequence, written } of this.changed) this.statements.update.run(sequence, written, id);
    this.changed.clear();
    if (this.cells.size > CELLS_MAX) this.cells.clear();
  }

  forget(): void {
    this.cells.clear();
    this.changed.clear();
    this.measures.clear();
  }

  /** The key of a submission is made once, because the outcomes of one submission follow one another. */
  private submissionKeyOf(submissionId: SubmissionId): Buffer {
    if (submissionId !== this.lastSubmission.id) {
      this.lastSubmission = { id: submissionId, key: submissionKey(submissionId) };
    }
    return this.lastSubmission.key;
  }
}

type StockRow = Pick<StockValue, 'to' | 'sequence' | 'basis'> &
  Readonly<Record<'quantity' | 'low' | 'high', string>>;

function statementsOf(db: Database): Statements {
  return {
    find: db.prepare(
      `SELECT id, sequence, state AS written FROM cells
       WHERE measure = ? AND year = ? AND programme = ? AND organisation = ? AND basis = ? AND breakdown = ?`,
    ),
    create: db.prepare(
      `INSERT INTO cells (measure, year, programme, organisation, basis, breakdown, sequence, state)
       VALUES (?, ?, ?, ?, ?, ?, -1, ?)`,
    ),
    update: db.prepare('UPDATE cells SET sequence = ?, state = ? WHERE id = ?'),
    log: db.prepare('INSERT INTO cell_log VALUES (?, ?, ?, ?, ?, ?, ?)'),
    entered: db.prepare('SELECT revision FROM cell_log WHERE submission = ? AND line = ? LIMIT 1').pluck(),
    supersede: db.prepare('INSERT INTO supersessions VALUES (?, ?, ?, ?)'),
    addValue: db.prepare('INSERT INTO stock_values VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    takeValue: db
      .prepare(
        `DELETE FROM stock_values WHERE cell = ? AND effective_to = ? AND submission = ? AND line = ?
         RETURNING sequence`,
      )
      .pluck(),
    latest: db.prepare(
      `SELECT effective_to AS "to", sequence, basis, quantity, low, high FROM stock_values
       WHERE cell = ? ORDER BY effective_to DESC, sequence DESC LIMIT 1`,
    ),
  };
}
