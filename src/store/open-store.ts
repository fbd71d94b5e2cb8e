/** Opens the configured store: for reading from whichever thread asks, and whole once in a process. */
import type { EventReader, EventStore } from './event-store.js';
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

/**
 * @param onCommit called with the number of appends that shared a commit of the embedded store
 * @throws StoreDamaged, StoreUnavailable, WrongDatabaseKey so that the ledger does not start
 */
export async function openStore(
  { dataDir, eventStore, databaseKey }: StoreLocation,
  onCommit?: (appends: number) => void,
): Promise<EventStore> {
  if (eventStore) {
    const { EventStoreDbStore } = await import('./eventstore/store.js');
    return EventStoreDbStore.open(eventStore);
  }
  const { SqliteStore } = await import('./sqlite/store.js');
  return SqliteStore.open(dataDir, { databaseKey, onCommit });
}
