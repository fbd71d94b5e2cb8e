/**
 * Identifiers are parsed once at the edge and branded, so that one cannot be taken for another.
 *
 * An `outcomeId` is `<submissionId>.<line>` with lines from 1: it is the same on every retry and leads to its stream.
 */
import { hash } from 'node:crypto';

declare const brand: unique symbol;
export type Branded<Base, Brand extends string> = Base & { readonly [brand]: Brand };

export type ProgrammeId = Branded<string, 'ProgrammeId'>;
export type OrganisationId = Branded<string, 'OrganisationId'>;
export type MeasureId = Branded<string, 'MeasureId'>;
export type SubmissionId = Branded<string, 'SubmissionId'>;
export type OutcomeId = Branded<string, 'OutcomeId'>;
export type KeyId = Branded<string, 'KeyId'>;
export type StreamName = Branded<string, 'StreamName'>;

export const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/u;
export const SLUG_LENGTH_MAX = 64;
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const SHA256 = /^[0-9a-f]{64}$/;
export const KEY_ID = /^[0-9a-f]{16}$/;
export const OUTCOMES_MAX = 500;
export const OUTCOME_ID = /^([0-9a-f-]{36})\.([1-9][0-9]{0,8})$/;
/** UUIDs of version 8 are the ledger's own: no caller can name a submission so. */
const OWN_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8/;

/** Every UUIDv5 of the ledger is in this namespace, an arbitrary value that must never change. */
const LEDGER_NAMESPACE = Buffer.from('6f0c1ad453ff5c0e9d4b2f8a4e0d7c11', 'hex');

function parseSlug(text: string, what: string): string {
  if (text.length > SLUG_LENGTH_MAX || !SLUG.test(text)) throw new TypeError(`not ${what}: ${text}`);
  return text;
}

export const parseProgrammeId = (text: string) => parseSlug(text, 'a programme id') as ProgrammeId;
export const parseOrganisationId = (text: string) => parseSlug(text, 'an organisation id') as OrganisationId;
export const parseMeasureId = (text: string) => parseSlug(text, 'a measure id') as MeasureId;

/** UUIDs are compared as text, so upper case becomes lower case. */
export function parseSubmissionId(text: string): SubmissionId {
  const lowerCase = text.toLowerCase();
  if (!UUID.test(lowerCase)) throw new TypeError(`not a UUID: ${text}`);
  return lowerCase as SubmissionId;
}

export function outcomeIdOf(submissionId: SubmissionId, line: number): OutcomeId {
  return `${submissionId}.${line}` as OutcomeId;
}

export function parseOutcomeId(text: string): {
  submissionId: SubmissionId;
  line: number;
  outcomeId: OutcomeId;
} {
  const lowerCase = text.toLowerCase();
  const match = OUTCOME_ID.exec(lowerCase);
  const line = Number(match?.[2]);
  if (!match || (line > OUTCOMES_MAX && !isOwn(match[1]!))) throw new TypeError(`not an outcome id: ${text}`);
  return { submissionId: parseSubmissionId(match[1]!), line, outcomeId: lowerCase as OutcomeId };
}

/** The ledger makes the ids of keys, not their users. */
export function parseKeyId(text: string): KeyId {
  if (!KEY_ID.test(text)) throw new TypeError(`not a key id: ${text}`);
  return text as KeyId;
}

export const programmeStream = (id: ProgrammeId) => `programme-${id}` as StreamName;
export const organisationStream = (id: OrganisationId) => `organisation-${id}` as StreamName;
export const measureStream = (id: MeasureId) => `measure-${id}` as StreamName;
export const submissionStream = (id: SubmissionId) => `submission-${id}` as StreamName;

export function isOwn(id: string): boolean {
  return OWN_UUID.test(id);
}

/**
 * Finds the stream of an outcome, and its line there, from 1. A file has a stream for every 500 outcomes, which are
 * numbered through the whole file.
 */
export function placeOfOutcome(
  id: SubmissionId,
  number: number,
): { readonly stream: StreamName; readonly line: number } {
  const part = Math.floor((number - 1) / OUTCOMES_MAX);
  const line = number - part * OUTCOMES_MAX;
  return { stream: isOwn(id) ? (`part-${id}-${part}` as StreamName) : submissionStream(id), line };
}
export const keyStream = (id: KeyId) => `key-${id}` as StreamName;

/**
 * Makes the id of an event: UUIDv5 over its place and the salted hash of its facts.
 *
 * A store takes an append that repeats known ids for a retry, and answers with the first result. So one decision that
 * is appended again has the same ids, and two decisions never do: of two writers that race for one place, the second is
 * told so, even when both say the same (docs/adr/0003-event-ids.md).
 */
export function eventIdOf(stream: StreamName, revision: number, factsHash: string): string {
  return uuidV5(LEDGER_NAMESPACE, `${stream}@${revision} ${factsHash}`);
}

/**
 * Makes the id of a file's outcomes, which is the same when the file is posted to the same programme again. It is a
 * UUID of version 8 (RFC 9562, section 5.8) over a SHA-256, which no idempotency key may be: someone with the file
 * could otherwise record something else under its id first.
 */
export function fileSubmissionId(programmeId: ProgrammeId, fileSha256: string): SubmissionId {
  const name = Buffer.concat([LEDGER_NAMESPACE, Buffer.from(`file ${programmeId} ${fileSha256}`)]);
  return uuidOf(hash('sha256', name, 'hex'), 8) as SubmissionId;
}

/** RFC 9562, section 5.5. */
export function uuidV5(namespace: Buffer, name: string): string {
  const named = Buffer.allocUnsafe(namespace.length + Buffer.byteLength(name));
  named.set(namespace);
  named.write(name, namespace.length);
  return uuidOf(hash('sha1', named, 'hex'), 5);
}

function uuidOf(hex: string, version: number): string {
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) % 4]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
