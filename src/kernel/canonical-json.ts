/**
 * RFC 8785 (JCS) canonical JSON, and the hashes over it.
 *
 * Two contents are the same when their canonical JSON is. Every stored payload is canonical text, so that
 * `JSON.stringify(JSON.parse(payload))` gives it back: our keys are names, never integers, which is all that
 * a JavaScript object could reorder.
 */
import canonicalize from 'canonicalize';
import { createHash, randomBytes } from 'node:crypto';
import { assert } from './assert.js';

export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  assert(text !== undefined, 'canonical JSON of undefined');
  return text;
}

/** SHA-256 of the canonical JSON, hexadecimal: says whether two contents are the same. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

export const SALT_BYTES = 16;

/** A batch of salts costs one call of the system's generator. Each is base64url, 22 characters. */
export function makeSalts(count: number): string[] {
  const random = randomBytes(count * SALT_BYTES);
  return Array.from({ length: count }, (_, index) =>
    random.toString('base64url', index * SALT_BYTES, (index + 1) * SALT_BYTES),
  );
}

/**
 * SHA-256(salt ‖ canonical payload), hexadecimal. The salt keeps a short payload from being guessed from its
 * hash once the payload itself has been erased.
 */
export function payloadHash(salt: string, canonicalPayload: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'base64url')).update(canonicalPayload).digest('hex');
}
