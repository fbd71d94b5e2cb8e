/**
 * A problem is RFC 9457 `application/problem+json`, with a stable type for each kind of fault and a JSON pointer to
 * each place. Status codes are known here alone; the table does not compile when a refusal is missing.
 */
import type { RefusalCode, ProblemFault } from '../kernel/refusals.js';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

const REFUSALS: Readonly<Record<RefusalCode, ProblemKind>> = {
  'programme-unknown': { status: 404, title: 'There is no such programme' },
  'organisation-unknown': { status: 404, title: 'There is no such organisation' },
  'measure-unknown': { status: 404, title: 'There is no such measure' },
  'submission-unknown': { status: 404, title: 'There is no such submission' },
  'outcome-unknown': { status: 404, title: 'There is no such outcome' },
  'event-unknown': { status: 404, title: 'There is no such event' },
  'key-unknown': { status: 404, title: 'There is no such key' },
  'programme-exists': { status: 409, title: 'The programme exists with other content' },
  'organisation-exists': { status: 409, title: 'The organisation exists with other content' },
  'measure-exists': { status: 409, title: 'The measure exists with other content' },
  'programme-closed': { status: 422, title: 'The programme is closed' },
  'programme-open': { status: 422, title: 'The programme is open' },
  'roll-up-mismatch': { status: 422, title: 'The measure cannot roll up into that one' },
  'event-type-reserved': { status: 422, title: 'The event type is reserved' },
  'event-type-taken': { status: 409, title: 'The event type is that of another measure' },
  'name-taken': { status: 409, title: 'Another has a name that reads the same' },
  'breakdown-repeated': { status: 422, title: 'A breakdown is named twice' },
  'name-date-taken': { status: 409, title: 'Another name takes effect on that date' },
  'parent-within': { status: 422, title: 'An organisation is no body within itself' },
  'life-reversed': { status: 422, title: 'The life ends before it begins' },
  'outcomes-outside-life': { status: 409, title: 'Outcomes stand outside that life' },
  'idempotency-key-reused': { status: 409, title: 'The idempotency key was used for other content' },
  'quantity-does-not-fit-kind': { status: 422, title: 'The quantity does not fit the kind of measure' },
  'effective-period-reversed': { status: 422, title: 'The period ends before it starts' },
  'effective-period-spans-years': { status: 422, title: 'The period spans two financial years' },
  'effective-in-future': { status: 422, title: 'The period is not over' },
  'outside-programme-life': { status: 422, title: 'The date is outside the life of the programme' },
  'outside-organisation-life': { status: 422, title: 'The date is outside the life of the organisation' },
  'bounds-exclude-quantity': { status: 422, title: 'The bounds do not include the quantity' },
  'amount-does-not-fit': { status: 422, title: 'The amount does not fit the measure' },
  'quantity-negative': { status: 422, title: 'The measure is never below nought' },
  'breakdown-does-not-fit': { status: 422, title: 'The breakdown is not one of the measure' },
  'not-counted-yet': { status: 422, title: 'Outcomes of that kind are not counted yet' },
  'numerator-exceeds-denominator': { status: 422, title: 'The numerator exceeds the denominator' },
  'percent-above-hundred': { status: 422, title: 'The percentage is above 100' },
  'text-unreadable': { status: 422, title: 'A text does not read as it is written' },
  'personal-data-suspected': { status: 422, title: 'A text looks as if it held personal data' },
  'outcome-version-stale': { status: 412, title: 'The outcome has changed since that version' },
  'outcome-withdrawn': { status: 422, title: 'The outcome was withdrawn' },
  'outcome-not-withdrawn': { status: 422, title: 'The outcome was not withdrawn' },
  'nothing-to-correct': { status: 422, title: 'The correction changes nothing' },
  'nothing-to-erase': { status: 422, title: 'The outcome was recorded without a text' },
  'erasure-impossible': { status: 422, title: 'The store keeps for good what it was given' },
  'not-allowed': { status: 403, title: 'Whoever asks may not do that' },
  'key-revoked': { status: 422, title: 'The key was revoked' },
  'key-programmes-do-not-fit-role': { status: 422, title: 'The programmes do not fit the role of the key' },
  'key-expiry-passed': { status: 422, title: 'The key would have expired already' },
  'not-summable-over-time': { status: 422, title: 'The measure does not add up over years' },
  'definition-break': { status: 422, title: 'The definition of the measure changed in between' },
};

const EDGE = {
  'malformed-json': { status: 400, title: 'The body is not JSON that can be kept exactly' },
  'bad-request': { status: 400, title: 'The request is not one that HTTP allows' },
  'bad-query': { status: 400, title: 'A query parameter is wrong' },
  'bad-header': { status: 400, title: 'A header is missing or wrong' },
  unauthenticated: { status: 401, title: 'A valid key is needed' },
  'not-acceptable': { status: 406, title: 'This address answers no such media type' },
  'too-slow': { status: 408, title: 'The body did not arrive in time' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'method-not-allowed': { status: 405, title: 'This address does not take that method' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'This address does not take that media type' },
  'invalid-content': { status: 422, title: 'The content breaks a rule of its form' },
  'invalid-file': { status: 422, title: 'Rows of the file are wrong; nothing was recorded' },
  'too-many-requests': { status: 429, title: 'There were too many requests' },
  'internal-error': { status: 500, title: 'The ledger made a mistake' },
  overloaded: { status: 503, title: 'The ledger has too much to do' },
  'issuer-unavailable': { status: 503, title: 'The issuer of tokens cannot be asked' },
  'store-unavailable': { status: 503, title: 'The store cannot be reached' },
  'store-damaged': { status: 503, title: 'The store cannot be trusted' },
  'clock-leapt': { status: 503, title: 'The clock of the ledger leapt' },
  'not-projected': { status: 503, title: 'The read models are not that far' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = RefusalCode | keyof typeof EDGE;

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = { ...REFUSALS, ...EDGE };

export const PROBLEM_TYPE_PREFIX = 'urn:outcome-ledger:problem:';

/** A fault of the request that the HTTP edge itself finds. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly more: {
      readonly errors?: readonly ProblemFault[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'Problem';
  }
}

/** An unknown id in the address is a 404; in the body, where a pointer says so, it is content that breaks a rule. */
export function statusOf(code: ProblemCode, pointer: string | undefined): number {
  const { status } = PROBLEMS[code];
  return status === 404 && pointer !== undefined ? 422 : status;
}
