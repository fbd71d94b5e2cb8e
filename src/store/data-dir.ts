/**
 * One process at a time may hold the data directory, and the signer's directory.
 *
 * The lock is SQLite's own on a file `lock`. The operating system releases it when the process ends, however it ends,
 * so that no stale lock can keep a ledger from starting.
 */
import Database from 'better-sqlite3-multiple-ciphers';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

interface HeldDirectory {
  readonly what: string;
  readonly variable: string;
}
const DATA: HeldDirectory = { what: 'data', variable: 'DATA_DIR' };

export class DataDirInUse extends Error {
  constructor(dir: string, { what, variable }: HeldDirectory) {
    super(
      `another process has the ${what} directory ${dir}: stop it first, or set ${variable} to another directory`,
    );
    this.name = 'DataDirInUse';
  }
}

export class DataDirUnusable extends Error {
  constructor(dir: string, { what }: HeldDirectory, cause: unknown) {
    super(`the ${what} directory ${dir} cannot be used: ${(cause as Error).message}`, { cause });
    this.name = 'DataDirUnusable';
  }
}

/** Makes every file that this process creates from now on unreadable for other users of the machine. */
export function makePrivately(): void {
  process.umask(0o077);
}

/** @throws DataDirInUse, DataDirUnusable; @returns a function that releases the directory */
export function holdDataDir(dir: string, held: HeldDirectory = DATA): () => void {
  let lock: Database.Database | undefined;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // SQLite would open its files on a read-only file system, and fail at the first write.
    accessSync(dir, constants.W_OK);
    lock = new Database(join(dir, 'lock'), { timeout: 0 });
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    const isHeld = (error as { code?: string }).code?.startsWith('SQLITE_BUSY');
    throw isHeld ? new DataDirInUse(dir, held) : new DataDirUnusable(dir, held, error);
  }
  return () => lock.close();
}

export async function freeBytesAt(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}
