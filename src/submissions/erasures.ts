/**
 * Carries out in the store what events of erasure say: the words of the events that they name are taken out, with the
 * salts of those words.
 *
 * The event comes first and is never taken back. A crash between the two leaves the words where they were, with the
 * order to erase them beside: it is carried out when the ledger starts again, or when the order is given again.
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

/** Of one stream; harmless where nothing is left to be done. */
export async function finishErasures(store: EventStore, stream: StreamName): Promise<void> {
  const erased = erasedIn(await store.readStream(stream));
  if (erased.size === 0) return;
  assert(store.eraser !== null, 'who asks for an erasure has a store that can');
  // Events whose words are gone are named again: that the last bytes are gone is known only once the store has said so.
  await store.eraser.erase(stream, erased);
}

/** What was cut short by the end of a process. Called when the projection is level, before anything is served. */
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

/** The revisions of a stream whose words are to be gone. */
function erasedIn(events: readonly RecordedEvent[]): ReadonlySet<number> {
  const erased = new Set<number>();
  for (const { schema, data } of events.map(upcast)) {
    if (schema === 'outcome-erased@2') for (const revision of data.facts.erased) erased.add(revision);
  }
  return erased;
}
