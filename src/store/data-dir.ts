/**
 * The data directory, held by one process at a time.
 *
 * The lock is SQLite's own on a file `lock`: the operating system gives it back when the process ends, however
 * it ends, so that nothing stale can keep a ledger from starting.
 */
import Database from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export class DataDirInUse extends Error {
  constructor(dataDir: string) {
    super(
      `another process has the data directory ${dataDir}: stop it first, or set DATA_DIR to another directory`,
    );
    this.name = 'DataDirInUse';
  }
}

export class DataDirUnusable extends Error {
  constructor(dataDir: string, cause: unknown) {
    super(`the data directory ${dataDir} cannot be used: ${(cause as Error).message}`, { cause });
    this.name = 'DataDirUnusable';
  }
}

/** @throws DataDirInUse, DataDirUnusable; @returns what gives the directory back */
export function holdDataDir(dataDir: string): () => void {
  let lock: Database.Database | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    lock = new Database(join(dataDir, 'lock'), { timeout: 0 });
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    const isHeld = (error as { code?: string }).code?.startsWith('SQLITE_BUSY');
    throw isHeld ? new DataDirInUse(dataDir) : new DataDirUnusable(dataDir, error);
  }
  return () => lock.close();
}
