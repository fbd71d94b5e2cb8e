/**
 * Carries out in the store what events of erasure say: the texts and salts that they name are taken out.
 *
 * The event comes first and is never taken back. A crash between the two leaves the texts where they were, with the
 * order to erase them beside: it is carried out when the ledger starts again, or when the order is given again.
 */
import { assert } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { StreamName } from '../kernel/ids.js';
import { hashOfLeft, redacted } from '../kernel/redaction.js';
import { Refused } from '../kernel/refusals.js';
import { positionBefore, rowsOfType } from '../read-models/events.js';
import type { ReadModels } from '../read-models/read-models.js';
import { StoreDamaged, type EventStore, type RecordedEvent } from '../store/event-store.js';
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
  const events = await store.readStream(stream);
  const orders = ordersIn(events);
  if (orders.size === 0) return;
  const left = new Map<number, string>();
  for (const { id, revision, data } of events) {
    if (!orders.has(revision)) continue;
    if (hashOfLeft(data) !== orders.get(revision)) {
      throw new StoreDamaged(`the event ${id} is not the one that an erasure in ${stream} is of`);
    }
    left.set(revision, canonicalJson(redacted(data)));
  }
  assert(store.eraser !== null, 'who asks for an erasure has a store that can');
  // Also of what is erased: that the last bytes are gone is known only once the store has said so.
  await store.eraser.erase(stream, left);
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
    const orders = ordersIn(events);
    const isDue = events.some(({ revision, metadata }) => orders.has(revision) && metadata.salt !== null);
    if (isDue) await finishErasures(store, stream);
  }
}

/** Which events of a stream are to be gone, and the hash of what is left of each. */
function ordersIn(events: readonly RecordedEvent[]): ReadonlyMap<number, string> {
  const orders = new Map<number, string>();
  for (const { schema, data } of events.map(upcast)) {
    if (schema !== 'outcome-erased@1') continue;
    for (const { revision, left } of data.erased) orders.set(revision, left);
  }
  return orders;
}
