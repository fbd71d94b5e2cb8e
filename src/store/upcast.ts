/**
 * From what is stored to what the running code understands.
 *
 * A stored event never changes. When a shape needs to, it gets a new version and an upcaster from the old one
 * here. A schema that this code does not know stops the reader: it is never skipped, because a figure without
 * it would be wrong.
 */
import type { KeyEvent } from '../access/key.js';
import type { MeasureEvent } from '../catalogue/measure.js';
import type { OrganisationEvent } from '../catalogue/organisation.js';
import type { ProgrammeEvent } from '../catalogue/programme.js';
import { payloadHash } from '../kernel/canonical-json.js';
import type { SubmissionEvent } from '../submissions/submission.js';
import { StoreDamaged, type RecordedEvent } from './event-store.js';

export type LedgerEvent = ProgrammeEvent | OrganisationEvent | MeasureEvent | SubmissionEvent | KeyEvent;
export type LedgerSchema = LedgerEvent['schema'];

const CURRENT_SCHEMAS: Readonly<Record<LedgerSchema, true>> = {
  'programme-registered@1': true,
  'programme-amended@1': true,
  'programme-closed@1': true,
  'programme-reopened@1': true,
  'organisation-registered@1': true,
  'organisation-renamed@1': true,
  'measure-defined@1': true,
  'measure-revised@1': true,
  'outcome@1': true,
  'outcome-corrected@1': true,
  'outcome-withdrawn@1': true,
  'key-created@1': true,
  'key-rotated@1': true,
  'key-revoked@1': true,
};

export class UnknownSchema extends Error {
  constructor(readonly event: RecordedEvent) {
    super(
      `event ${event.id} (${event.type}, ${event.stream} revision ${event.revision}) has the schema ` +
        `${event.metadata.schema}, which this version of the ledger does not know: run a version that does`,
    );
    this.name = 'UnknownSchema';
  }
}

export function upcast(event: RecordedEvent): LedgerEvent {
  const { schema } = event.metadata;
  if (!Object.hasOwn(CURRENT_SCHEMAS, schema)) throw new UnknownSchema(event);
  return { schema, type: event.type, data: event.data } as unknown as LedgerEvent;
}

/** A payload that does not match its hash was altered after it was recorded. */
export function verifyPayload(event: RecordedEvent): void {
  const { salt, payloadHash: recorded } = event.metadata;
  const actual = payloadHash(salt, JSON.stringify(event.data));
  if (actual !== recorded) {
    throw new StoreDamaged(
      `the payload of event ${event.id} (${event.stream} revision ${event.revision}) has the hash ${actual}, ` +
        `but ${recorded} was recorded`,
    );
  }
}
