/**
 * A submission: one to 500 outcomes that a programme posts together, and what becomes of each.
 *
 * All outcomes are recorded or none is. Its stream is `submission-<id>`, where the id is the client's idempotency key:
 * a retry, even a year later, finds the stream and gets the original receipt, and other content under the same key is
 * refused. A correction or a withdrawal repeated with the same content and the same expected version changes nothing
 * either. Once the words of an outcome are erased, a retry is compared by its facts alone.
 */
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { eventData, type EventData, type DomainEvent } from '../kernel/event-data.js';
import {
  overrideFaults,
  overrideFor,
  textFaults,
  type Overriding,
  type Reasoned,
} from '../kernel/free-text.js';
import {
  outcomeIdOf,
  parseOutcomeId,
  placeOfOutcome,
  type OutcomeId,
  type ProgrammeId,
  type SubmissionId,
} from '../kernel/ids.js';
import { picked } from '../kernel/picked.js';
import { Refused, refuseIfAny, thereIsNo } from '../kernel/refusals.js';
import {
  contentOf,
  faultsOf,
  faultsOfProgramme,
  OUTCOME_FACTS,
  partsOf,
  textsOf,
  type CatalogueFacts,
  type OutcomeContent,
  type OutcomeFigures,
  type RecordedOutcome,
  type RecordedWords,
  type ReplacedOutcome,
  type SentOutcome,
} from './outcome.js';

export type SubmissionEvent =
  /** The outcome's measure names the type. */
  | DomainEvent<'outcome@2', string, RecordedOutcome, RecordedWords>
  | DomainEvent<
      'outcome-corrected@2',
      'OutcomeCorrected',
      RecordedOutcome & {
        readonly replaces: ReplacedOutcome;
        /** The outcome was first recorded at this sequence, its place among the values of a day. */
        readonly firstSequence: number;
      },
      RecordedWords & Reasoned
    >
  | DomainEvent<
      'outcome-withdrawn@2',
      'OutcomeWithdrawn',
      {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        readonly replaces: ReplacedOutcome;
      },
      Reasoned
    >
  | DomainEvent<
      'outcome-erased@2',
      'OutcomeErased',
      {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        /** An office gave the order to erase, not a person. */
        readonly authorisedBy: string;
        /** The events at these revisions of the stream lost their words. */
        readonly erased: readonly number[];
      },
      { readonly reason: string }
    >;

export type OutcomeEvent = Exclude<SubmissionEvent, { readonly schema: 'outcome-erased@2' }>;
export type ErasureEvent = Extract<SubmissionEvent, { readonly schema: 'outcome-erased@2' }>;

export interface Submit extends Overriding {
  readonly kind: 'submit';
  readonly submissionId: SubmissionId;
  /** The number of the first outcome: above 1 in a later part of a file. */
  readonly firstNumber?: number;
  readonly programmeId: ProgrammeId;
  readonly outcomes: readonly SentOutcome[];
  readonly facts: CatalogueFacts;
}
interface ChangeOfOutcome extends Overriding {
  readonly outcomeId: OutcomeId;
  readonly line: number;
  readonly expectedVersion: number;
  readonly reason: string;
}
export interface Correct extends ChangeOfOutcome {
  readonly kind: 'correct';
  readonly content: SentOutcome;
  readonly firstSequence: number;
  readonly facts: CatalogueFacts;
}
export interface Withdraw extends ChangeOfOutcome {
  readonly kind: 'withdraw';
}
export interface Erase {
  readonly kind: 'erase';
  readonly outcomeId: OutcomeId;
  readonly line: number;
  readonly reason: string;
  readonly authorisedBy: string;
}
export type SubmissionCommand = Submit | Correct | Withdraw | Erase;

export interface VersionTold {
  readonly event: OutcomeEvent;
  readonly revision: number;
  /** An erasure names this version. The store may still have the words, where the erasure was cut short. */
  readonly erased: boolean;
}
/** The versions of an outcome, oldest first; the number of a version is its index. */
export type OutcomeStory = readonly VersionTold[];

export type SubmissionState =
  | { readonly status: 'new' }
  | {
      readonly status: 'recorded';
      readonly programmeId: ProgrammeId;
      /** Line `n` is at `outcomes[n - 1]`. */
      readonly outcomes: readonly OutcomeStory[];
      readonly erasures: readonly { readonly event: ErasureEvent; readonly revision: number }[];
      readonly revision: number;
    };
export type RecordedSubmission = Extract<SubmissionState, { status: 'recorded' }>;

