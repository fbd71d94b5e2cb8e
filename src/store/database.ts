/**
 * Opens the ledger's SQLite databases, each page of which carries a tag (AEGIS-256, SQLite3 Multiple Ciphers).
 *
 * The read that meets an altered page refuses it. Without a key of the operator's the key is a public constant, and a
 * tag is a checksum; with `LEDGER_DATABASE_KEY` the same mechanism is encryption at rest. An old page that is put back
 * has a good tag: dense positions and the root of the log show it.
 *
 * A check value of the key lies beside each file, in `<file>-keycheck`, because a wrong key and a damaged first page
 * look the same to SQLite.
 */
import Database from 'better-sqlite3-multiple-ciphers';
import { createHash, hkdfSync } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import type { Branded } from '../kernel/ids.js';
import { StoreDamaged } from './event-store.js';

/** 256 bits in hexadecimal, which encrypt and authenticate pages. */
export type DatabaseKey = Branded<string, 'DatabaseKey'>;

/** @param secret must be as hard to guess as a random key: nothing here slows a guesser down */
export function databaseKeyOf(secret: string): DatabaseKey {
  return derived(secret, 'outcome-ledger: pages of databases', 32) as DatabaseKey;
}

export const PUBLIC_KEY = databaseKeyOf('public');

/** The file has another key than the one that was given, and is sound as far as is known. */
export class WrongDatabaseKey extends Error {
  override readonly name: string = 'WrongDatabaseKey';
}

/**
 * @param options.readonly the file must be there, and is only read; else it is made where it is missing
 * @throws WrongDatabaseKey; StoreDamaged where the first page, or the check value of the key, is damaged
 */
export function openDatabase(
  file: string,
  key: DatabaseKey,
  { readonly = false }: { readonly readonly?: boolean } = {},
): Database.Database {
  const isNew = !existsSync(file);
  if (!isNew) refuseWrongKey(file, key);
  // The check value comes first: a crash between the two leaves one without a database, which the next start replaces.
  else if (!readonly) writeCheckOf(file, key);
  const db = new Database(file, { readonly, fileMustExist: readonly });
  try {
    db.pragma(`cipher = 'aegis'`);
    db.key(Buffer.from(`raw:${key}`));
    // SQLite reads nothing before it is asked something.
    db.pragma('schema_version');
  } catch (error) {
    db.close();
    if ((error as { code?: unknown }).code !== 'SQLITE_NOTADB') throw error;
    throw new StoreDamaged(unreadable(file), { cause: error });
  }
  if (!readonly && !existsSync(checkOf(file))) writeCheckOf(file, key);
  return db;
}

export function attachDatabase(
  db: Database.Database,
  { file, key, name }: { readonly file: string; readonly key: DatabaseKey; readonly name: string },
): void {
  db.prepare(`ATTACH ? AS ${name} KEY ?`).run(file, Buffer.from(`raw:${key}`));
}

export function checkOf(file: string): string {
  return `${file}-keycheck`;
}

function refuseWrongKey(file: string, key: DatabaseKey): void {
  const check = readCheckOf(file);
  if (check === null || check === checkValueOf(key)) return;
  const says =
    check === checkValueOf(PUBLIC_KEY)
      ? 'is not encrypted, but LEDGER_DATABASE_KEY is set: unset it, or encrypt the ledger by ledger backup --rekey'
      : key === PUBLIC_KEY
        ? 'is encrypted: set LEDGER_DATABASE_KEY to the key that it was made with'
        : 'is encrypted with another key than the one in LEDGER_DATABASE_KEY';
  throw new WrongDatabaseKey(`${file} ${says}`);
}

function readCheckOf(file: string): string | null {
  if (!existsSync(checkOf(file))) return null;
  const text = readFileSync(checkOf(file), 'utf8');
  const check = text.slice(0, CHECK_BYTES * 2);
  if (text === lineOf(check)) return check;
  throw new StoreDamaged(
    `${checkOf(file)} is damaged: remove it, and it is made anew when ${file} is opened with its key`,
  );
}

function writeCheckOf(file: string, key: DatabaseKey): void {
  writeFileSync(checkOf(file), lineOf(checkValueOf(key)), { flush: true });
}

const CHECK_BYTES = 16;

function checkValueOf(key: DatabaseKey): string {
  return derived(key, 'outcome-ledger: check value of a key', CHECK_BYTES);
}

/** The checksum keeps a flipped bit in a check value from being taken for another key. */
function lineOf(check: string): string {
  return `${check} ${createHash('sha256').update(check).digest('hex').slice(0, 16)}\n`;
}

function derived(secret: string, purpose: string, bytes: number): string {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes)).toString('hex');
}

const PLAIN_HEADER = Buffer.from('SQLite format 3\0');

function unreadable(file: string): string {
  const header = Buffer.alloc(PLAIN_HEADER.length);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, header, 0, header.length, 0);
  } finally {
    closeSync(fd);
  }
  if (header.equals(PLAIN_HEADER))
    return `${file} has no tags on its pages: it was made by a version before the first release, and cannot be read`;
  const orKey = existsSync(checkOf(file)) ? '' : ', or LEDGER_DATABASE_KEY is not its key';
  return `${file}: its first page is damaged${orKey}`;
}
