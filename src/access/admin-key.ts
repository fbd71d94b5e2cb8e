/**
 * The first key, with which all others are made: given by configuration, or made on the first start, written to
 * `admin.key` in the data directory with mode 600, and shown once.
 *
 * A flipped bit makes another key of a key, which looks as good. So the SHA-256 of the file is kept beside it, as
 * `sha256sum --check` reads it, and compared at each start. A key that someone else put there is taken as it is first
 * found.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export class AdminKey {
  private readonly hash: Buffer;
  private readonly anywhere: RegExp;

  constructor(key: string) {
    this.hash = sha256(key);
    this.anywhere = new RegExp([...key].map(asItIsOrEscaped).join(''), 'g');
  }

  /** Takes as long for any wrong text. */
  is(text: string): boolean {
    return timingSafeEqual(sha256(text), this.hash);
  }

  /** A text without this key, which has no form of its own to be known by. */
  takenOutOf(text: string): string {
    return text.replace(this.anywhere, '[key]');
  }
}

/** One character of a key (config.ts), as an address may have it. */
function asItIsOrEscaped(character: string): string {
  const escape = character.charCodeAt(0).toString(16);
  const inAnyCase = escape.replace(/[a-f]/, (digit) => `[${digit}${digit.toUpperCase()}]`);
  return `(?:${character.replace(/\W/, '\\$&')}|%${inAnyCase})`;
}

/**
 * @returns the key, and whether it was made just now and so must be shown
 * @throws Error where the file is not what it was
 */
export function findAdminKey(
  dataDir: string,
  configured: string | undefined,
): { key: string; made: boolean } {
  if (configured !== undefined) return { key: configured, made: false };
  const file = adminKeyFile(dataDir);
  if (existsSync(file)) return { key: readKept(file), made: false };
  const key = randomBytes(32).toString('base64url');
  // A crash in between leaves a key without its hash, and never one beside the hash of another.
  rmSync(hashFileOf(file), { force: true });
  writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
  keepHash(file);
  return { key, made: true };
}

function readKept(file: string): string {
  const key = readFileSync(file, 'utf8').trim();
  // Cut short by a full disk, say: nobody could ever show it.
  if (key === '') throw new Error(`${file} holds no key: remove it, and a new one is made`);
  const kept = hashFileOf(file);
  if (!existsSync(kept)) keepHash(file);
  else if (readFileSync(kept, 'utf8') !== hashLineOf(file)) {
    throw new Error(
      `${file} is not the key that ${kept} is of: one of them was altered. Restore it; remove ${kept} to take the ` +
        `key as it is now, or ${file} to have a new one made`,
    );
  }
  return key;
}

function keepHash(file: string): void {
  writeFileSync(hashFileOf(file), hashLineOf(file), { mode: 0o600 });
}

/** Of all of its bytes. */
function hashLineOf(file: string): string {
  return `${sha256(readFileSync(file)).toString('hex')}  ${basename(file)}\n`;
}

const hashFileOf = (file: string) => `${file}.sha256`;

export const adminKeyFile = (dataDir: string) => join(dataDir, 'admin.key');

function sha256(content: string | Buffer): Buffer {
  return hash('sha256', content, 'buffer');
}
