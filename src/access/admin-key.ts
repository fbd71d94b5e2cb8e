/**
 * The first key, with which all others are made. It is configured, or made on the first start, written to
 * `admin.key` in the data directory with mode 600, and shown once.
 *
 * A flipped bit turns a key into another one that looks as good. So a file beside the key has its SHA-256, as
 * `sha256sum --check` reads it, and each start compares the two. A key that someone else put there is accepted as
 * it is first found.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeDurably } from '../store/durable-file.js';

export class AdminKey {
  private readonly hash: Buffer;
  private readonly anywhere: RegExp;

  constructor(key: string) {
    this.hash = sha256(key);
    this.anywhere = new RegExp([...key].map(asItIsOrEscaped).join(''), 'g');
  }

  /** Compares in the same time for any wrong text. */
  is(text: string): boolean {
    return timingSafeEqual(sha256(text), this.hash);
  }

  /**
   * The text with this key replaced. The key has no form by which it could be recognised, so the key itself is
   * searched for.
   */
  takenOutOf(text: string): string {
    return text.replace(this.anywhere, '[key]');
  }
}

/** A pattern for one character of a key (config.ts), written as it is or percent-encoded in an address. */
function asItIsOrEscaped(character: string): string {
  const escape = character.charCodeAt(0).toString(16);
  const inAnyCase = escape.replace(/[a-f]/, (digit) => `[${digit}${digit.toUpperCase()}]`);
  return `(?:${character.replace(/\W/, '\\$&')}|%${inAnyCase})`;
}

/**
 * @returns the key, and whether this call made it, so that it must be shown
 * @throws Error where the file was altered
 */
export async function findAdminKey(
  dataDir: string,
  configured: string | undefined,
): Promise<{ key: string; made: boolean }> {
  if (configured !== undefined) return { key: configured, made: false };
  const file = adminKeyFile(dataDir);
  if (existsSync(file)) return { key: await readKept(file), made: false };
  const key = randomBytes(32).toString('base64url');
  // A crash before the end leaves a key without its hash, and never a key beside another key's hash.
  rmSync(hashFileOf(file), { force: true });
  await writeDurably(file, `${key}\n`);
  await keepHash(file);
  return { key, made: true };
}

async function readKept(file: string): Promise<string> {
  const key = readFileSync(file, 'utf8').trim();
  // The file may have been put there empty, and the empty key would let nobody in.
  if (key === '') throw new Error(`${file} holds no key: remove it, and a new one is made`);
  const kept = hashFileOf(file);
  if (!existsSync(kept)) await keepHash(file);
  else if (readFileSync(kept, 'utf8') !== hashLineOf(file)) {
    throw new Error(
      `${file} does not match its hash in ${kept}: one of them was altered. Restore it; remove ${kept} to accept the ` +
        `key as it is now, or ${file} to have a new one made`,
    );
  }
  return key;
}

function keepHash(file: string): Promise<void> {
  return writeDurably(hashFileOf(file), hashLineOf(file));
}

/** The hash of all bytes of the file, as `sha256sum` writes it. */
function hashLineOf(file: string): string {
  return `${sha256(readFileSync(file)).toString('hex')}  ${basename(file)}\n`;
}

const hashFileOf = (file: string) => `${file}.sha256`;

export const adminKeyFile = (dataDir: string) => join(dataDir, 'admin.key');

function sha256(content: string | Buffer): Buffer {
  return hash('sha256', content, 'buffer');
}
