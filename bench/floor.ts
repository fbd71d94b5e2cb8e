/**
 * The raw floor: the speed of the disk and of SQLite with the same bytes and no other work. Every other figure of
 * a run is a ratio to one of these, measured in the same run on the same disk.
 */
import Database from 'better-sqlite3-multiple-ciphers';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

/** A recorded outcome takes about so many bytes in the store. */
const EVENT_BYTES = 700;

export interface Floor {
  /** Appends of one event to a plain file a second, each followed by fdatasync. */
  readonly flushes: number;
  /** Inserts of one event a second with better-sqlite3, WAL and synchronous=FULL, one a commit. */
  readonly inserts: number;
  /** Events a second of the same inserts in commits of 500 rows. */
  readonly insertsBy500: number;
}

export function measureFloor(dir: string, seconds: number): Floor {
  return {
    flushes: flushes(dir, seconds),
    inserts: inserts(dir, seconds, 1),
    insertsBy500: inserts(dir, seconds, 500),
  };
}

function flushes(dir: string, seconds: number): number {
  const file = openSync(join(dir, 'floor.log'), 'a');
  const event = Buffer.alloc(EVENT_BYTES, 'x');
  const perSecond = repeat(seconds, () => {
    writeSync(file, event);
    fdatasyncSync(file);
  });
  closeSync(file);
  return perSecond;
}

function inserts(dir: string, seconds: number, rowsACommit: number): number {
  const db = new Database(join(dir, `floor-${rowsACommit}.db`));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(
    'CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL UNIQUE, event TEXT NOT NULL)',
  );
  const insert = db.prepare('INSERT INTO events (stream, event) VALUES (?, ?)');
  const event = 'x'.repeat(EVENT_BYTES);
  const commit = db.transaction(() => {
    for (let row = 0; row < rowsACommit; row++) insert.run(randomUUID(), event);
  });
  const perSecond = rowsACommit * repeat(seconds, () => commit.immediate());
  db.close();
  return perSecond;
}

function repeat(seconds: number, once: () => void): number {
  const startedAt = performance.now();
  let times = 0;
  for (; performance.now() - startedAt < seconds * 1_000; times++) once();
  return (times * 1_000) / (performance.now() - startedAt);
}
