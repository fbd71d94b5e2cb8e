/** Changes to the files of a stopped ledger, as whoever administers its machine could make them. */
import { saltedHash } from '../../src/kernel/canonical-json.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import type { AppendRow } from '../../src/store/sqlite/format.js';
import { eventsFile } from '../../src/store/sqlite/store.js';
import { viewsFileIn } from './lived-ledger.js';

export type StoredEvent = Record<string, unknown> & {
  metadata: Record<string, string>;
  data: Record<'facts' | 'words', Record<string, unknown>>;
};

/** Changes the store as its administrator could: positions are made to fit. */
export function alterStore(dataDir: string, change: (submissions: StoredEvent[][]) => void): void {
  const db = openDatabase(eventsFile(dataDir), PUBLIC_KEY);
  const rows = db.prepare('SELECT * FROM appends ORDER BY position').all() as AppendRow[];
  const own = rows.filter(({ stream }) => stream.startsWith('submission-'));
  const contents = own.map(({ events }) => events.split('\n').map((line) => JSON.parse(line) as StoredEvent));
  change(contents);
  db.exec('DELETE FROM appends');
  let position = 1;
  for (const row of rows) {
    const content = own.includes(row)
      ? contents[own.indexOf(row)]!
      : row.events.split('\n').map((line) => JSON.parse(line) as StoredEvent);
    if (content.length === 0) continue;
    db.prepare('INSERT INTO appends VALUES (?, ?, ?, ?, ?)').run(
      position,
      row.stream,
      row.revision,
      content.length,
      content.map((one) => JSON.stringify(one)).join('\n'),
    );
    position += content.length;
  }
  db.close();
}

/** Makes the hash of an event's facts fit them. */
export function sealAnew(event: StoredEvent): void {
  const { metadata, data } = event;
  metadata['factsHash'] = saltedHash(metadata['factsSalt']!, JSON.stringify(data.facts));
}

export function alterViews(dataDir: string, sql: string): void {
  const views = openDatabase(viewsFileIn(dataDir), PUBLIC_KEY);
  views.exec(sql);
  views.close();
}
