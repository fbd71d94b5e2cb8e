/**
 * A copy of `events.db` as it is at one moment, made beside a ledger that writes to it.
 *
 * SQLite's online backup copies pages out of one read transaction: writers go on, and the copy has nothing that
 * they write after it began. It takes the memory of a few pages, whatever the size. The copy is one file without
 * a write-ahead log beside it, and is on disk when the call ends.
 */
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openEvents } from './sqlite/format.js';
import { eventsFile } from './sqlite/store.js';
import { asStoreError } from './database-errors.js';

/** One step copies so many pages, some 4 MB, and then reports progress. */
const PAGES_A_STEP = 1_000;

export function hasEvents(dir: string): boolean {
  return existsSync(eventsFile(dir));
}

/** Copies the events from one data directory into another. @throws StoreDamaged, StoreUnavailable */
export async function backUpEvents(
  fromDir: string,
  toDir: string,
  onProgress: (share: number) => void,
): Promise<void> {
  const [from, to] = [eventsFile(fromDir), eventsFile(toDir)];
  const db = openEvents(from, 'read');
  try {
    // The transaction is held until the end: without it every commit would make the copy begin anew.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    await db.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress(totalPages === 0 ? 0 : 1 - remainingPages / totalPages);
        return PAGES_A_STEP;
      },
    });
    db.exec('COMMIT');
    makeOneFile(to);
  } catch (error) {
    throw asStoreError(error, from);
  } finally {
    db.close();
  }
}

/**
 * SHA-256 of the whole file, in hexadecimal: it covers bytes that are in no record too, such as the unused rest
 * of a page.
 */
export async function hashOfEvents(dir: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(eventsFile(dir)), hash);
  return hash.digest('hex');
}

/** Puts the file there in one step: a crash leaves the whole copy or none. */
export function putEvents(fromDir: string, toDir: string): void {
  const [file, arriving] = [eventsFile(toDir), `${eventsFile(toDir)}.new`];
  copyFileSync(eventsFile(fromDir), arriving);
  flush(arriving);
  renameSync(arriving, file);
  flush(toDir);
}

/**
 * Makes a database that a reader opens without making files beside it, so that a copy can lie on a read-only
 * disk.
 */
function makeOneFile(file: string): void {
  const copy = new Database(file);
  copy.pragma('journal_mode = DELETE');
  copy.close();
  flush(file);
}

/** Flushes a file, or the names in a directory. */
export function flush(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
