/** What stands in files on disk, pages of databases decrypted: also what was left in parts of pages that are free. */
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
