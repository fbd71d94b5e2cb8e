/**
 * Signed notes (C2SP signed-note): a text with signatures below it, and the keys that make and verify them.
 *
 * Two kinds of key are known, both Ed25519: a log's own (type 1), and a witness's (type 4), which signs the text
 * together with the time of signing (C2SP tlog-cosignature). Signatures by unknown keys are ignored, as the
 * specification asks; a note in which the signature of a known key does not verify is refused.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { assert } from '../kernel/assert.js';

const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const SIGNATURES_MAX = 100;
const SIGNATURE_BYTES = 64;

export interface VerifierKey {
  readonly name: string;
  /** The first four bytes of the hash of name, type and key, in hexadecimal. */
  readonly id: string;
  readonly type: typeof ED25519 | typeof COSIGNATURE;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

export interface SignerKey {
  readonly verifier: VerifierKey;
  readonly privateKey: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly signature: Buffer;
  /** The line of the signature in the note, without its end. */
  readonly line: string;
}

export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that holds. A witness's also has the time at which it was made, in seconds since 1970. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  readonly time?: number;
}

export class BadNote extends Error {
  override readonly name: string = 'BadNote';
}

/** Reads `name+hex(id)+base64(type ‖ public key)`. @throws BadNote */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  const bytes = match && fromBase64(match[3]!);
  if (!match || !bytes) throw new BadNote(`not a verifier key: ${text}`);
  const [type, publicKey] = [bytes[0], bytes.subarray(1)];
  if ((type !== ED25519 && type !== COSIGNATURE) || publicKey.length !== 32) {
    throw new BadNote(`not an Ed25519 key of a log (type 1) or of a witness (type 4): ${text}`);
  }
  const key = verifierKey(match[1]!, type, publicKey);
  if (key.id !== match[2]) throw new BadNote(`the key's id does not follow from its name and key: ${text}`);
  return key;
}

/**
 * Only the log's own key may sign its checkpoints: a witness's key signs another text, and no other log speaks for this
 * one.
 */
export function signsLogs({ name, type }: VerifierKey, origin: string): boolean {
  return type === ED25519 && name === origin;
}

export function isWitnessKey({ type }: VerifierKey): boolean {
  return type === COSIGNATURE;
}

export function encodeVerifierKey({ name, id, type, publicKey }: VerifierKey): string {
  return `${name}+${id}+${Buffer.concat([Buffer.from([type]), publicKey]).toString('base64')}`;
}

function verifierKey(name: string, type: VerifierKey['type'], publicKey: Buffer): VerifierKey {
  const hashed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), publicKey]);
  return { name, type, publicKey, id: hash('sha256', hashed, 'hex').slice(0, 8) };
}

/** Reads `PRIVATE+KEY+name+hex(id)+base64(type ‖ seed)`, as golang.org/x/mod/sumdb/note writes it. @throws BadNote */
export function parseSignerKey(text: string): SignerKey {
  const match = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  const bytes = match && fromBase64(match[3]!);
  const type = bytes?.[0];
  if (!match || bytes?.length !== 33 || (type !== ED25519 && type !== COSIGNATURE)) {
    // The error does not repeat the text, which is a secret.
    throw new BadNote('not a signing key: it must read PRIVATE+KEY+<name>+<id>+<key>');
  }
  const key = signerKey(match[1]!, type, bytes.subarray(1));
  if (key.verifier.id !== match[2]) throw new BadNote('the id of the signing key does not follow from it');
  return key;
}

export function makeSignerKey(name: string, kind: 'log' | 'witness'): string {
  assert(isKeyName(name), `${name} can be a key's name`);
  const type = kind === 'log' ? ED25519 : COSIGNATURE;
  const seed = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  const secret = seed.subarray(PKCS8_PREFIX.length);
  const { id } = signerKey(name, type, secret).verifier;
  return `PRIVATE+KEY+${name}+${id}+${Buffer.concat([Buffer.from([type]), secret]).toString('base64')}`;
}

