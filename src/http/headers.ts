/** Headers that carry meaning, parsed once. */
import { Headers } from '@nestjs/common';
import { parseSubmissionId, UUID, type SubmissionId } from '../kernel/ids.js';
import { IDEMPOTENCY_KEY, IF_MATCH } from './call-headers.js';
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
    throw new Problem('bad-header', IDEMPOTENCY_KEY.says);
  }
  return parseSubmissionId(text);
}

/** The version of an outcome, as a strong entity tag: `"0"`. */
export function parseIfMatch(header: string | undefined): number {
  const match = /^"(0|[1-9]\d{0,8})"$/.exec(header?.trim() ?? '');
  if (!match) throw new Problem('bad-header', IF_MATCH.says);
  return Number(match[1]);
}
