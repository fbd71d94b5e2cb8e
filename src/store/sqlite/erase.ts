/**
 * An erasure in the embedded store writes the records anew, without the words and their salts, and overwrites the old
 * bytes, in the database and in its write-ahead log.
 *
 * `secure_delete` overwrites the space that an update frees in the database's pages; older copies of those pages stand
 * in the write-ahead log until the log is emptied. A reader amid a read keeps the log from being emptied: then the
 * erasure is not done, says so, and is asked again.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { StoreUnavailable } from '../event-store.js';
import { decodeRow, encodeEvent, type AppendRow } from './format.js';

export function eraseIn(db: Database, stream: string, revisions: ReadonlySet<number>): void {
  const rows = db
    .prepare('SELECT * FROM appends WHERE stream = ? ORDER BY revision')
    .all(stream) as AppendRow[];
  const update = db.prepare('UPDATE appends SET events = ? WHERE position = ?');
  db.transaction(() => {
    for (const row of rows) {
      const events = withoutWords(row, revisions);
      if (events !== row.events) update.run(events, row.position);
    }
  }).immediate();
  const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as { readonly busy: number }[];
  if (done?.busy !== 0) {
    throw new StoreUnavailable('an erasure cannot end while somebody reads the store: ask for it again');
  }
}

function withoutWords(row: AppendRow, revisions: ReadonlySet<number>): string {
  return decodeRow(row, 0, row.count)
    .map(({ id, type, data, metadata, revision }) => {
      // Stored data are canonical, so the events that stay come out byte for byte as they were.
      if (!revisions.has(revision)) return encodeEvent({ id, type, payload: JSON.stringify(data), metadata });
      const { wordsSalt: _, ...rest } = metadata;
      return encodeEvent({ id, type, payload: JSON.stringify({ facts: data.facts }), metadata: rest });
    })
    .join('\n');
}
