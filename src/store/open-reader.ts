/** Opens the configured store for reading, from whichever thread asks. */
import type { EventReader } from './event-store.js';
import { PUBLIC_KEY, type DatabaseKey } from './database.js';
import type { EventStoreSettings } from './store-url.js';

export interface StoreLocation {
  readonly dataDir: string;
  readonly eventStore?: EventStoreSettings | undefined;
  readonly databaseKey?: DatabaseKey | undefined;
}

export function keyOf({ databaseKey }: StoreLocation): DatabaseKey {
  return databaseKey ?? PUBLIC_KEY;
}

/** @param onLost called when a subscription is lost, which then is opened again; the embedded store loses none */
export async function openReader(
  store: StoreLocation,
  onLost: (error: Error) => void = () => undefined,
): Promise<EventReader> {
  const { dataDir, eventStore } = store;
  // A thread that loads both adapters holds 30 MB more.
  if (eventStore) {
    const { EventStoreDbReader } = await import('./eventstore/reader.js');
    return new EventStoreDbReader(eventStore, { patienceMs: PATIENCE_MS, onLost });
  }
  const [{ SqliteReader }, { eventsFile }] = await Promise.all([
    import('./sqlite/reader.js'),
    import('./sqlite/store.js'),
  ]);
  return new SqliteReader(eventsFile(dataDir), keyOf(store));
}

/** Nobody waits for a read in the background, so such a read outlasts the election of a leader. */
const PATIENCE_MS = 60_000;
