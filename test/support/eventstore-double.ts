/** Questions to a store on the protocol double, for the tests of the EventStoreDB adapter. */
import type { Appended, EventStore, RecordedEvent } from '../../src/store/event-store.js';
import type { Stream } from '../contracts/store-fixture.js';
import { newEvents } from './new-events.js';

/** Appends events with these texts to a stream that has `length` events. */
export function appendTexts(
  store: EventStore,
  stream: Stream,
  length: number,
  ...texts: string[]
): Promise<Appended> {
  const expected = length === 0 ? 'no-stream' : length - 1;
  return store.append(stream, expected, newEvents(stream, length, texts));
}

/** Follows the store until it has seen `count` events. */
export async function followedEvents(
  store: EventStore,
  count: number,
  after: string | null = null,
): Promise<readonly RecordedEvent[]> {
  const stop = new AbortController();
  const seen: RecordedEvent[] = [];
  for await (const { events } of store.subscribe(after as RecordedEvent['position'] | null, stop.signal)) {
    seen.push(...events);
    if (seen.length >= count) stop.abort();
  }
  return seen;
}
