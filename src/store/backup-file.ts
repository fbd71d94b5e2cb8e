/**
 * Copies `events.db` as it is at one moment, beside a ledger that writes to it.
 *
 * Rows are copied out of one read transaction: what is written after the copy was begun is not in it. Each page is held
 * to its tag, memory is a few rows, and the copy may have another key than the original. The copy is one file, with no
 * log beside it, and on disk when it is done.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, existsSync, renameSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { asStoreError } from './database-errors.js';
import { checkOf, type DatabaseKey } from './database.js';
import { flush } from './durable-file.js';
import { copyRows, openEvents } from './sqlite/format.js';
import { arrivingFile, eventsFile } from './sqlite/store.js';

export function hasEvents(dir: string): boolean {
  return existsSync(eventsFile(dir));
}

export interface EventsDirectory {
  readonly dir: string;
  readonly key: DatabaseKey;
}

/** @throws StoreDamaged, StoreUnavailable, WrongDatabaseKey */
export async function backUpEvents(
  from: EventsDirectory,
  to: EventsDirectory,
  onProgress: (share: number) => void,
): Promise<void> {
  const [original, copy] = [eventsFile(from.dir), eventsFile(to.dir)];
  const db = openEvents(original, from.key, 'read');
  try {
    db.exec('BEGIN');
    const end = db.prepare('SELECT max(position) FROM appends').pluck().get() as number | null;
    const onRows = (position: number) => {
      onProgress(end === null ? 1 : position / end);
      return turn();
    };
    await copyRows(db, copy, { key: to.key, onRows });
    db.exec('COMMIT');
    flush(copy);
  } catch (error) {
    throw asStoreError(error, original);
  } finally {
    db.close();
  }
}

/**
 * The SHA-256 of the whole file, hexadecimal, covers bytes that are in no record too, such as the unused rest of a
 * page.
 */
export async function hashOfEvents(dir: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(eventsFile(dir)), hash);
  return hash.digest('hex');
}

/** A crash leaves a whole copy or none. The check value of its key, which is worth nothing alone, comes first. */
export function putEvents(fromDir: string, toDir: string): void {
  const [original, file, arriving] = [eventsFile(fromDir), eventsFile(toDir), arrivingFile(toDir)];
  if (existsSync(checkOf(original))) {
    copyFileSync(checkOf(original), checkOf(file));
    flush(checkOf(file));
  }
  copyFileSync(original, arriving);
  flush(arriving);
  renameSync(arriving, file);
  flush(toDir);
}
