/**
 * The text of a key: `ledger_<id>_<secret>`, with 256 random bits in the secret. Nothing but its SHA-256 is kept:
 * of so many random bits a fast hash gives nothing away, and asks for no salt and no stretching.
 */
import { hash, randomBytes } from 'node:crypto';
import { parseKeyId, type KeyId } from '../kernel/ids.js';

const KEY_TEXT = /^ledger_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
/** Wherever it stands: for what must never be logged. A JSON Web Token begins like every JSON object. */
const SECRETS = /ledger_([0-9a-f]{16})_[A-Za-z0-9_-]{43}|\beyJ[\w-]*\.[\w-]*\.[\w-]*/g;

export function makeKeyId(): KeyId {
  return parseKeyId(randomBytes(8).toString('hex'));
}

export function makeKeyText(id: KeyId): string {
  return `ledger_${id}_${randomBytes(32).toString('base64url')}`;
}

/** Null where a text is no key of this kind. */
export function keyIdIn(text: string): KeyId | null {
  const id = KEY_TEXT.exec(text)?.[1];
  return id === undefined ? null : parseKeyId(id);
}

export function hashOfKey(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** What an address may write as it is, and need not escape (RFC 3986, section 2.3). */
const ESCAPED_IN_VAIN = /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/gi;

/** A text without the secrets in it, such as an address that someone put a key into. */
export function withoutSecrets(text: string): string {
  return text
    .replace(ESCAPED_IN_VAIN, decodeURIComponent)
    .replace(SECRETS, (_secret, id?: string) => (id === undefined ? '[token]' : `ledger_${id}_[key]`));
}
