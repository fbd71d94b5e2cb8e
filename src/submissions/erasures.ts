/**
 * Carries out erasures: takes the words of the named events, and their salts, out of the store.
 *
 * The event comes first and is never taken back. A crash between the two leaves the words where they were, beside the
 * order to erase them, which is carried out at the next start, or when it is given again.
 */
import { assert } from '../kernel/assert.js';
import type { StreamName } from '../kernel/ids.js';
import { Refused } from '../kernel/refusals.js';
import { positionBefore, rowsOfType } from '../read-models/events.js';
import type { ReadModels } from '../read-models/read-models.js';
import type { EventStore, RecordedEvent } from '../store/event-store.js';
import { upcast } from '../domain/upcast.js';

/** @throws Refused before anything is recorded */
export function refuseUnlessErasable({ eraser }: EventStore): void {
  if (eraser) return;
  const detail =
    'events in EventStoreDB cannot be changed: the documentation says how a ledger on it is erased from';
  throw new Refused({ code: 'erasure-impossible', detail });
}

export async function finishErasures(store: EventStore, stream: StreamName): Promise<void> {
  const erased = erasedIn(await store.readStream(stream));
  if (erased.size === 0) return;
  assert(store.eraser !== null, 'who asks for an erasure has a store that can');
  // Events whose words are gone are named again: only the store's answer shows that the last bytes are gone.
  await store.eraser.erase(stream, erased);
}

/** Finishes erasures that a killed process began. The read models are level then, and nothing is served yet. */
export async function finishAllErasures(store: EventStore, { views }: ReadModels): Promise<void> {
  if (!store.eraser) return;
  const streams = new Set<StreamName>();
  for (const { sequence } of rowsOfType(views, 'OutcomeErased')) {
    const [event] = await store.readAll(positionBefore(views, sequence), 1);
    streams.add(event!.stream);
  }
  for (const stream of streams) {
    const events = await store.readStream(stream);
    const erased = erasedIn(events);
    const isDue = events.some(({ revision, data }) => erased.has(revision) && data.words !== undefined);
    if (isDue) await finishErasures(store, stream);
  }
}

function erasedIn(events: readonly RecordedEvent[]): ReadonlySet<number> {
  const erased = new Set<number>();
  for (const { schema, data } of events.map(upcast)) {
    if (schema === 'outcome-erased@2') for (const revision of data.facts.erased) erased.add(revision);
  }
  return erased;
}
