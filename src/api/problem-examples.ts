/** The OpenAPI document shows what each kind of problem says. The table does not compile when a kind is missing. */
import { thereIsNo, type ProblemFault } from '../kernel/refusals.js';
import { PROBLEM_TYPE_PREFIX, PROBLEMS, type ProblemCode } from './problem.js';
import type { ProblemDocument } from './problem.views.js';

interface ProblemExample {
  readonly detail: string;
  /** The pointer, below the outcome or the body, to the one field that is at fault. */
  readonly at?: string;
}

const OUTCOME = '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1';

const EXAMPLES: Readonly<Record<ProblemCode, ProblemExample>> = {
  'programme-unknown': { detail: thereIsNo('programme').detail },
  'organisation-unknown': { detail: thereIsNo('organisation').detail },
  'measure-unknown': { detail: thereIsNo('measure').detail },
  'submission-unknown': { detail: thereIsNo('submission').detail },
  'outcome-unknown': { detail: thereIsNo('outcome').detail },
  'event-unknown': { detail: thereIsNo('event').detail },
  'key-unknown': { detail: thereIsNo('key').detail },
  'programme-exists': { detail: 'programme lipid-management exists with other content' },
  'organisation-exists': {
    detail: 'organisation wessex exists with another name: a new name is posted to its names',
  },
  'measure-exists': { detail: 'measure feno-tests exists with other content' },
  'programme-closed': { detail: 'programme lipid-management closed on 2024-03-31' },
  'programme-open': { detail: 'programme lipid-management is open' },
  'roll-up-mismatch': {
    detail:
      'a measure rolls up into one of its own kind, unit and decimals, and ratios and rates into none: jobs is a flow of jobs',
    at: '/rollsUpInto',
  },
  'event-type-reserved': {
    detail: "the event type OutcomeCorrected is kept for the ledger's own events",
    at: '/eventType',
  },
  'event-type-taken': {
    detail: 'PatientBenefited is the event type of the measure patients-benefited',
    at: '/eventType',
  },
  'name-taken': { detail: 'lipid-management is named Lipid management, which reads the same', at: '/name' },
  'breakdown-repeated': {
    detail: 'each breakdown and each of its values is named once',
    at: '/breakdowns',
  },
  'name-date-taken': {
    detail: 'organisation wessex already takes another name on 2023-10-01',
    at: '/from',
  },
  'parent-within': {
    detail: 'wessex is wessex or a body within it, and so cannot be its parent',
    at: '/parent',
  },
  'life-reversed': {
    detail: 'the life of the organisation ends on 2013-03-31, before it begins on 2013-04-01',
    at: '/to',
  },
  'outcomes-outside-life': {
    detail:
      '12 outcomes stand after that day, the last on 2024-05-01: correct or withdraw what lies outside first',
    at: '/closedOn',
  },
  'idempotency-key-reused': {
    detail: 'the key 0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f was used for a submission with other content',
  },
  'quantity-does-not-fit-kind': {
    detail: 'patients-benefited is a flow: it takes a quantity',
    at: '/quantity',
  },
  'effective-period-reversed': {
    detail: 'the period ends on 2023-04-01, before it starts on 2023-06-30',
    at: '/effective',
  },
  'effective-period-spans-years': {
    detail: 'a period lies in one financial year: 2023-03-01 is in 2022-23 and 2023-04-30 in 2023-24',
    at: '/effective',
  },
  'effective-in-future': {
    detail: '2999-06-30 is in the future: today is 2026-04-30',
    at: '/effective/to',
  },
  'outside-programme-life': {
    detail: 'programme lipid-management started on 2020-04-01, after 2019-04-01',
    at: '/effective/from',
  },
  'outside-organisation-life': {
    detail: 'organisation wessex started on 2013-04-01, after 2012-06-01',
    at: '/effective/from',
  },
  'bounds-exclude-quantity': {
    detail: 'bounds have a low, a high or both, with low ≤ 1200 ≤ high',
    at: '/bounds',
  },
  'amount-does-not-fit': {
    detail:
      'investment-leveraged has amounts in pounds with up to 2 decimals, and bounds in the unit of what they go around',
    at: '/amount',
  },
  'quantity-negative': {
    detail:
      'patients-benefited is never below nought: to take back what was recorded, correct or withdraw it',
    at: '/quantity',
  },
  'breakdown-does-not-fit': {
    detail: 'an outcome of patients-benefited names a value of each of its breakdowns, of which it has none',
    at: '/breakdown',
  },
  'not-counted-yet': {
    detail: 'totals of a year to date are not counted yet: send what each period brought',
    at: '/counting',
  },
  'numerator-exceeds-denominator': {
    detail: 'a numerator is at most its denominator',
    at: '/numerator',
  },
  'percent-above-hundred': { detail: 'a percentage is at most 100', at: '/percent' },
  'text-unreadable': {
    detail: 'the text holds U+202E, which turns the order in which it is read: take it out',
    at: '/note',
  },
  'personal-data-suspected': {
    detail: 'the text looks as if it held an NHS number: take it out, or override this with a reason',
    at: '/note',
  },
  'outcome-version-stale': { detail: `outcome ${OUTCOME} stands at version 1, not 0` },
  'outcome-withdrawn': { detail: `outcome ${OUTCOME} was withdrawn` },
  'outcome-not-withdrawn': { detail: `outcome ${OUTCOME} was not withdrawn` },
  'nothing-to-correct': { detail: `outcome ${OUTCOME} says all of that already: send what is different` },
  'erasure-impossible': {
    detail:
      'events in EventStoreDB cannot be changed: the documentation says how a ledger on it is erased from',
  },
  'nothing-to-erase': {
    detail: `outcome ${OUTCOME} was recorded without a text, so that there is nothing to erase`,
  },
  'not-allowed': { detail: 'it belongs to a programme that is not one of yours' },
  'key-revoked': { detail: 'the key was revoked: create another one' },
  'key-programmes-do-not-fit-role': {
    detail: 'a key with the role programme needs at least one',
    at: '/programmes',
  },
  'key-expiry-passed': { detail: 'a key expires after now', at: '/expiresAt' },
  'not-summable-over-time': {
    detail:
      'care-homes-supported is a stock: its latest value of each year stands for the year, and adding years would ' +
      'count the same things again. Ask for its annual totals',
  },
  'definition-break': {
    detail:
      'the definition of feno-tests changed so that figures before and after cannot be compared: ask for ' +
      'years on one side of the change, or with allowBreaks=true for a flagged figure',
  },
  'malformed-json': { detail: 'the body is empty: send JSON' },
  'bad-request': { detail: 'the upload broke off before its end: send it again' },
  'bad-query': { detail: 'a query parameter is not one that this address knows, or its value is wrong' },
  'bad-header': { detail: 'a header is missing or wrong' },
  unauthenticated: { detail: 'send the header Authorization: Bearer <key>' },
  'not-acceptable': { detail: 'this address answers application/json' },
  'too-slow': { detail: 'the body did not arrive within 60 seconds: send it again' },
  'not-found': { detail: 'there is nothing at this address: see /docs' },
  'method-not-allowed': { detail: 'this address takes GET, HEAD' },
  'too-large': { detail: 'the body is larger than the 4194304 bytes that this address takes' },
  'unsupported-media-type': {
    detail: 'send the body as application/json, or an import as text/csv or application/x-ndjson',
  },
  'invalid-content': { detail: 'the body breaks a rule of its form' },
  'invalid-file': { detail: '1 of 2 rows is wrong: nothing of this file was recorded now' },
  'too-many-requests': { detail: 'more than 6000 requests in a minute: ask again in 12 seconds' },
  'internal-error': { detail: 'the ledger made a mistake; its log has the request id' },
  overloaded: { detail: 'too many requests are being answered now: ask again' },
  'issuer-unavailable': { detail: 'the keys of the issuer cannot be read now: ask again' },
  'store-unavailable': { detail: 'the store cannot be reached or written now: ask again' },
  'store-damaged': { detail: 'the store needs its operator' },
  'clock-leapt': {
    detail:
      'the clock of the ledger leapt 86400 seconds ahead: nothing is recorded until it is right, or the ledger was started again with it',
  },
  'not-projected': {
    detail: 'the read models stand at sequence 41 and have not reached sequence 42: ask again',
  },
};

/**
 * A call may know better than the example: it has its own words, and knows the place of the fault where there is one.
 */
export interface ProblemTold {
  readonly detail?: string;
  readonly fault?: ProblemFault;
  /** The pointer to the thing that the call is about: an outcome of a submission is at `/outcomes/0`. */
  readonly below?: string;
  /** The pointer that replaces the example's. */
  readonly at?: string;
}

export function problemExample(
  code: ProblemCode,
  status: number,
  { detail, fault, below = '', at }: ProblemTold,
): ProblemDocument {
  const example = EXAMPLES[code];
  const said = fault ? `a fault: ${fault.pointer} ${fault.detail}` : (detail ?? example.detail);
  const place = example.at === undefined ? undefined : (at ?? example.at);
  const placed = place !== undefined && { code, detail: said, pointer: below + place };
  const error = fault ?? (placed || undefined);
  return {
    type: PROBLEM_TYPE_PREFIX + code,
    title: PROBLEMS[code].title,
    status,
    detail: said,
    instance: 'urn:request:c0ffee00-0000-4000-8000-000000000001',
    ...(error && { errors: [error] }),
  };
}
