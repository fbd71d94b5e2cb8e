/** Opens the configured store for reading, from whichever thread asks. */
import type { EventReader } from './event-store.js';
import { SqliteReader } from './sqlite-reader.js';
import { eventsFile } from './sqlite-store.js';

export interface StoreLocation {
  readonly dataDir: string;
}

export function openReader({ dataDir }: StoreLocation): EventReader {
  return new SqliteReader(eventsFile(dataDir));
}
