/** Headers that carry meaning, parsed once. */
import { Headers } from '@nestjs/common';
import { parseSubmissionId, UUID, type SubmissionId } from '../kernel/ids.js';
import { Problem } from './problem.js';

export const IdempotencyKeyHeader = () => Headers('idempotency-key');
export const IfMatchHeader = () => Headers('if-match');

/** A UUID, bare or as the quoted string of the IETF draft. */
export function parseIdempotencyKey(header: string | undefined): SubmissionId {
  const text = header
    ?.trim()
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase();
  if (text === undefined || !UUID.test(text)) {
    throw badHeader(
      'Idempotency-Key',
      'must be one UUID, made by you for this submission and kept for its retries',
    );
  }
  return parseSubmissionId(text);
}

/** The version of an outcome, as a strong entity tag: `"0"`. */
export function parseIfMatch(header: string | undefined): number {
  const match = /^"(0|[1-9]\d{0,8})"$/.exec(header?.trim() ?? '');
  if (!match) throw badHeader('If-Match', 'must be the version of the outcome in quotes, such as "0"');
  return Number(match[1]);
}

function badHeader(name: string, says: string): Problem {
  return new Problem('bad-header', `${name} ${says}`);
}
