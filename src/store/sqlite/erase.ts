/**
 * Erasure in the embedded store: the records of the events are written anew with what is left of them, and what was
 * there is overwritten, in the database and in its write-ahead log.
 *
 * `secure_delete` overwrites what an update frees in the database's pages; older copies of those pages stand in the
 * write-ahead log until it is emptied. A reader amid a read keeps it from being emptied: then the erasure is not
 * done, says so, and is asked again.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { StoreUnavailable, type RecordedEvent } from '../event-store.js';
import { decodeRow, encodeEvent, type AppendRow } from './format.js';

/** What is left of events' payloads, by their revision. */
export type Left = ReadonlyMap<number, string>;

/** @throws StoreDamaged where a record cannot be trusted; StoreUnavailable where it has to be asked again */
export function eraseIn(db: Database, stream: string, left: Left): void {
  const rows = db
    .prepare('SELECT * FROM appends WHERE stream = ? ORDER BY revision')
    .all(stream) as AppendRow[];
  const update = db.prepare('UPDATE appends SET events = ? WHERE position = ?');
  db.transaction(() => {
    for (const row of rows) {
      const events = eventsWithout(row, left);
      if (events !== row.events) update.run(events, row.position);
    }
  }).immediate();
  const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as { readonly busy: number }[];
  if (done?.busy !== 0) {
    throw new StoreUnavailable('a reader holds on to what is erased: ask for the erasure again');
  }
}

function eventsWithout(row: AppendRow, left: Left): string {
  return decodeRow(row, 0, row.count)
    .map((event) => encodeEvent(leftOf(event, left.get(event.revision))))
    .join('\n');
}

function leftOf({ id, type, data, metadata }: RecordedEvent, payload: string | undefined) {
  // Stored payloads are canonical, so that those which stay come out as they were.
  if (payload === undefined) return { id, type, payload: JSON.stringify(data), metadata };
  return { id, type, payload, metadata: { ...metadata, salt: null } };
}
