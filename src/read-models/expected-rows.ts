/**
 * What each event must have left in the read models beside its leaf, for the self-check: its place and names, the
 * state of the catalogue, its rows in the log of figures, and what it superseded.
 *
 * Values that a second fold would need all of history in memory for, such as those of stocks, are held to the mark
 * of their row. So every bit that a reader may come to rest on is compared with something.
 */
import type { Database, Statement } from 'better-sqlite3';
import { keyDecider, type KeyState } from '../domain/key.js';
import { measureDecider, type MeasureState } from '../domain/measure.js';
import { organisationDecider, type OrganisationState } from '../domain/organisation.js';
import { programmeDecider, type ProgrammeState } from '../domain/programme.js';
import { parseOutcomeId } from '../kernel/ids.js';
import type { RecordedEvent } from '../store/event-store.js';
import type { LedgerEvent } from '../domain/upcast.js';
import type { SubmissionEvent } from '../domain/submission.js';
import {
  markOfLogged,
  markOfStockValue,
  markOfSupersession,
  type MarkedLogged,
  type MarkedSupersession,
  type StockRow,
} from './cell-rows.js';
import { EVENT_COLUMNS, markOfEvent, type MarkedEventRow } from './event-rows.js';
import { eventKey, placeOf } from './id-heads.js';
import { holdTable } from './small-tables.js';
import { submissionKey } from './views-file.js';

/** What is stored is not what it must be; any other error says only that nothing could be compared. */
export class Difference extends Error {}

/** Of `events`, with the texts of its names. */
export interface NamedEventRow extends MarkedEventRow {
  readonly typeName: string | null;
  readonly programmeName: string | null;
  readonly leaf: Buffer;
}
export const EVENT_ROWS = `
  SELECT ${EVENT_COLUMNS}, leaf, (SELECT text FROM names WHERE names.id = events.type) AS typeName,
    (SELECT text FROM names WHERE names.id = events.programme) AS programmeName
  FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?`;

type NumberedLogged = MarkedLogged & { readonly number: number };

/** An event changes two cells at most. */
const LOG_ROWS_A_READ = 1_000;
/** Those that grow with history; the others are looked at again and again (`small-tables.ts`). */
const TABLES = ['supersessions', 'stock_values', 'log_nodes', 'cell_log', 'events'] as const;

/** The sequence of the last event so far of each kind: with a type, a programme or a place of its id, or in a cell. */
class LastWith {
  private readonly last = new Map<string | number, number>();

  moveTo(sequence: number, what: string | number): number {
    const before = this.last.get(what) ?? -1;
    this.last.set(what, sequence);
    return before;
  }
}

export class ExpectedRows {
  private ledgerTime = 0;
  private readonly states = new Map<string, unknown>();
  private readonly lastWith = new LastWith();
  private logged: NumberedLogged[] = [];
  private loggedTo = 0;
  /** Of each cell, the sequence of its last row in the log so far. */
  private readonly lastOf = new LastWith();
  private readonly catalogue: Statement;
  private readonly log: Statement;
  private readonly supersession: Statement;

  constructor(private readonly views: Database) {
    this.catalogue = views
      .prepare('SELECT state FROM catalogue WHERE kind = ? AND id = ? AND sequence = ?')
      .pluck();
    this.log = views.prepare(
      'SELECT rowid AS number, * FROM cell_log WHERE rowid > ? ORDER BY rowid LIMIT ?',
    );
    this.supersession = views.prepare(
      'SELECT * FROM supersessions WHERE submission = ? AND line = ? AND revision = ?',
    );
  }

  /** @throws Difference; events come in order, each once */
  compare(event: RecordedEvent, known: LedgerEvent, row: NamedEventRow): void {
    this.compareRow(event, known, row);
    if (!this.compareCatalogue(known, row.sequence))
      this.compareLog(known as SubmissionEvent, event, row.sequence);
  }

  private compareRow(event: RecordedEvent, known: LedgerEvent, row: NamedEventRow): void {
    this.ledgerTime = Math.max(this.ledgerTime, Date.parse(event.metadata.recordedAt));
    const programme = 'programmeId' in known.data ? known.data.programmeId : null;
    const [{ sequence }, id] = [row, eventKey(event.id)];
    const expected = {
      ledgerTime: this.ledgerTime,
      typeName: event.type,
      programmeName: programme,
      id,
      typeBefore: this.lastWith.moveTo(sequence, `type ${event.type}`),
      programmeBefore: programme === null ? -1 : this.lastWith.moveTo(sequence, `programme ${programme}`),
      idBefore: this.lastWith.moveTo(sequence, placeOf(id)),
      mark: markOfEvent(row),
    };
    for (const [column, value] of Object.entries(expected)) {
      const found = row[column as keyof NamedEventRow];
      if (found !== value)
        throw new Difference(
          `the ${column} of sequence ${row.sequence} is ${String(found)} in the views, not ${value}`,
        );
    }
  }

