/**
 * A copy of `events.db` as it is at one moment, made beside a ledger that writes to it.
 *
 * SQLite's online backup copies pages out of one read transaction: writers go on, and what they write after the
 * copy was begun is not in it. Memory is a few pages, whatever the size. The copy is one file, with no log beside
 * it, and on disk when it is done.
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

/** Between two looks at the progress: some 4 MB. */
const PAGES_A_STEP = 1_000;

export function hasEvents(dir: string): boolean {
  return existsSync(eventsFile(dir));
}

/** From one directory into another. @throws StoreDamaged, StoreUnavailable */
export async function backUpEvents(
  fromDir: string,
  toDir: string,
  onProgress: (share: number) => void,
): Promise<void> {
  const [from, to] = [eventsFile(fromDir), eventsFile(toDir)];
  const db = openEvents(from, 'read');
  try {
    // Held until the end: without it the copy would begin anew with every commit.
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

/** SHA-256, in hexadecimal: also of what is in no record, such as what was left of a page. */
export async function hashOfEvents(dir: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(eventsFile(dir)), hash);
  return hash.digest('hex');
}

/** In one step: there is a whole copy or none. */
export function putEvents(fromDir: string, toDir: string): void {
  const [file, arriving] = [eventsFile(toDir), `${eventsFile(toDir)}.new`];
  copyFileSync(eventsFile(fromDir), arriving);
  flush(arriving);
  renameSync(arriving, file);
  flush(toDir);
}

/** Whoever reads it makes no files beside it, so that a copy can lie on a disk that nobody writes to. */
function makeOneFile(file: string): void {
  const copy = new Database(file);
  copy.pragma('journal_mode = DELETE');
  copy.close();
  flush(file);
}

/** A file, or the names in a directory. */
export function flush(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
