/**
 * The first key, with which all others are made: given by configuration, or made on the first start, written to
 * `admin.key` in the data directory with mode 600, and shown once. Only its hash is kept in memory.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class AdminKey {
  private readonly hash: Buffer;

  constructor(key: string) {
    this.hash = sha256(key);
  }

  /** Takes as long for any wrong text. */
  is(text: string): boolean {
    return timingSafeEqual(sha256(text), this.hash);
  }
}

/** @returns the key, and whether it was made just now and so must be shown */
export function findAdminKey(
  dataDir: string,
  configured: string | undefined,
): { key: string; made: boolean } {
  if (configured !== undefined) return { key: configured, made: false };
  const file = adminKeyFile(dataDir);
  if (existsSync(file)) {
    const key = readFileSync(file, 'utf8').trim();
    // Cut short by a full disk, say: nobody could ever show it.
    if (key === '') throw new Error(`${file} holds no key: remove it, and a new one is made`);
    return { key, made: false };
  }
  const key = randomBytes(32).toString('base64url');
  writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
  return { key, made: true };
}

export const adminKeyFile = (dataDir: string) => join(dataDir, 'admin.key');

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