  /** Whether the event was one of the catalogue's. */
  private compareCatalogue(event: LedgerEvent, sequence: number): boolean {
    switch (event.schema) {
      case 'programme-registered@1':
      case 'programme-amended@1':
      case 'programme-closed@1':
      case 'programme-reopened@1': {
        const { initialState, evolve } = programmeDecider;
        const evolved = (state: ProgrammeState = initialState) => evolve(state, event);
        return this.compareState(['programme', event.data.programmeId, sequence], evolved);
      }
      case 'organisation-registered@1':
      case 'organisation-renamed@1': {
        const { initialState, evolve } = organisationDecider;
        const evolved = (state: OrganisationState = initialState) => evolve(state, event);
        return this.compareState(['organisation', event.data.organisationId, sequence], evolved);
      }
      case 'measure-defined@1':
      case 'measure-revised@1': {
        const { initialState, evolve } = measureDecider;
        const evolved = (state: MeasureState = initialState) => evolve(state, event);
        return this.compareState(['measure', event.data.measureId, sequence], evolved);
      }
      case 'key-created@1':
      case 'key-rotated@1':
      case 'key-revoked@1': {
        const { initialState, evolve } = keyDecider;
        const evolved = (state: KeyState = initialState) => evolve(state, event);
        return this.compareState(['key', event.data.keyId, sequence], evolved);
      }
      default:
        return false;
    }
  }

  private compareState<State>(
    [kind, id, sequence]: readonly [string, string, number],
    evolved: (state: State | undefined) => State,
  ): true {
    const name = `${kind} ${id}`;
    const state = evolved(this.states.get(name) as State | undefined);
    this.states.set(name, state);
    if (this.catalogue.get(kind, id, sequence) === JSON.stringify(state)) return true;
    throw new Difference(`the ${name} at sequence ${sequence} is not in the views as the events have it`);
  }

  private compareLog({ schema, data }: SubmissionEvent, { revision }: RecordedEvent, sequence: number): void {
    const { submissionId, line } = parseOutcomeId(data.outcomeId);
    const submission = submissionKey(submissionId);
    const adds = this.takeLogged(sequence).map((row) => {
      if (row.line === line && row.revision === revision && row.submission.equals(submission))
        return row.adds;
      throw new Difference(`the log of cell ${row.cell} at sequence ${sequence} is not of that event`);
    });
    // A correction that moves an outcome to another cell changes the one it leaves first.
    const expected = {
      'outcome@1': ['1'],
      'outcome-corrected@1': ['1', '0,1'],
      'outcome-withdrawn@1': ['0'],
      'outcome-erased@1': [''],
    };
    if (!expected[schema].includes(adds.join()))
      throw new Difference(`the figures’ log has not what the event at sequence ${sequence} changed`);
    if (schema === 'outcome@1' || schema === 'outcome-erased@1') return;
    const { revision: replaced } = data.replaces;
    const found = this.supersession.get(submission, line, replaced) as MarkedSupersession | undefined;
    if (found?.sequence !== sequence || found.mark !== markOfSupersession(found))
      throw new Difference(`${data.outcomeId} is not superseded at sequence ${sequence} in the views`);
  }

  /** The next rows of the log, as long as they are of an event. None is ever deleted, so their numbers have no gaps. */
  private takeLogged(sequence: number): readonly MarkedLogged[] {
    const rows: MarkedLogged[] = [];
    for (let row = this.nextLogged(); row?.sequence === sequence; row = this.nextLogged()) {
      this.loggedTo += 1;
      const since = this.lastOf.moveTo(sequence, row.cell);
      if (row.number !== this.loggedTo || row.since !== since || row.mark !== markOfLogged(row))
        throw new Difference(
          `row ${this.loggedTo} of the figures’ log, at sequence ${sequence}, is not as it was written`,
        );
      rows.push(row);
      this.logged.shift();
    }
    return rows;
  }

  private nextLogged(): NumberedLogged | undefined {
    if (this.logged.length === 0) {
      this.logged = this.log.all(this.loggedTo, LOG_ROWS_A_READ) as NumberedLogged[];
    }
    return this.logged[0];
  }

  /**
   * The tables against their indexes, by SQLite's own means, and the values that no second fold has.
   * @throws Difference, ViewsDamaged
   */
  async checkTables(rest: (workedMs: number) => Promise<unknown>): Promise<void> {
    for (const table of TABLES) {
      const startedAt = performance.now();
      holdTable(this.views, table);
      await rest(performance.now() - startedAt);
    }
    const values = this.views.prepare('SELECT * FROM stock_values').iterate() as Iterable<
      StockRow & { readonly mark: number }
    >;
    for (const row of values) {
      if (row.mark !== markOfStockValue(row))
        throw new Difference(
          `a value of cell ${row.cell}, of sequence ${row.sequence}, is not as it was written`,
        );
    }
  }
}
