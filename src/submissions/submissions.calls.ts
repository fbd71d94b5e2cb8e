import { IDEMPOTENCY_KEY, IF_MATCH } from '../api/call-headers.js';
import { TEXT_PROBLEMS, type CallSpec } from '../api/call-spec.js';
import { OUTCOME_ID, PROGRAMME_ID } from '../api/parameters.js';
import type { ProblemCode } from '../api/problem.js';
import {
  CorrectedView,
  CorrectionDto,
  ErasureDto,
  ReceiptView,
  RecordedLineView,
  ReinstatementDto,
  SubmissionDto,
  SubmitQueryDto,
  WithdrawalDto,
} from './submissions.dto.js';

const RULES: readonly ProblemCode[] = [
  'measure-unknown',
  'organisation-unknown',
  'quantity-does-not-fit-kind',
  'percent-above-hundred',
  'numerator-exceeds-denominator',
  'amount-does-not-fit',
  'quantity-negative',
  'bounds-exclude-quantity',
  'breakdown-does-not-fit',
  'not-counted-yet',
  'effective-period-reversed',
  'effective-period-spans-years',
  'effective-in-future',
  'outside-programme-life',
  'outside-organisation-life',
  ...TEXT_PROBLEMS,
];

const EFFECTIVE = { from: '2023-04-01', to: '2023-06-30' };
const COUNT = {
  measure: 'patients-benefited',
  quantity: 1_200,
  organisation: 'wessex',
  effective: EFFECTIVE,
  basis: 'counted',
  evidence: { title: 'Quarter 1 return' },
};

export const submit = {
  may: { programme: 'in-path' },
  summary: 'Record 1 to 500 outcomes, all or none',
  description:
    'Safe to retry: the same content under the same `Idempotency-Key` gets the first receipt again, a year ' +
    'later too, and other content is refused. Every fault of a submission is told at once.',
  params: { id: PROGRAMME_ID },
  query: SubmitQueryDto,
  headers: [IDEMPOTENCY_KEY],
  body: SubmissionDto,
  examples: {
    'a count': { outcomes: [COUNT] },
    'money on one day': {
      outcomes: [
        {
          measure: 'investment-leveraged',
          amount: '250000.00',
          effective: { from: '2023-09-14' },
          basis: 'counted',
        },
      ],
    },
    'an estimate with its bounds': {
      outcomes: [
        {
          ...COUNT,
          quantity: 950,
          basis: 'estimated',
          bounds: { low: 900, high: 1_000 },
          note: 'Scaled up from 6 of 8 sites.',
        },
      ],
    },
    'a ratio, and a percentage that was published alone': {
      outcomes: [
        {
          measure: 'trusts-implementing',
          numerator: 12,
          denominator: 14,
          effective: { from: '2024-03-31' },
          basis: 'counted',
        },
        {
          measure: 'commissioners-launched',
          percent: '87.5',
          effective: { from: '2024-03-31' },
          basis: 'self-reported',
        },
      ],
    },
  },
  answers: {
    200: { says: 'It had been recorded before: the first receipt.', view: ReceiptView },
    201: { says: 'All outcomes are recorded.', view: ReceiptView },
  },
  problems: {
    404: ['programme-unknown'],
    409: ['idempotency-key-reused'],
    422: RULES,
  },
  faultsBelow: '/outcomes/0',
} satisfies CallSpec<ReceiptView>;

export const correct = {
  may: { programme: 'when-found' },
  summary: 'Correct an outcome',
  description:
    'What changes, and why: a member that is left out stays as it stands, `null` takes an optional one away, and an ' +
    'object is replaced whole. What was recorded before stays in its history. A retry changes nothing.',
  params: { id: OUTCOME_ID },
  headers: [IF_MATCH],
  body: CorrectionDto,
  examples: {
    'a recount': { quantity: 1_100, reason: 'recount' },
    'another organisation, and no note': { organisation: 'east', note: null, reason: 'they delivered it' },
  },
  answers: {
    200: {
      says: 'It is corrected, or had been by the same request.',
      view: CorrectedView,
      example: {
        id: OUTCOME_ID.example,
        sequence: 42,
        version: 1,
        changes: [{ member: 'quantity', from: '1200', to: '1100' }],
      },
    },
  },
  problems: {
    404: ['outcome-unknown'],
    412: ['outcome-version-stale'],
    422: ['outcome-withdrawn', 'nothing-to-correct', ...RULES],
  },
} satisfies CallSpec<CorrectedView>;

export const withdraw = {
  may: { programme: 'when-found' },
  summary: 'Withdraw an outcome',
  description: 'It counts no more. What was recorded stays in its history. A retry changes nothing.',
  params: { id: OUTCOME_ID },
  headers: [IF_MATCH],
  body: WithdrawalDto,
  answers: {
    200: {
      says: 'It is withdrawn, or had been by the same request.',
      view: RecordedLineView,
      example: { id: OUTCOME_ID.example, sequence: 43, version: 2 },
    },
  },
  problems: {
    404: ['outcome-unknown'],
    412: ['outcome-version-stale'],
    422: ['outcome-withdrawn', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<RecordedLineView>;

export const reinstate = {
  may: { programme: 'when-found' },
  summary: 'Take a withdrawal back',
  description: 'The outcome counts again as it stood before it was withdrawn. A retry changes nothing.',
  params: { id: OUTCOME_ID },
  headers: [IF_MATCH],
  body: ReinstatementDto,
  answers: {
    200: {
      says: 'It stands again, or had been taken back by the same request.',
      view: RecordedLineView,
      example: { id: OUTCOME_ID.example, sequence: 44, version: 3 },
    },
  },
  problems: {
    404: ['outcome-unknown'],
    412: ['outcome-version-stale'],
    422: ['outcome-not-withdrawn', 'outside-programme-life', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<RecordedLineView>;

export const erase = {
  summary: 'Erase what people wrote in an outcome, by a lawful order',
  description:
    'Evidence, notes and reasons in every version so far are taken out of the store; ' +
    'figures stand, and every proof holds. What is recorded later is not erased. A retry changes nothing.',
  may: {},
  params: { id: OUTCOME_ID },
  body: ErasureDto,
  answers: {
    200: {
      says: 'They are in none of the store’s files.',
      view: RecordedLineView,
      example: { id: OUTCOME_ID.example, sequence: 57, version: 2 },
    },
  },
  problems: {
    404: ['outcome-unknown'],
    422: ['erasure-impossible', 'nothing-to-erase', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<RecordedLineView>;
