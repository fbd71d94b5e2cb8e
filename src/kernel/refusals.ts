/**
 * A refusal is a rule saying no. It carries plain codes and sentences; only `api/problem.ts` knows status codes, in a
 * table that does not compile when a code is missing there.
 */
export const REFUSAL_CODES = [
  // an id names nothing
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
  'event-type-taken',
  'name-taken',
  'breakdown-repeated',
  'name-date-taken',
  'parent-within',
  'life-reversed',
  'outcomes-outside-life',
  // recording
  'idempotency-key-reused',
  'quantity-does-not-fit-kind',
  'effective-period-reversed',
  'effective-period-spans-years',
  'effective-in-future',
  'outside-programme-life',
  'outside-organisation-life',
  'bounds-exclude-quantity',
  'amount-does-not-fit',
  'quantity-negative',
  'breakdown-does-not-fit',
  'not-counted-yet',
  'numerator-exceeds-denominator',
  'percent-above-hundred',
  'text-unreadable',
  'personal-data-suspected',
  // correcting and withdrawing
  'outcome-version-stale',
  'outcome-withdrawn',
  'outcome-not-withdrawn',
  'nothing-to-correct',
  // erasing
  'erasure-impossible',
  'nothing-to-erase',
  // access
  'not-allowed',
  'key-revoked',
  'key-programmes-do-not-fit-role',
  'key-expiry-passed',
  // asking
  'not-summable-over-time',
  'definition-break',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Each of these has a code for an id that names none. */
export type Identified =
  Extract<RefusalCode, `${string}-unknown`> extends `${infer What}-unknown` ? What : never;

/** @param id left out where the caller sent no id, or might have sent anything */
export function thereIsNo(what: Identified, id?: string): Refusal {
  return { code: `${what}-unknown`, detail: `there is no ${what} ${id ?? 'with that id'}` };
}

export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
  /** An RFC 6901 pointer into the request body. */
  readonly pointer?: string;
}

export interface ProblemFault {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
  /** Lines of a file count from 1. */
  readonly line?: number;
}

/** A refused command, with every rule that said no in order of precedence: the first decides the status. */
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

/** A text that is no id at all names nothing that the ledger knows. */
export function parseOr<Id>(parse: () => Id, what: Identified): Id {
  try {
    return parse();
  } catch {
    throw new Refused(thereIsNo(what));
  }
}
