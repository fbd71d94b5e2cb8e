/**
 * From what is stored to what the running code understands.
 *
 * A stored event never changes. When a shape needs to, it gets a new version and an upcaster from the old one
 * here. A schema that this code does not know stops the reader: it is never skipped, because a figure without
 * it would be wrong.
 */
import type { KeyEvent } from './key.js';
import type { MeasureEvent } from './measure.js';
import type { OrganisationEvent } from './organisation.js';
import type { ProgrammeEvent } from './programme.js';
import { payloadHash } from '../kernel/canonical-json.js';
import { hashOfLeft, isRedacted } from '../kernel/redaction.js';
import type { SubmissionEvent } from './submission.js';
import { StoreDamaged, type EventReader, type RecordedEvent } from '../store/event-store.js';

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
  'outcome-erased@1': true,
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

/**
 * A payload that does not match its hash was altered after it was recorded. One that was erased has no salt, and what
 * is left of it must be what an erasure in its stream says is left.
 * @returns a promise only where the stream has to be asked: nearly always there is nothing to wait for
 * @throws StoreDamaged
 */
export function verifyPayload(event: RecordedEvent, reader: EventReader): Promise<void> | undefined {
  if (event.metadata.salt === null) return verifyErased(event, reader);
  verifySalted(event, event.metadata.salt);
  return undefined;
}

function verifySalted(event: RecordedEvent, salt: string): void {
  const { payloadHash: recorded } = event.metadata;
  const actual = payloadHash(salt, JSON.stringify(event.data));
  if (actual !== recorded) {
    throw new StoreDamaged(
      `the payload of ${named(event)} has the hash ${actual}, but ${recorded} was recorded`,
    );
  }
}

async function verifyErased(event: RecordedEvent, reader: EventReader): Promise<void> {
  for (const later of await reader.readStream(event.stream, { from: event.revision + 1 })) {
    const left = leftBy(upcast(later), event.revision);
    if (left === undefined || later.metadata.salt === null) continue;
    verifySalted(later, later.metadata.salt);
    if (isRedacted(event.data) && hashOfLeft(event.data) === left) return;
    throw new StoreDamaged(`what is left of ${named(event)} is not what its erasure left`);
  }
  throw new StoreDamaged(`the content of ${named(event)} is gone, and no erasure says so`);
}

/** The hash of what an erasure left of the event at a revision; undefined where it did not erase that. */
function leftBy({ schema, data }: LedgerEvent, revision: number): string | undefined {
  if (schema !== 'outcome-erased@1') return undefined;
  return data.erased.find((erased) => erased.revision === revision)?.left;
}

const named = ({ id, stream, revision }: RecordedEvent) => `event ${id} (${stream} revision ${revision})`;