export function isKeyName(name: string): boolean {
  return /^[^+\s]+$/u.test(name);
}

function signerKey(name: string, type: VerifierKey['type'], seed: Buffer): SignerKey {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, verifier: verifierKey(name, type, spki.subarray(SPKI_PREFIX.length)) };
}

/** These bytes stand before the 32 bytes of an Ed25519 key in the formats of RFC 8410. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @param seconds the time since 1970 that a witness's signature states */
export function signNote(text: string, keys: readonly SignerKey[], seconds = 0): string {
  return `${text}\n${keys.map((key) => signatureLine(text, key, seconds)).join('')}`;
}

export function signatureLine(text: string, { verifier, privateKey }: SignerKey, seconds = 0): string {
  assert(isNoteText(text), 'a note is lines of text without control characters');
  const { name, id, type } = verifier;
  const parts: Buffer[] = [Buffer.from(id, 'hex')];
  if (type === COSIGNATURE) parts.push(timeBytes(BigInt(seconds)));
  parts.push(sign(null, signedBytes(text, type, BigInt(seconds)), privateKey));
  return `— ${name} ${Buffer.concat(parts).toString('base64')}\n`;
}

export function parseNote(note: string): Note {
  const blank = note.lastIndexOf('\n\n');
  const [text, lines] = [note.slice(0, blank + 1), note.slice(blank + 2)];
  if (blank < 0 || !isNoteText(text) || !lines.endsWith('\n')) {
    throw new BadNote('not a signed note: it must be a text, a blank line, and signature lines');
  }
  const signatures = lines.slice(0, -1).split('\n').map(parseSignature);
  if (signatures.length > SIGNATURES_MAX) throw new BadNote(`the note has over ${SIGNATURES_MAX} signatures`);
  return { text, signatures };
}

function parseSignature(line: string): NoteSignature {
  const match = /^— ([^+\s]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  const bytes = match && fromBase64(match[2]!);
  if (!match || !bytes || bytes.length < 5) throw new BadNote(`not a signature line: ${line.slice(0, 200)}`);
  return { name: match[1]!, id: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4), line };
}

/**
 * The valid signatures by known keys, each key once, in the order of the note.
 * @throws BadNote where the signature of a known key does not verify
 */
export function verifiedSignatures(note: Note, keys: readonly VerifierKey[]): VerifiedSignature[] {
  const verified = new Map<VerifierKey, VerifiedSignature>();
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.id === id);
    if (!key || verified.has(key)) continue;
    const timed = key.type === COSIGNATURE;
    const time = timed && signature.length === 8 + SIGNATURE_BYTES ? signature.readBigUInt64BE() : 0n;
    const signed = signedBytes(note.text, key.type, time);
    const bytes = timed ? signature.subarray(8) : signature;
    const publicKey = createPublicKey({
      key: Buffer.concat([SPKI_PREFIX, key.publicKey]),
      format: 'der',
      type: 'spki',
    });
    if (bytes.length !== SIGNATURE_BYTES || !verify(null, signed, publicKey, bytes)) {
      throw new BadNote(
        `the signature of ${name}+${id} does not verify: the text is not the one that this key signed`,
      );
    }
    verified.set(key, { key, ...(timed && { time: Number(time) }) });
  }
  return [...verified.values()];
}

/** C2SP tlog-cosignature: a witness signs a header line, a line with the time, and the text. */
function signedBytes(text: string, type: VerifierKey['type'], seconds: bigint): Buffer {
  return Buffer.from(type === COSIGNATURE ? `cosignature/v1\ntime ${seconds}\n${text}` : text);
}

function timeBytes(seconds: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(seconds);
  return bytes;
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && !NOT_IN_A_NOTE.test(text);
}

/** A note's text has no ASCII control characters but newlines, and no lone surrogates. */
const NOT_IN_A_NOTE = /[\0-\x09\x0b-\x1f]|\p{Surrogate}/u;

/** Base64 has one spelling of bytes; any other is refused. */
function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