function decide(state: SubmissionState, command: SubmissionCommand): readonly SubmissionEvent[] {
  switch (command.kind) {
    case 'submit':
      return submit(state, command);
    case 'correct':
    case 'withdraw':
    case 'erase': {
      const story = state.status === 'recorded' ? state.outcomes[command.line - 1] : undefined;
      if (state.status === 'new' || !story) throw new Refused(thereIsNo('outcome', command.outcomeId));
      return command.kind === 'erase' ? erase(state, story, command) : change(state, story, command);
    }
    default:
      return unreachable(command);
  }
}

function submit(state: SubmissionState, command: Submit): readonly SubmissionEvent[] {
  const { submissionId, firstNumber = 1, programmeId, outcomes, facts } = command;
  const { personalDataOverride: override } = command;
  if (state.status === 'recorded') {
    // A rule that held when this was recorded is not asked again, even if the programme has closed since.
    if (isRecorded(state, command)) return [];
    throw new Refused({
      code: 'idempotency-key-reused',
      detail: `the key ${submissionId} was used for a submission with other content`,
    });
  }
  refuseIfAny([
    ...faultsOfProgramme(facts),
    ...outcomes.flatMap((outcome, index) => faultsOf(outcome, { facts, override }, `/outcomes/${index}`)),
    ...overrideFaults(override),
  ]);
  return outcomes.map((sent, index) => {
    const measure = facts.measures.get(sent.measureId)!;
    const content = contentOf(sent, measure);
    const outcomeId = outcomeIdOf(submissionId, firstNumber + index);
    const { facts: figures, words = {} } = partsOf(content);
    const data = eventData(
      { outcomeId, programmeId, ...figures },
      { ...words, ...overrideFor(textsOf(content), override) },
    );
    return { schema: 'outcome@2', type: measure.eventType, data };
  });
}

function change(
  state: RecordedSubmission,
  story: OutcomeStory,
  command: Correct | Withdraw,
): readonly SubmissionEvent[] {
  const { outcomeId, expectedVersion, reason, personalDataOverride: override } = command;
  const { programmeId } = state;
  const made = story[expectedVersion + 1];
  if (made && saysTheSame(made, command)) return [];
  if (expectedVersion !== story.length - 1) {
    const detail = `outcome ${outcomeId} stands at version ${story.length - 1}, not ${expectedVersion}`;
    throw new Refused({ code: 'outcome-version-stale', detail });
  }
  const current = story.at(-1)!;
  if (current.event.schema === 'outcome-withdrawn@2') {
    throw new Refused({ code: 'outcome-withdrawn', detail: `outcome ${outcomeId} was withdrawn` });
  }
  const replaces = replacedBy(current.event.data.facts, expectedVersion, current.revision);
  const faults = [...textFaults({ reason }, override), ...overrideFaults(override)];
  if (command.kind === 'withdraw') {
    refuseIfAny(faults);
    const words = { reason, ...overrideFor({ reason }, override) };
    const data = { facts: { outcomeId, programmeId, replaces }, words };
    return [{ schema: 'outcome-withdrawn@2', type: 'OutcomeWithdrawn', data }];
  }
  const { content: sent, facts, firstSequence } = command;
  refuseIfAny([...faultsOf(sent, { facts, override }, ''), ...faults]);
  const content = contentOf(sent, facts.measures.get(sent.measureId)!);
  const parts = partsOf(content);
  const kept = overrideFor({ ...textsOf(content), reason }, override);
  const data = {
    facts: { outcomeId, programmeId, ...parts.facts, replaces, firstSequence },
    words: { ...parts.words, reason, ...kept },
  };
  return [{ schema: 'outcome-corrected@2', type: 'OutcomeCorrected', data }];
}

/** @throws Refused `nothing-to-erase` where no version ever had words */
function erase(state: RecordedSubmission, story: OutcomeStory, command: Erase): readonly SubmissionEvent[] {
  const { outcomeId, reason, authorisedBy } = command;
  const due = story.filter(({ event, erased }) => !erased && event.data.words !== undefined);
  if (due.length === 0) {
    // Erasing twice changes nothing, so a retried request is safe.
    if (story.some(({ erased }) => erased)) return [];
    const detail = `outcome ${outcomeId} was recorded without a text, so that there is nothing to erase`;
    throw new Refused({ code: 'nothing-to-erase', detail });
  }
  // An order to erase is kept for good, so no override lets a text in that would have to be erased in its turn.
  refuseIfAny(textFaults({ reason, authorisedBy }, undefined));
  const erased = due.map(({ revision }) => revision);
  const facts = { outcomeId, programmeId: state.programmeId, authorisedBy, erased };
  return [{ schema: 'outcome-erased@2', type: 'OutcomeErased', data: { facts, words: { reason } } }];
}

