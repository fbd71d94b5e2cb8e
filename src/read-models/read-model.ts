/**
 * A read model is its tables, what each event changes in them, and what a second fold expects to find there.
 *
 * `layout.ts` lists the read models, once. The layout of a file, its indexes, the rows that `ledger verify --live`
 * compares and the tables that the self-check looks at are all taken from that list.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { LEDGER_SCHEMAS, type LedgerEvent, type LedgerSchema } from '../domain/upcast.js';
import type { RecordedEvent } from '../store/event-store.js';
import type { Hash } from '../tlog/merkle.js';

export interface Table {
  readonly name: string;
  /** The text between the parentheses of the table's CREATE TABLE. Every table is STRICT. */
  readonly columns: string;
  /** Whether the table lies in the order of its primary key; else it lies in the order in which rows are added. */
  readonly isWithoutRowid?: true;
  /** The indexes that the projector itself looks things up by, by their names: `[UNIQUE] INDEX %s ON …`. */
  readonly indexes?: Readonly<Record<string, string>>;
  /**
   * The indexes that only readers look things up by. They need not be there while nobody reads: made of all rows at
   * once, an index is sorted and written from end to end; grown row by row, its pages are written again and again.
   */
  readonly readersIndexes?: Readonly<Record<string, string>>;
  /** The columns that find a row. */
  readonly key: readonly string[];
  /** The columns that a person calls a row by, where they are not those of the key. */
  readonly calledBy?: readonly string[];
  /** The columns that are not made of the ledger's events, and so not compared with them. */
  readonly notOfEvents?: readonly string[];
  /**
   * Whether the table has about a row for each event. Tables that do not grow are checked as a whole, again and again.
   */
  readonly growsWithHistory: boolean;
}

/** Where an event stands in the ledger. */
export interface At {
  readonly recorded: RecordedEvent;
  readonly sequence: number;
  /** Milliseconds since 1970: the running maximum of `recordedAt` in sequence order. */
  readonly ledgerTime: number;
  /** The event's leaf in the log. */
  readonly leaf: Hash;
}

type EventOf<Schema extends LedgerSchema> = Extract<LedgerEvent, { readonly schema: Schema }>;

/**
 * Handlers say what is done with the events of every schema: a new schema does not compile until each read model says
 * so.
 */
export type Handlers = {
  readonly [Schema in LedgerSchema]: ((event: EventOf<Schema>, at: At) => void) | 'nothing';
};

export function forEverySchema(handler: (event: LedgerEvent, at: At) => void): Handlers {
  return Object.fromEntries(LEDGER_SCHEMAS.map((schema) => [schema, handler])) as unknown as Handlers;
}

export function handle(handlers: Handlers, event: LedgerEvent, at: At): void {
  // The type of `Handlers` says that the handler of a schema takes the events of that schema.
  const handler = handlers[event.schema] as ((event: LedgerEvent, at: At) => void) | 'nothing';
  if (handler !== 'nothing') handler(event, at);
}

/** Folds events into the tables of a read model, in the projector's transaction. */
export interface Projection {
  readonly handlers: Handlers;
  /** Writes what was kept in memory. It is called at the end of each batch, before the batch is committed. */
  flush(): void;
  /** Lets go of what is in memory, which after a rollback may be more than what is stored. */
  forget(): void;
}

/**
 * An expectation is a second fold of the events, which shares nothing with the projector's and says what the tables
 * must hold. Its handlers are given each event once, in order, and compare what that event left in the tables.
 * @throws Difference
 */
export interface Expectation {
  readonly handlers: Handlers;
  /**
   * Takes, as they stand now, the rows that follow only from the whole of history.
   * @returns a function that compares these rows, to be called once every event up to now was handed in
   */
  readonly takeRows?: () => () => void;
  /** The number of outcomes that stand, where the read model counts them. */
  readonly outcomes?: number;
}

export interface ReadModel {
  readonly tables: readonly Table[];
  /** Makes a projection that goes on from what the tables hold. */
  readonly project: (db: Database) => Projection;
  readonly expect: (views: Database) => Expectation;
}

/** A stored value is not what it must be. Any other error says only that nothing could be compared. */
export class Difference extends Error {}
