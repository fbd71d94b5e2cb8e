/**
 * A refusal is a rule saying no. It carries plain codes and sentences; only `http/` knows status codes,
 * in a table that does not compile when a code is missing there.
 */
export const REFUSAL_CODES = [
  // what is spoken of does not exist
  'programme-unknown',
  'organisation-unknown',
  'measure-unknown',
  'submission-unknown',
  'outcome-unknown',
  'event-unknown',
  'key-unknown',
  // registering and changing the catalogue
  'programme-exists',
  'organisation-exists',
  'measure-exists',
  'programme-closed',
  'programme-open',
  'roll-up-mismatch',
  'event-type-reserved',
  'name-date-taken',
  // recording
  'idempotency-key-reused',
  'quantity-does-not-fit-kind',
  'effective-period-reversed',
  'effective-period-spans-years',
  'effective-in-future',
  'outside-programme-life',
  'range-excludes-quantity',
  'numerator-exceeds-denominator',
  'percent-above-hundred',
  'text-unreadable',
  'personal-data-suspected',
  // correcting and withdrawing
  'outcome-version-stale',
  'outcome-withdrawn',
  // erasing
  'erasure-impossible',
  // letting in
  'not-allowed',
  'key-revoked',
  'key-programmes-do-not-fit-role',
  'key-expiry-passed',
  // asking
  'not-summable-over-time',
  'definition-break',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence for the caller. */
  readonly detail: string;
  /** RFC 6901 pointer into the request body, where one field is at fault. */
  readonly pointer?: string;
}

/** A fault as it is told to a caller: what kind, a sentence, and where. */
export interface ProblemFault {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
  /** Of a file, counted from 1. */
  readonly line?: number;
}

/** One command refused, with every rule that said no, in order of precedence: the first decides the status. */
export class Refused extends Error {
  readonly refusals: readonly [Refusal, ...Refusal[]];

  constructor(first: Refusal, ...others: Refusal[]) {
    super(first.detail);
    this.name = 'Refused';
    this.refusals = [first, ...others];
  }

  get code(): RefusalCode {
    return this.refusals[0].code;
  }
}

export function refuseIfAny([first, ...others]: readonly Refusal[]): void {
  if (first) throw new Refused(first, ...others);
}

/** What is not even an id cannot be known. */
export function parseOr<Id>(
  parse: () => Id,
  code: 'programme-unknown' | 'submission-unknown' | 'outcome-unknown' | 'key-unknown',
): Id {
  try {
    return parse();
  } catch {
    throw new Refused({ code, detail: `there is no ${code.slice(0, -'-unknown'.length)} with that id` });
  }
}
