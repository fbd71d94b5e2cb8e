/**
 * A submission: one to 500 outcomes that a programme posts together, and what becomes of each.
 *
 * All outcomes are recorded or none is. Its stream is `submission-<id>`, where the id is the client's
 * idempotency key: a retry, even a year later, finds the stream and gets the original receipt, and other
 * content under the same key is refused. A correction or a withdrawal repeated with the same content and the
 * same expected version changes nothing either.
 */
import type { Measure } from '../catalogue/measure.js';
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { outcomeIdOf, type OutcomeId, type ProgrammeId, type SubmissionId } from '../kernel/ids.js';
import { Refused, type Refusal } from '../kernel/refusals.js';
import {
  faultsOf,
  type CatalogueFacts,
  type OutcomeContent,
  type RecordedOutcome,
  type ReplacedOutcome,
} from './outcome.js';

export type SubmissionEvent =
  /** The type is the one that the outcome's measure names. */
  | { readonly schema: 'outcome@1'; readonly type: string; readonly data: RecordedOutcome }
  | {
      readonly schema: 'outcome-corrected@1';
      readonly type: 'OutcomeCorrected';
      readonly data: RecordedOutcome & { readonly reason: string; readonly replaces: ReplacedOutcome };
    }
  | {
      readonly schema: 'outcome-withdrawn@1';
      readonly type: 'OutcomeWithdrawn';
      readonly data: {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        readonly reason: string;
        readonly replaces: ReplacedOutcome;
      };
    };

export interface Submit {
  readonly kind: 'submit';
  readonly submissionId: SubmissionId;
  readonly programmeId: ProgrammeId;
  readonly outcomes: readonly OutcomeContent[];
  readonly facts: CatalogueFacts;
}
interface ChangeOfOutcome {
  readonly outcomeId: OutcomeId;
  readonly line: number;
  readonly expectedVersion: number;
  readonly reason: string;
}
export interface Correct extends ChangeOfOutcome {
  readonly kind: 'correct';
  readonly content: OutcomeContent;
  readonly facts: CatalogueFacts;
}
export interface Withdraw extends ChangeOfOutcome {
  readonly kind: 'withdraw';
}
export type SubmissionCommand = Submit | Correct | Withdraw;

/** What happened to one outcome, oldest first; its version is the index of the last. */
export type OutcomeStory = readonly { readonly event: SubmissionEvent; readonly revision: number }[];

export type SubmissionState =
  | { readonly status: 'new' }
  | {
      readonly status: 'recorded';
      readonly programmeId: ProgrammeId;
      /** By line, from 1: `outcomes[line - 1]`. */
      readonly outcomes: readonly OutcomeStory[];
      readonly revision: number;
    };
type Recorded = Extract<SubmissionState, { status: 'recorded' }>;

function decide(state: SubmissionState, command: SubmissionCommand): readonly SubmissionEvent[] {
  switch (command.kind) {
    case 'submit':
      return submit(state, command);
    case 'correct':
    case 'withdraw': {
      const story = state.status === 'recorded' ? state.outcomes[command.line - 1] : undefined;
      if (state.status === 'new' || !story) {
        throw new Refused({ code: 'outcome-unknown', detail: `there is no outcome ${command.outcomeId}` });
      }
      return change(state, story, command);
    }
    default:
      return unreachable(command);
  }
}

function submit(state: SubmissionState, command: Submit): readonly SubmissionEvent[] {
  const { submissionId, programmeId, outcomes, facts } = command;
  if (state.status === 'recorded') {
    // The rules are not asked again: what they said then holds, even if the programme has closed since.
    if (state.programmeId === programmeId && sameOutcomes(state, outcomes)) return [];
    throw new Refused({
      code: 'idempotency-key-reused',
      detail: `the key ${submissionId} was used for a submission with other content`,
    });
  }
  const refusals: Refusal[] = [];
  if (facts.programme.status === 'closed') {
    const detail = `programme ${programmeId} closed on ${facts.programme.closedOn}`;
    refusals.push({ code: 'programme-closed', detail });
  }
  outcomes.forEach((outcome, index) => refusals.push(...faultsOf(outcome, facts, `/outcomes/${index}`)));
  refuseIfAny(refusals);
  return outcomes.map((content, index) => {
    const measure = facts.measures.get(content.measureId)!;
    const outcomeId = outcomeIdOf(submissionId, index + 1);
    const data = { outcomeId, programmeId, measureVersion: measure.version, ...content };
    return { schema: 'outcome@1', type: measure.eventType, data };
  });
}

