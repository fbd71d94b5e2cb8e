/**
 * Upcasting turns stored events into those that the running code understands.
 *
 * A stored event never changes. When a shape needs to, it gets a new version and an upcaster from the old one here. A
 * schema that this code does not know stops the reader: a figure that skipped the event would be wrong.
 */
import type { KeyEvent } from './key.js';
import type { MeasureEvent } from './measure.js';
import type { OrganisationEvent } from './organisation.js';
import type { ProgrammeEvent } from './programme.js';
import { assert } from '../kernel/assert.js';
import type { EventData } from '../kernel/event-data.js';
import type { SubmissionEvent } from './submission-event.js';

export type LedgerEvent = ProgrammeEvent | OrganisationEvent | MeasureEvent | SubmissionEvent | KeyEvent;
export type LedgerSchema = LedgerEvent['schema'];

const CURRENT_SCHEMAS: Readonly<Record<LedgerSchema, true>> = {
  'programme-registered@2': true,
  'programme-amended@2': true,
  'programme-closed@2': true,
  'programme-reopened@2': true,
  'organisation-registered@2': true,
  'organisation-amended@2': true,
  'organisation-renamed@2': true,
  'measure-defined@2': true,
  'measure-revised@2': true,
  'outcome@2': true,
  'outcome-corrected@2': true,
  'outcome-withdrawn@2': true,
  'outcome-reinstated@2': true,
  'outcome-erased@2': true,
  'key-created@2': true,
  'key-rotated@2': true,
  'key-revoked@2': true,
};

export const LEDGER_SCHEMAS = Object.keys(CURRENT_SCHEMAS) as readonly LedgerSchema[];

/** The types of the ledger's own events are the names of their schemas: `key-created@2` is `KeyCreated`. */
export const OWN_EVENT_TYPES: ReadonlySet<string> = new Set(
  LEDGER_SCHEMAS.filter((schema) => schema !== 'outcome@2').map((schema) =>
    schema.replace(/@\d+$/, '').replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  ),
);

export interface StoredEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: EventData;
  readonly metadata: { readonly schema: string };
}

export class UnknownSchema extends Error {
  constructor(readonly event: StoredEvent) {
    super(
      `event ${event.id} (${event.type}, ${event.stream} revision ${event.revision}) has the schema ` +
        `${event.metadata.schema}, which this version of the ledger does not know: run a version that does`,
    );
    this.name = 'UnknownSchema';
  }
}

export function upcast(event: StoredEvent): LedgerEvent {
  const { schema } = event.metadata;
  if (!Object.hasOwn(CURRENT_SCHEMAS, schema)) throw new UnknownSchema(event);
  assert(typeof event.data.facts === 'object', `event ${event.id} (${event.stream}) has facts`);
  return { schema, type: event.type, data: event.data } as unknown as LedgerEvent;
}
