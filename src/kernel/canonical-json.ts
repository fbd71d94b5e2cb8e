/**
 * RFC 8785 (JCS) canonical JSON, and the hash over it.
 *
 * Two contents are the same when their canonical JSON is. Every stored payload is canonical text, so that
 * `JSON.stringify(JSON.parse(payload))` gives it back: our keys are names, never integers, which is all that
 * a JavaScript object could reorder. Tests: test/unit/canonical-json.test.ts.
 */
import { hash, randomFillSync } from 'node:crypto';
import { assert } from './assert.js';

/**
 * Writes members in order of their names' UTF-16 units, without white space (RFC 8785, section 3.2). A member that is
 * `undefined` is absent.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return scalar(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as Readonly<Record<string, unknown>>;
  let members = '';
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${quoted(name)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** Most texts need no escape, and finding that out is quicker than `JSON.stringify`. */
export function quoted(text: string): string {
  return NEEDS_NO_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text);
}

const NEEDS_NO_ESCAPE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

function scalar(value: unknown): string {
  assert(typeof value !== 'number' || Number.isFinite(value), `${String(value)} has no JSON`);
  const text = JSON.stringify(value) as string | undefined;
  assert(text !== undefined, `canonical JSON of ${typeof value}`);
  return text;
}

const SALT_BYTES = 16;
/** A call of the system's generator costs more than a hash, so one call fills many salts. */
const salts = Buffer.alloc(256 * SALT_BYTES);
let saltsUsed = salts.length;

export function makeSalt(): string {
  if (saltsUsed === salts.length) {
    randomFillSync(salts);
    saltsUsed = 0;
  }
  return salts.toString('base64url', saltsUsed, (saltsUsed += SALT_BYTES));
}

/** SHA-256(salt ‖ text), hexadecimal. The salt keeps a short text from being guessed from its hash once it is erased. */
export function saltedHash(salt: string, canonicalText: string): string {
  // A text is hashed in two thirds of the time where a buffer for it exists already. UTF-8 has at most three bytes a
  // character.
  if (salt.length <= SALT_TEXT_LENGTH && 3 * canonicalText.length <= HASHED.length - SALT_BYTES) {
    const salted = HASHED.write(salt, 'base64url');
    return hash('sha256', HASHED.subarray(0, salted + HASHED.write(canonicalText, salted)), 'hex');
  }
  return hash('sha256', Buffer.concat([Buffer.from(salt, 'base64url'), Buffer.from(canonicalText)]), 'hex');
}

const SALT_TEXT_LENGTH = 22;
const HASHED = Buffer.alloc(8_192);