function change(
  state: Recorded,
  story: OutcomeStory,
  command: Correct | Withdraw,
): readonly SubmissionEvent[] {
  const { outcomeId, expectedVersion, reason } = command;
  const { programmeId } = state;
  const made = story[expectedVersion + 1]?.event;
  if (made && saysTheSame(made, command)) return [];
  if (expectedVersion !== story.length - 1) {
    const detail = `outcome ${outcomeId} stands at version ${story.length - 1}, not ${expectedVersion}`;
    throw new Refused({ code: 'outcome-version-stale', detail });
  }
  const current = story.at(-1)!;
  if (current.event.schema === 'outcome-withdrawn@1') {
    throw new Refused({ code: 'outcome-withdrawn', detail: `outcome ${outcomeId} was withdrawn` });
  }
  const replaces = replacedBy(current.event.data, expectedVersion, current.revision);
  if (command.kind === 'withdraw') {
    const data = { outcomeId, programmeId, reason, replaces };
    return [{ schema: 'outcome-withdrawn@1', type: 'OutcomeWithdrawn', data }];
  }
  const { content, facts } = command;
  refuseIfAny(faultsOf(content, facts, ''));
  const measureVersion = versionFor(facts.measures.get(content.measureId)!, replaces);
  const data = { outcomeId, programmeId, measureVersion, ...content, reason, replaces };
  return [{ schema: 'outcome-corrected@1', type: 'OutcomeCorrected', data }];
}

/** A correction restates what was counted, so it stays with the definition under which it was counted. */
function versionFor(measure: Measure, replaces: ReplacedOutcome): number {
  return measure.id === replaces.measureId ? replaces.measureVersion : measure.version;
}

function replacedBy(recorded: RecordedOutcome, version: number, revision: number): ReplacedOutcome {
  const { measureId, measureVersion, organisationId, quantity, numerator, denominator, percent } = recorded;
  const { effective, basis, range } = recorded;
  return {
    version,
    revision,
    measureId,
    measureVersion,
    ...(organisationId !== undefined && { organisationId }),
    ...(quantity !== undefined && { quantity }),
    ...(numerator !== undefined && { numerator }),
    ...(denominator !== undefined && { denominator }),
    ...(percent !== undefined && { percent }),
    effective,
    basis,
    ...(range !== undefined && { range }),
  };
}

function refuseIfAny([first, ...others]: readonly Refusal[]): void {
  if (first) throw new Refused(first, ...others);
}

function sameOutcomes(state: Recorded, outcomes: readonly OutcomeContent[]): boolean {
  const recorded = state.outcomes.map((story) => contentOf(story[0]!.event as { data: RecordedOutcome }));
  return canonicalJson(recorded) === canonicalJson(outcomes);
}

function saysTheSame(made: SubmissionEvent, command: Correct | Withdraw): boolean {
  if (made.data.outcomeId !== command.outcomeId) return false;
  if (made.schema === 'outcome-withdrawn@1')
    return command.kind === 'withdraw' && made.data.reason === command.reason;
  if (made.schema !== 'outcome-corrected@1' || command.kind !== 'correct') return false;
  return (
    made.data.reason === command.reason && canonicalJson(contentOf(made)) === canonicalJson(command.content)
  );
}

/** What the programme said, out of what was recorded. */
export function contentOf({ data }: { readonly data: RecordedOutcome }): OutcomeContent {
  const { outcomeId: _o, programmeId: _p, measureVersion: _v, ...rest } = data;
  const {
    reason: _r,
    replaces: _s,
    ...content
  } = rest as OutcomeContent & { reason?: string; replaces?: unknown };
  return content;
}

function evolve(
  state: SubmissionState,
  event: SubmissionEvent,
  revision = state.status === 'new' ? 0 : state.revision + 1,
): SubmissionState {
  switch (event.schema) {
    case 'outcome@1': {
      const known = state.status === 'recorded' ? state.outcomes : [];
      const { programmeId } = event.data;
      return { status: 'recorded', programmeId, outcomes: [...known, [{ event, revision }]], revision };
    }
    case 'outcome-corrected@1':
    case 'outcome-withdrawn@1': {
      const { outcomes, ...recorded } = state as Recorded;
      const line = Number(event.data.outcomeId.slice(event.data.outcomeId.indexOf('.') + 1));
      const told = [...outcomes[line - 1]!, { event, revision }];
      return { ...recorded, revision, outcomes: outcomes.with(line - 1, told) };
    }
    default:
      return unreachable(event);
  }
}

export const submissionDecider: Decider<SubmissionState, SubmissionCommand, SubmissionEvent> = {
  initialState: { status: 'new' },
  decide,
  evolve,
};
