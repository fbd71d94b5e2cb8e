/**
 * A submission: one to 500 outcomes that a programme posts together, and what becomes of each.
 *
 * All outcomes are recorded or none is. Its stream is `submission-<id>`, where the id is the client's idempotency key:
 * a retry, even a year later, finds the stream and gets the original receipt, and other content under the same key is
 * refused. A change that is repeated with the same expected version changes nothing either (correction.ts). Once the
 * words of an outcome are erased, a retry is compared by its facts alone.
 */
import { unreachable } from '../kernel/assert.js';
import type { Decider } from '../kernel/decider.js';
import { eventData } from '../kernel/event-data.js';
import { overrideFaults, overrideFor, textFaults, type Overriding } from '../kernel/free-text.js';
import {
  outcomeIdOf,
  parseOutcomeId,
  placeOfOutcome,
  type OutcomeId,
  type ProgrammeId,
  type SubmissionId,
} from '../kernel/ids.js';
import { Refused, refuseIfAny, thereIsNo, type Refusal } from '../kernel/refusals.js';
import { change, type ChangeCommand } from './correction.js';
import { contentOf, faultsOf, partsOf, textsOf, type CatalogueFacts, type SentOutcome } from './outcome.js';
import { says, saysContent, type OutcomeStory } from './outcome-story.js';
import type { ErasureEvent, SubmissionEvent } from './submission-event.js';

export interface Submit extends Overriding {
  readonly kind: 'submit';
  readonly submissionId: SubmissionId;
  /** The number of the first outcome: above 1 in a later part of a file. */
  readonly firstNumber?: number;
  readonly programmeId: ProgrammeId;
  readonly outcomes: readonly SentOutcome[];
  readonly facts: CatalogueFacts;
  /** The decision about each outcome, where it was made beforehand; left out, it is made now. */
  readonly decided?: readonly DecidedOutcome[];
}
/** The faults of an outcome, or the event that records it. */
export interface DecidedOutcome {
  readonly faults: readonly Refusal[];
  readonly event?: SubmissionEvent;
}
/** Takes the words out of all versions of an outcome. Its facts stay. */
export interface Erase {
  readonly kind: 'erase';
  readonly outcomeId: OutcomeId;
  readonly line: number;
  readonly reason: string;
  readonly authorisedBy: string;
}
export type SubmissionCommand = Submit | ChangeCommand | Erase;

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
    case 'reinstate':
    case 'erase': {
      const story = state.status === 'recorded' ? state.outcomes[command.line - 1] : undefined;
      if (state.status === 'new' || !story) {
        throw new Refused(thereIsNo('outcome', command.outcomeId));
      }
      const { programmeId } = state;
      if (command.kind === 'erase') return erase(programmeId, story, command);
      return change(programmeId, story, command);
    }
    default:
      return unreachable(command);
  }
}

function submit(state: SubmissionState, command: Submit): readonly SubmissionEvent[] {
  const { submissionId, outcomes, personalDataOverride: override } = command;
  if (state.status === 'recorded') {
    // A rule that held when this was recorded is not asked again, even if the programme has closed since.
    if (isRecorded(state, command)) return [];
    throw new Refused({
      code: 'idempotency-key-reused',
      detail: `the key ${submissionId} was used for a submission with other content`,
    });
  }
  const decided = command.decided ?? outcomes.map((_, index) => decideOutcome(command, index));
  refuseIfAny([...decided.flatMap(({ faults }) => faults), ...overrideFaults(override)]);
  return decided.map(({ event }) => event!);
}

/** Each outcome of a new submission is decided by itself, so that a long one may be decided piece by piece. */
export function decideOutcome(command: Submit, index: number): DecidedOutcome {
  const { submissionId, firstNumber = 1, programmeId, facts, personalDataOverride: override } = command;
  const sent = command.outcomes[index]!;
  const faults = faultsOf(sent, { facts, override }, `/outcomes/${index}`);
  if (faults.length > 0) return { faults };
  const measure = facts.measures.get(sent.measureId)!;
  const content = contentOf(sent, measure);
  const outcomeId = outcomeIdOf(submissionId, firstNumber + index);
  const { facts: figures, words = {} } = partsOf(content);
  const data = eventData(
    { outcomeId, programmeId, ...figures },
    { ...words, ...overrideFor(textsOf(content), override) },
  );
  return { faults, event: { schema: 'outcome@2', type: measure.eventType, data } };
}

/** @throws Refused `nothing-to-erase` where no version ever had words */
function erase(programmeId: ProgrammeId, story: OutcomeStory, command: Erase): readonly SubmissionEvent[] {
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
  const facts = { outcomeId, programmeId, authorisedBy, erased };
  return [{ schema: 'outcome-erased@2', type: 'OutcomeErased', data: { facts, words: { reason } } }];
}

/** Tells whether a submission was recorded before, with the same content. */
export function isRecorded(
  state: SubmissionState,
  { programmeId, outcomes, facts }: Pick<Submit, 'programmeId' | 'outcomes' | 'facts'>,
): boolean {
  if (state.status === 'new' || state.programmeId !== programmeId) return false;
  if (state.outcomes.length !== outcomes.length) return false;
  return state.outcomes.every(
    ([first], index) => saysContent(first!) && says(first, outcomes[index]!, facts),
  );
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
    case 'outcome-withdrawn@2':
    case 'outcome-reinstated@2': {
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
