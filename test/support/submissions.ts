/** One submission and its later changes: commands and events that the tests of its rules share. */
import { eventData } from '../../src/kernel/event-data.js';
import {
  measureDecider,
  type Measure,
  type MeasureDefinition,
  type MeasureEvent,
} from '../../src/domain/measure.js';
import { organisationDecider, type Organisation } from '../../src/domain/organisation.js';
import type { Programme } from '../../src/domain/programme.js';
import { fold } from '../../src/kernel/decider.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import {
  outcomeIdOf,
  parseMeasureId,
  parseOrganisationId,
  parseProgrammeId,
  parseSubmissionId,
} from '../../src/kernel/ids.js';
import {
  partsOf,
  type CatalogueFacts,
  type ContentWords,
  type OutcomeContent,
  type ReplacedOutcome,
  type SentOutcome,
} from '../../src/domain/outcome.js';
import { submissionDecider, type SubmissionCommand } from '../../src/domain/submission.js';
import type { SubmissionEvent } from '../../src/domain/submission-event.js';
import type { OutcomeChanges } from '../../src/domain/correction.js';
import { decided } from './given.js';

export const given = decided(submissionDecider);
export const submissionId = parseSubmissionId('3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
export const programmeId = parseProgrammeId('lipid-management');
export const date = parseCalendarDate;

export function measure(
  id: string,
  kind: MeasureDefinition['kind'],
  more: Partial<MeasureDefinition> = {},
): Measure {
  const measureId = parseMeasureId(id);
  const counted = { label: id, unit: 'things', kind, decimals: 0, mayBeNegative: false, ...more };
  const definition = { ...counted, eventType: `${kind}Recorded`, countsPeople: false };
  const history: MeasureEvent[] = [
    {
      schema: 'measure-defined@2',
      type: 'MeasureDefined',
      data: { facts: { measureId, ...definition, rollsUpInto: null } },
    },
  ];
  return fold(measureDecider, history) as Measure;
}
export const wessex = fold(organisationDecider, [
  {
    schema: 'organisation-registered@2',
    type: 'OrganisationRegistered',
    data: { facts: { organisationId: parseOrganisationId('wessex'), name: 'Wessex' } },
  },
]) as Organisation;
export const programme: Programme = {
  status: 'open',
  id: programmeId,
  name: 'Lipid management',
  startedOn: date('2020-04-01'),
  registeredAs: { name: 'Lipid management', startedOn: date('2020-04-01') },
};
export const closedProgramme: Programme = { ...programme, status: 'closed', closedOn: date('2023-12-31') };
export const MEASURES = [
  measure('patients', 'flow'),
  measure('sites', 'stock'),
  measure('uptake', 'ratio'),
  measure('return', 'rate'),
];

export const factsWith = (changed: Partial<CatalogueFacts> = {}): CatalogueFacts => ({
  programme,
  measures: new Map(MEASURES.map((known) => [known.id, known])),
  organisations: new Map([[wessex.id, wessex]]),
  today: date('2024-05-01'),
  ...changed,
});

export const content: OutcomeContent = {
  measureId: parseMeasureId('patients'),
  organisationId: wessex.id,
  quantity: 1_200,
  effective: { from: date('2023-04-01'), to: date('2023-06-30') },
  basis: 'counted',
  bounds: { low: 1_100, high: 1_300 },
  evidence: { title: 'Quarter 1 return' },
  note: 'two sites',
};
const { quantity: _quantity, bounds: _bounds, ...figureless } = content;
export const uncounted: Omit<OutcomeContent, 'quantity' | 'bounds'> = figureless;
export const uptake: OutcomeContent = {
  ...uncounted,
  measureId: parseMeasureId('uptake'),
  numerator: 30,
  denominator: 40,
};

/** The corrected outcome was first recorded at this sequence. */
const FIRST_SEQUENCE = 40;

export const submit = (
  outcomes: readonly SentOutcome[],
  changed?: Partial<CatalogueFacts>,
): SubmissionCommand => ({
  kind: 'submit',
  submissionId,
  programmeId,
  outcomes,
  facts: factsWith(changed),
});
/** A correction that leaves nothing as it stands. */
export const wholly = (content: SentOutcome): OutcomeChanges => ({
  ...{ organisationId: null, breakdown: null, quantity: null, numerator: null, denominator: null },
  ...{ percent: null, rate: null, counting: null, reference: null, bounds: null, evidenceSha256: null },
  ...{ evidence: null, note: null, ...content },
});
export const correct = (
  to: OutcomeChanges,
  expectedVersion: number,
  {
    line = 1,
    reason = 'recount',
    ...changed
  }: { line?: number; reason?: string } & Partial<CatalogueFacts> = {},
): SubmissionCommand => ({
  kind: 'correct',
  outcomeId: outcomeIdOf(submissionId, line),
  line,
  expectedVersion,
  reason,
  changes: to,
  firstSequence: FIRST_SEQUENCE,
  facts: factsWith(changed),
});
export const withdraw = (
  expectedVersion: number,
  { line = 1, reason = 'counted twice' } = {},
): SubmissionCommand => ({
  kind: 'withdraw',
  outcomeId: outcomeIdOf(submissionId, line),
  line,
  expectedVersion,
  reason,
});

export const recorded = (line: number, of: OutcomeContent, type = 'flowRecorded'): SubmissionEvent => {
  const { facts, words = {} } = partsOf(of);
  const outcomeId = outcomeIdOf(submissionId, line);
  const data = eventData({ outcomeId, programmeId, ...facts }, words);
  return { schema: 'outcome@2', type, data };
};
export const replacing = (of: OutcomeContent, version: number, revision: number): ReplacedOutcome => {
  return { version, revision, ...partsOf(of).facts };
};
export const corrected = (
  to: OutcomeContent,
  replaces: ReplacedOutcome,
  replaced: ContentWords | null = partsOf(content).words ?? null,
): SubmissionEvent => {
  const { facts, words } = partsOf(to);
  return {
    schema: 'outcome-corrected@2',
    type: 'OutcomeCorrected',
    data: {
      facts: {
        outcomeId: outcomeIdOf(submissionId, 1),
        programmeId,
        ...facts,
        replaces,
        firstSequence: FIRST_SEQUENCE,
      },
      words: { ...words, reason: 'recount', ...(replaced && { replaces: replaced }) },
    },
  };
};
export const withdrawn = (replaces: ReplacedOutcome): SubmissionEvent => ({
  schema: 'outcome-withdrawn@2',
  type: 'OutcomeWithdrawn',
  data: {
    facts: { outcomeId: outcomeIdOf(submissionId, 1), programmeId, replaces },
    words: { reason: 'counted twice' },
  },
});

export const second: OutcomeContent = { ...content, quantity: 50, bounds: { low: 50, high: 50 } };
export const recount: OutcomeContent = { ...content, quantity: 1_150 };
export const afterRecount = [
  recorded(1, content),
  recorded(2, second),
  corrected(recount, replacing(content, 0, 0)),
];
export const again: OutcomeContent = { ...content, quantity: 1_140 };
export const correctedTwice = [...afterRecount, corrected(again, replacing(recount, 1, 2))];
export const withdrawnAtLast = [...correctedTwice, withdrawn(replacing(again, 2, 3))];

export const erase = (line = 1, reason = 'request 2024-17'): SubmissionCommand => ({
  kind: 'erase',
  outcomeId: outcomeIdOf(submissionId, line),
  line,
  reason,
  authorisedBy: 'Data protection officer',
});
export const erased = (...revisions: readonly number[]) => ({
  schema: 'outcome-erased@2' as const,
  type: 'OutcomeErased' as const,
  data: {
    facts: {
      outcomeId: outcomeIdOf(submissionId, 1),
      programmeId,
      authorisedBy: 'Data protection officer',
      erased: revisions,
    },
    words: { reason: 'request 2024-17' },
  },
});
