/**
 * Reads the bytes of files on disk with the pages of databases decrypted, so that remains in free parts of pages
 * are seen too.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { walOf } from '../../src/store/wal-damage.js';

/** The bytes of any file. The pages of a database come as they stand in it, and as its write-ahead log has them. */
export function plainBytesOf(path: string): Buffer {
  if (!path.endsWith('.db')) return readFileSync(path);
  return Buffer.concat([pagesOf([path]), ...(existsSync(walOf(path)) ? [pagesOf([path, walOf(path)])] : [])]);
}

function pagesOf(files: readonly string[]): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-pages-'));
  try {
    for (const file of files) copyFileSync(file, join(dir, basename(file)));
    const db = openDatabase(join(dir, basename(files[0]!)), PUBLIC_KEY);
    try {
      return db.serialize();
    } finally {
      db.close();
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}
