/** The catalogue: every state of each programme, organisation, measure and key. */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { keyDecider, type KeyEvent } from '../domain/key.js';
import { measureDecider, type MeasureEvent } from '../domain/measure.js';
import { organisationDecider, type OrganisationEvent } from '../domain/organisation.js';
import { programmeDecider, type ProgrammeEvent } from '../domain/programme.js';
import type { LedgerSchema } from '../domain/upcast.js';
import type { MeasureId } from '../kernel/ids.js';
import {
  Difference,
  type At,
  type Expectation,
  type Handlers,
  type Projection,
  type ReadModel,
  type Table,
} from './read-model.js';
import { prepared } from './views-file.js';

export type CatalogueKind = 'programme' | 'organisation' | 'measure' | 'key';

/** `state` is the entry, as JSON, as the event at that sequence left it. */
const STATES: Table = {
  name: 'catalogue',
  columns: `kind TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (kind, id, sequence)`,
  isWithoutRowid: true,
  key: ['kind', 'id', 'sequence'],
  growsWithHistory: false,
};

export const CATALOGUE: ReadModel = {
  tables: [STATES],
  project: (db) => new CatalogueProjection(db),
  expect: (views) => new ExpectedCatalogue(views),
};

export function catalogueState(
  db: Database,
  [kind, id]: readonly [CatalogueKind, string],
  sequence = Number.MAX_SAFE_INTEGER,
): unknown {
  const select = prepared(
    db,
    'SELECT state FROM catalogue WHERE kind = ? AND id = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1',
  ).pluck();
  const state = select.get(kind, id, sequence) as string | undefined;
  return state === undefined ? undefined : JSON.parse(state);
}

/** The measures whose outcomes have events of that type; the rules leave one at most. */
export function measuresOfType(db: Database, eventType: string): MeasureId[] {
  const select = `SELECT DISTINCT id FROM catalogue WHERE kind = 'measure' AND state ->> 'eventType' = ?`;
  return prepared(db, select).pluck().all(eventType) as MeasureId[];
}

interface Evolving<State, Event> {
  readonly initialState: State;
  readonly evolve: (state: State, event: Event) => State;
}

/** Events of these schemas change no entry of the catalogue. */
const NO_ENTRY = {
  'outcome@2': 'nothing',
  'outcome-corrected@2': 'nothing',
  'outcome-withdrawn@2': 'nothing',
  'outcome-reinstated@2': 'nothing',
  'outcome-erased@2': 'nothing',
} as const;

interface OfEntries {
  readonly programme: (event: ProgrammeEvent, at: At) => void;
  readonly organisation: (event: OrganisationEvent, at: At) => void;
  readonly measure: (event: MeasureEvent, at: At) => void;
  readonly key: (event: KeyEvent, at: At) => void;
}

function handlersOf({ programme, organisation, measure, key }: OfEntries): Handlers {
  return {
    ...NO_ENTRY,
    'programme-registered@2': programme,
    'programme-amended@2': programme,
    'programme-closed@2': programme,
    'programme-reopened@2': programme,
    'organisation-registered@2': organisation,
    'organisation-amended@2': organisation,
    'organisation-renamed@2': organisation,
    'measure-defined@2': measure,
    'measure-revised@2': measure,
    'key-created@2': key,
    'key-rotated@2': key,
    'key-revoked@2': key,
  };
}

class CatalogueProjection implements Projection {
  /** The catalogue is small beside the outcomes: thousands of entries at most. */
  private readonly states = new Map<string, unknown>();
  private readonly insert: Statement;
  readonly handlers: Handlers;

  constructor(private readonly db: Database) {
    this.insert = db.prepare('INSERT INTO catalogue VALUES (?, ?, ?, ?)');
    const programme = (event: ProgrammeEvent, at: At) =>
      this.evolve(programmeDecider, event, { kind: 'programme', id: event.data.facts.programmeId, at });
    const organisation = (event: OrganisationEvent, at: At) =>
      this.evolve(organisationDecider, event, {
        kind: 'organisation',
        id: event.data.facts.organisationId,
        at,
      });
    const measure = (event: MeasureEvent, at: At) =>
      this.evolve(measureDecider, event, { kind: 'measure', id: event.data.facts.measureId, at });
    const key = (event: KeyEvent, at: At) =>
      this.evolve(keyDecider, event, { kind: 'key', id: event.data.facts.keyId, at });
    this.handlers = handlersOf({ programme, organisation, measure, key });
  }

  private evolve<State, Event>(
    { initialState, evolve }: Evolving<State, Event>,
    event: Event,
    { kind, id, at }: { readonly kind: CatalogueKind; readonly id: string; readonly at: At },
  ): void {
    const name = `${kind} ${id}`;
    const known = this.states.get(name) ?? catalogueState(this.db, [kind, id]) ?? initialState;
    const state = evolve(known as State, event);
    this.states.set(name, state);
    this.insert.run(kind, id, at.sequence, JSON.stringify(state));
  }

  forget(): void {
    this.states.clear();
  }
}

export function changesCatalogue(schema: LedgerSchema): boolean {
  return !Object.hasOwn(NO_ENTRY, schema);
}

/** This second fold goes by the name of each event's stream, which says which entry the event changes. */
class ExpectedCatalogue implements Expectation {
  private readonly states = new Map<string, unknown>();
  readonly handlers: Handlers;

  constructor(private readonly views: Database) {
    const programme = (event: ProgrammeEvent, at: At) => this.compare(programmeDecider, event, at);
    const organisation = (event: OrganisationEvent, at: At) => this.compare(organisationDecider, event, at);
    const measure = (event: MeasureEvent, at: At) => this.compare(measureDecider, event, at);
    const key = (event: KeyEvent, at: At) => this.compare(keyDecider, event, at);
    this.handlers = handlersOf({ programme, organisation, measure, key });
  }

  private compare<State, Event>(
    { initialState, evolve }: Evolving<State, Event>,
    event: Event,
    { recorded: { stream }, sequence }: At,
  ): void {
    const state = evolve((this.states.get(stream) ?? initialState) as State, event);
    this.states.set(stream, state);
    const select = 'SELECT state FROM catalogue WHERE kind = ? AND id = ? AND sequence = ?';
    const hyphen = stream.indexOf('-');
    const [kind, id] = [stream.slice(0, hyphen), stream.slice(hyphen + 1)];
    const found = prepared(this.views, select).pluck().get(kind, id, sequence);
    if (found === JSON.stringify(state)) return;
    throw new Difference(
      `the ${kind} ${id} at sequence ${sequence} is not in the views as the events have it`,
    );
  }
}
