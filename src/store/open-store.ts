import type { EventStore } from './event-store.js';
import type { StoreLocation } from './open-reader.js';

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
