import { upcast } from '../domain/upcast.js';
import { areWordsGone, partTexts, sealFault } from '../kernel/event-data.js';
import { StoreDamaged, type EventReader, type RecordedEvent } from './event-store.js';

/**
 * Data that do not match their hashes were altered after they were recorded. Facts always have their salt; an erasure
 * later in the stream must name an event whose words are gone.
 * @returns a promise only where the stream has to be asked: nearly always there is nothing to wait for
 * @throws StoreDamaged
 */
export function verifyPayload(event: RecordedEvent, reader: EventReader): Promise<void> | undefined {
  verifySealed(event);
  return areWordsGone(event.metadata) ? verifyErased(event, reader) : undefined;
}

function verifySealed(event: RecordedEvent): void {
  const fault = sealFault(partTexts(event.data), event.metadata);
  if (fault !== null) throw new StoreDamaged(`${named(event)} was altered: ${fault}`);
}

async function verifyErased(event: RecordedEvent, reader: EventReader): Promise<void> {
  for (const later of await reader.readStream(event.stream, { from: event.revision + 1 })) {
    const { schema, data } = upcast(later);
    if (schema !== 'outcome-erased@2' || !data.facts.erased.includes(event.revision)) continue;
    return verifySealed(later);
  }
  throw new StoreDamaged(`the words of ${named(event)} are gone, and no erasure says so`);
}

const named = ({ id, stream, revision }: RecordedEvent) => `event ${id} (${stream} revision ${revision})`;
