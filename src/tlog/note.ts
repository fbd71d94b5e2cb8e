/**
 * Signed notes (C2SP signed-note): a text and the signatures below it, and the keys that make and verify them.
 *
 * Two kinds of key are known, both Ed25519: a log's own (type 1), and a witness's (type 4), which signs the text
 * together with the time at which it saw it (C2SP tlog-cosignature). Signatures by keys that nobody asked about
 * are passed over, as the specification says; one by a known key that does not verify spoils the note.
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
  /** The first four bytes of a hash, hexadecimal. */
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
}

export interface Note {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that holds; a witness's says when, in seconds since 1970. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  readonly time?: number;
}

export class BadNote extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadNote';
  }
}

/** `name+hex(id)+base64(type ‖ public key)`. @throws BadNote */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  const bytes = match && fromBase64(match[3]!);
  if (!match || !bytes) throw new BadNote(`not a verifier key: ${text}`);
  const [type, publicKey] = [bytes[0], bytes.subarray(1)];
  if ((type !== ED25519 && type !== COSIGNATURE) || publicKey.length !== 32) {
    throw new BadNote(`not a key of a kind that is known here: ${text}`);
  }
  const key = verifierKey(match[1]!, type, publicKey);
  if (key.id !== match[2]) throw new BadNote(`the key's id does not follow from its name and key: ${text}`);
  return key;
}

/** Whether it is a log's own key, and that log's: a witness's signs another text, and no other log speaks for it. */
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

/** `PRIVATE+KEY+name+hex(id)+base64(type ‖ seed)`, as golang.org/x/mod/sumdb/note writes it. @throws BadNote */
export function parseSignerKey(text: string): SignerKey {
  const match = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  const bytes = match && fromBase64(match[3]!);
  const type = bytes?.[0];
  if (!match || bytes?.length !== 33 || (type !== ED25519 && type !== COSIGNATURE)) {
    // The text is a secret: it is not repeated.
    throw new BadNote('not a signing key: PRIVATE+KEY+<name>+<id>+<key> is one');
  }
  const key = signerKey(match[1]!, type, bytes.subarray(1));
  if (key.verifier.id !== match[2]) throw new BadNote('the id of the signing key does not follow from it');
  return key;
}

/** @returns the key as text, to be kept secret */
export function makeSignerKey(name: string, kind: 'log' | 'witness'): string {
  assert(isKeyName(name), `${name} can be a key's name`);
  const type = kind === 'log' ? ED25519 : COSIGNATURE;
  const seed = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  const secret = seed.subarray(PKCS8_PREFIX.length);
  const { id } = signerKey(name, type, secret).verifier;
  return `PRIVATE+KEY+${name}+${id}+${Buffer.concat([Buffer.from([type]), secret]).toString('base64')}`;
}

/** Not empty, no white space and no plus. */
export function isKeyName(name: string): boolean {
  return /^[^+\s]+$/u.test(name);
}

function signerKey(name: string, type: VerifierKey['type'], seed: Buffer): SignerKey {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, verifier: verifierKey(name, type, spki.subarray(SPKI_PREFIX.length)) };
}

/** What stands before the 32 bytes of an Ed25519 key in the formats of RFC 8410. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The text with a signature of each key. @param seconds since 1970, which a witness's signature says */
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

/** @throws BadNote */
export function parseNote(note: string): Note {
  const blank = note.lastIndexOf('\n\n');
  const [text, lines] = [note.slice(0, blank + 1), note.slice(blank + 2)];
  if (blank < 0 || !isNoteText(text) || !lines.endsWith('\n')) {
    throw new BadNote('not a signed note: a text, a blank line, and signatures are one');
  }
  const signatures = lines.slice(0, -1).split('\n').map(parseSignature);
  if (signatures.length > SIGNATURES_MAX) throw new BadNote(`a note of over ${SIGNATURES_MAX} signatures`);
  return { text, signatures };
}

function parseSignature(line: string): NoteSignature {
  const match = /^— ([^+\s]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  const bytes = match && fromBase64(match[2]!);
  if (!match || !bytes || bytes.length < 5) throw new BadNote(`not a signature line: ${line.slice(0, 200)}`);
  return { name: match[1]!, id: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) };
}

/**
 * The signatures by known keys, none of which fails: each key once, in the order of the note.
 * @throws BadNote where one is by a known key and does not verify
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
      throw new BadNote(`the signature of ${name}+${id} is not one of this text`);
    }
    verified.set(key, { key, ...(timed && { time: Number(time) }) });
  }
  return [...verified.values()];
}

/** C2SP tlog-cosignature: a witness signs a header, the time, and then the text. */
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

/** ASCII's control characters but for newlines, and halves of surrogate pairs, which UTF-8 cannot say. */
const NOT_IN_A_NOTE = /[\0-\x09\x0b-\x1f]|\p{Surrogate}/u;

/** Of exactly one spelling. */
function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
