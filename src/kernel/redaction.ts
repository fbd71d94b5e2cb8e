/**
 * What is left of an outcome's event when its content is erased by a lawful order: the figures, and of each text in
 * somebody's own words that there was one (docs/adr/0010-erasure.md).
 *
 * What stays is listed, and nothing else stays: a member that this list does not know goes with the texts. The
 * shape remains that of its schema, so whoever reads the event reads REDACTED where a text stood.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

export const REDACTED = 'REDACTED';

const FIGURES = [
  ...['outcomeId', 'programmeId', 'measureId', 'measureVersion', 'organisationId'],
  ...['quantity', 'numerator', 'denominator', 'percent', 'rate', 'effective', 'basis', 'range', 'replaces'],
] as const;

const TEXTS: Readonly<Record<string, unknown>> = {
  evidence: { title: REDACTED },
  note: REDACTED,
  reason: REDACTED,
  personalDataOverride: { reason: REDACTED },
};

/** Erasing what is erased changes nothing. */
export function redacted<Content extends object>(content: Content): Content {
  const members = content as Readonly<Record<string, unknown>>;
  const left: Record<string, unknown> = {};
  for (const name of FIGURES) if (members[name] !== undefined) left[name] = members[name];
  for (const [name, instead] of Object.entries(TEXTS)) if (members[name] !== undefined) left[name] = instead;
  return left as Content;
}

export function isRedacted(content: object): boolean {
  return canonicalJson(redacted(content)) === canonicalJson(content);
}

/**
 * SHA-256 of what is left, as canonical JSON, hexadecimal. Without a salt nothing vouches for it but the event of the
 * erasure, which names this hash and is in the log itself.
 */
export function hashOfLeft(content: object): string {
  return hash('sha256', canonicalJson(redacted(content)), 'hex');
}
