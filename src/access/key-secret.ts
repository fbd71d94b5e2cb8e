/**
 * The text of a key: `ledger_<id>_<secret>`, with 256 random bits in the secret. Only its SHA-256 is stored: a
 * fast hash of so many random bits gives nothing away, and needs no salt and no stretching.
 */
import { hash, randomBytes } from 'node:crypto';
import { parseKeyId, type KeyId } from '../kernel/ids.js';

const KEY_TEXT = /^ledger_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
/**
 * Matches secrets anywhere in a text, because no log may have them. A JSON Web Token begins as every JSON object
 * in base64 does.
 */
const SECRETS = /ledger_([0-9a-f]{16})_[A-Za-z0-9_-]{43}|\beyJ[\w-]*\.[\w-]*\.[\w-]*/g;

export function makeKeyId(): KeyId {
  return parseKeyId(randomBytes(8).toString('hex'));
}

export function makeKeyText(id: KeyId): string {
  return `ledger_${id}_${randomBytes(32).toString('base64url')}`;
}

/** The id in the text of a key; null where the text is no key of this kind. */
export function keyIdIn(text: string): KeyId | null {
  const id = KEY_TEXT.exec(text)?.[1];
  return id === undefined ? null : parseKeyId(id);
}

export function hashOfKey(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Escapes of characters that an address may hold as they are (RFC 3986, section 2.3). */
const ESCAPED_IN_VAIN = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/gi;

/** The text with its secrets replaced, for example an address that a caller put a key into. */
export function withoutSecrets(text: string): string {
  return text
    .replace(ESCAPED_IN_VAIN, decodeURIComponent)
    .replace(SECRETS, (_secret, id?: string) => (id === undefined ? '[token]' : `ledger_${id}_[key]`));
}
