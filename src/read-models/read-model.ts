/**
 * A read model is its tables, what each event changes in them, and what a second fold expects to find there.
 *
 * `layout.ts` lists the read models, once. The layout of a file, its indexes, the rows that `ledger verify --live`
 * compares and the tables that the self-check looks at follow from that list.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { LEDGER_SCHEMAS, type LedgerEvent, type LedgerSchema } from '../domain/upcast.js';
import type { RecordedEvent } from '../store/event-store.js';
import type { Hash } from '../tlog/merkle.js';

export interface Table {
  readonly name: string;
  /** The text between the parentheses of CREATE TABLE. Every table is STRICT. */
  readonly columns: string;
  /** The table lies in the order of its primary key; else in the order in which rows are added. */
  readonly isWithoutRowid?: true;
  /** The projector's own indexes by their names: `[UNIQUE] INDEX %s ON …`. */
  readonly indexes?: Readonly<Record<string, string>>;
  /**
   * Only readers use these indexes, so that a rebuild makes them last: sorted at once, an index is written from end to
   * end; grown row by row, its pages are written again and again.
   */
  readonly readersIndexes?: Readonly<Record<string, string>>;
  readonly key: readonly string[];
  /** People call a row by these columns, where not by its key. */
  readonly calledBy?: readonly string[];
  /** These columns do not follow from the ledger's events, and so are not compared with them. */
  readonly notOfEvents?: readonly string[];
  /** A table that grows has about a row for each event. Other tables are checked whole, again and again. */
  readonly growsWithHistory: boolean;
}

export interface At {
  readonly recorded: RecordedEvent;
  readonly sequence: number;
  /** The running maximum of `recordedAt` in sequence order, in milliseconds since 1970. */
  readonly ledgerTime: number;
  readonly leaf: Hash;
}

type EventOf<Schema extends LedgerSchema> = Extract<LedgerEvent, { readonly schema: Schema }>;

/** A new schema does not compile until each read model says what it does with its events. */
export type Handlers = {
  readonly [Schema in LedgerSchema]: ((event: EventOf<Schema>, at: At) => void) | 'nothing';
};

/** Events of programmes, organisations and keys change no outcome, and so nothing that is counted of outcomes. */
export const OF_NO_OUTCOME = {
  'programme-registered@2': 'nothing',
  'programme-amended@2': 'nothing',
  'programme-closed@2': 'nothing',
  'programme-reopened@2': 'nothing',
  'organisation-registered@2': 'nothing',
  'organisation-amended@2': 'nothing',
  'organisation-renamed@2': 'nothing',
  'key-created@2': 'nothing',
  'key-rotated@2': 'nothing',
  'key-revoked@2': 'nothing',
} as const;

export function forEverySchema(handler: (event: LedgerEvent, at: At) => void): Handlers {
  return Object.fromEntries(LEDGER_SCHEMAS.map((schema) => [schema, handler])) as unknown as Handlers;
}

export function handle(handlers: Handlers, event: LedgerEvent, at: At): void {
  // The handler of a schema takes the events of that schema.
  const handler = handlers[event.schema] as ((event: LedgerEvent, at: At) => void) | 'nothing';
  if (handler !== 'nothing') handler(event, at);
}

export interface Projection {
  readonly handlers: Handlers;
  /** Writes what is kept in memory, at the end of each batch, before its commit. */
  flush?(): void;
  /** Forgets what is in memory: after a rollback that may be more than what is stored. */
  forget(): void;
}

/**
 * A second fold, which shares nothing with the projector's, says what the tables must hold. Its handlers get each event
 * once, in order, and compare what that event left in the tables.
 * @throws Difference
 */
export interface Expectation {
  readonly handlers: Handlers;
  /**
   * Takes the rows, as they stand now, that follow only from the whole of history.
   * @returns a comparison of these rows, to be called once every event up to now was handed in
   */
  readonly takeRows?: () => () => void;
  readonly outcomes?: number;
}

export interface ReadModel {
  readonly tables: readonly Table[];
  readonly project: (db: Database) => Projection;
  readonly expect: (views: Database) => Expectation;
}

/** A stored value is not what it must be. Any other error says only that nothing could be compared. */
export class Difference extends Error {}
