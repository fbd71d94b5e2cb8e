/** Headers that carry meaning are parsed here, once. */
import { Headers } from '@nestjs/common';
import { overrideFaults, type PersonalDataOverride } from '../kernel/free-text.js';
import { isOwn, parseSubmissionId, UUID, type SubmissionId } from '../kernel/ids.js';
import { IDEMPOTENCY_KEY, IF_MATCH, PERSONAL_DATA_OVERRIDE } from './call-headers.js';
import { Problem } from './problem.js';

export const IdempotencyKeyHeader = () => Headers('idempotency-key');
export const IfMatchHeader = () => Headers('if-match');

/** The key is a UUID, either bare or as the quoted string of the IETF draft. */
export function parseIdempotencyKey(header: string | undefined): SubmissionId {
  const text = header
    ?.trim()
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase();
  if (text === undefined || !UUID.test(text) || isOwn(text)) {
    throw new Problem('bad-header', IDEMPOTENCY_KEY.says);
  }
  return parseSubmissionId(text);
}

/** The header holds the version of an outcome as a strong entity tag: `"0"`. */
export function parseIfMatch(header: string | undefined): number {
  const match = /^"(0|[1-9]\d{0,8})"$/.exec(header?.trim() ?? '');
  if (!match) throw new Problem('bad-header', IF_MATCH.says);
  return Number(match[1]);
}

/** Returns the reason of an override for a call whose body is a file, or undefined where none was sent. */
export function parsePersonalDataOverride(
  header: string | string[] | undefined,
): PersonalDataOverride | undefined {
  if (header === undefined) return undefined;
  const override = { reason: String(header).trim() };
  if (!/^[\x20-\x7e]{5,500}$/.test(override.reason) || overrideFaults(override).length > 0) {
    throw new Problem('bad-header', PERSONAL_DATA_OVERRIDE.says);
  }
  return override;
}