function replacedBy(recorded: RecordedOutcome, version: number, revision: number): ReplacedOutcome {
  const { measureId, organisationId } = recorded;
  return {
    version,
    revision,
    measureId,
    ...(organisationId !== undefined && { organisationId }),
    ...picked(recorded, OUTCOME_FACTS),
  };
}

export function isRecorded(
  state: SubmissionState,
  { programmeId, outcomes, facts }: Pick<Submit, 'programmeId' | 'outcomes' | 'facts'>,
): boolean {
  if (state.status === 'new' || state.programmeId !== programmeId) return false;
  if (state.outcomes.length !== outcomes.length) return false;
  return state.outcomes.every(([first], index) => {
    const { event, erased } = first!;
    const told = toldContent(outcomes[index]!, facts);
    return event.schema === 'outcome@2' && sameContent(event.data, told, erased);
  });
}

function saysTheSame({ event: made, erased }: VersionTold, command: Correct | Withdraw): boolean {
  if (made.schema === 'outcome@2' || made.data.facts.outcomeId !== command.outcomeId) return false;
  if (!erased && made.data.words?.reason !== command.reason) return false;
  if (made.schema === 'outcome-withdrawn@2') return command.kind === 'withdraw';
  return (
    command.kind === 'correct' && sameContent(made.data, toldContent(command.content, command.facts), erased)
  );
}

function toldContent(sent: SentOutcome, { measures }: Pick<CatalogueFacts, 'measures'>): OutcomeContent {
  const measure = measures.get(sent.measureId);
  return measure ? contentOf(sent, measure) : (sent as OutcomeContent);
}

/** Compares with what was recorded. Words that were erased are taken to be the same. */
function sameContent(
  recorded: EventData<RecordedOutcome, RecordedWords & { readonly reason?: string }>,
  told: OutcomeContent,
  erased: boolean,
): boolean {
  const { facts, words = {} } = partsOf(told);
  if (canonicalJson(figuresOf(recorded.facts)) !== canonicalJson(facts)) return false;
  const { personalDataOverride: _, reason: _r, ...wordsRecorded } = recorded.words ?? {};
  return erased || canonicalJson(wordsRecorded) === canonicalJson(words);
}

function figuresOf(
  facts: RecordedOutcome & { readonly replaces?: ReplacedOutcome; readonly firstSequence?: number },
): OutcomeFigures {
  const { outcomeId: _o, programmeId: _p, replaces: _s, firstSequence: _f, ...figures } = facts;
  return figures;
}

function evolve(
  state: SubmissionState,
  event: SubmissionEvent,
  revision = state.status === 'new' ? 0 : state.revision + 1,
): SubmissionState {
  switch (event.schema) {
    case 'outcome@2': {
      const known = state.status === 'recorded' ? state.outcomes : [];
      const { programmeId } = event.data.facts;
      const outcomes = [...known, [{ event, revision, erased: false }]];
      return { status: 'recorded', programmeId, outcomes, erasures: [], revision };
    }
    case 'outcome-corrected@2':
    case 'outcome-withdrawn@2': {
      const { outcomes, ...recorded } = state as RecordedSubmission;
      const line = lineOf(event);
      const told = [...outcomes[line - 1]!, { event, revision, erased: false }];
      return { ...recorded, revision, outcomes: outcomes.with(line - 1, told) };
    }
    case 'outcome-erased@2': {
      const { outcomes, erasures, ...recorded } = state as RecordedSubmission;
      const line = lineOf(event);
      const gone = new Set(event.data.facts.erased);
      const told = outcomes[line - 1]!.map((version) =>
        gone.has(version.revision) ? { ...version, erased: true } : version,
      );
      return {
        ...recorded,
        revision,
        outcomes: outcomes.with(line - 1, told),
        erasures: [...erasures, { event, revision }],
      };
    }
    default:
      return unreachable(event);
  }
}

function lineOf({ data: { facts } }: SubmissionEvent): number {
  const { submissionId, line: number } = parseOutcomeId(facts.outcomeId);
  return placeOfOutcome(submissionId, number).line;
}

export const submissionDecider: Decider<SubmissionState, SubmissionCommand, SubmissionEvent> = {
  initialState: { status: 'new' },
  decide,
  evolve,
};
