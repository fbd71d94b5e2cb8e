/** Whether what a store gives back is what was recorded. */
import { upcast, type LedgerEvent } from '../domain/upcast.js';
import { payloadHash } from '../kernel/canonical-json.js';
import { hashOfLeft, isRedacted } from '../kernel/redaction.js';
import { StoreDamaged, type EventReader, type RecordedEvent } from './event-store.js';

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
