/**
 * A submission: one to 500 outcomes that a programme posts together, and what becomes of each.
 *
 * All outcomes are recorded or none is. Its stream is `submission-<id>`, where the id is the client's
 * idempotency key: a retry, even a year later, finds the stream and gets the original receipt, and other
 * content under the same key is refused. A correction or a withdrawal repeated with the same content and the
 * same expected version changes nothing either. What was erased by a lawful order is told by its figures alone: texts
 * that are gone cannot be compared.
 */
import type { Measure } from './measure.js';
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import {
  overrideFaults,
  overrideFor,
  textFaults,
  type Overridden,
  type Overriding,
} from '../kernel/free-text.js';
import { outcomeIdOf, type OutcomeId, type ProgrammeId, type SubmissionId } from '../kernel/ids.js';
import { picked } from '../kernel/picked.js';
import { hashOfLeft, isRedacted, redacted } from '../kernel/redaction.js';
import { Refused, refuseIfAny, thereIsNo } from '../kernel/refusals.js';
import {
  faultsOf,
  faultsOfProgramme,
  OUTCOME_FACTS,
  textsOf,
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
      readonly data: Overridden & {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        readonly reason: string;
        readonly replaces: ReplacedOutcome;
      };
    }
  | {
      readonly schema: 'outcome-erased@1';
      readonly type: 'OutcomeErased';
      readonly data: {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        readonly reason: string;
        readonly authorisedBy: string;
        readonly erased: readonly ErasedContent[];
      };
    };

/** An event of the stream whose texts and salt are gone, and the hash of what is left of it: redaction.ts. */
export interface ErasedContent {
  readonly revision: number;
  readonly left: string;
}

/** What makes a version of an outcome. */
export type OutcomeEvent = Exclude<SubmissionEvent, { readonly schema: 'outcome-erased@1' }>;
export type ErasureEvent = Extract<SubmissionEvent, { readonly schema: 'outcome-erased@1' }>;

export interface Submit extends Overriding {
  readonly kind: 'submit';
  readonly submissionId: SubmissionId;
  readonly programmeId: ProgrammeId;
  readonly outcomes: readonly OutcomeContent[];
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
  readonly content: OutcomeContent;
  readonly facts: CatalogueFacts;
}
export interface Withdraw extends ChangeOfOutcome {
  readonly kind: 'withdraw';
}
/** Takes what people wrote out of all versions of an outcome. Its figures stand. */
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
  /** By an erasure, which may have come to the stream before the texts were taken out of the store. */
  readonly erased: boolean;
}
/** What happened to one outcome, oldest first; its version is the index of the last. */
export type OutcomeStory = readonly VersionTold[];

export type SubmissionState =
  | { readonly status: 'new' }
  | {
      readonly status: 'recorded';
      readonly programmeId: ProgrammeId;
      /** By line, from 1: `outcomes[line - 1]`. */
      readonly outcomes: readonly OutcomeStory[];
      /** Oldest first. */
      readonly erasures: readonly { readonly event: ErasureEvent; readonly revision: number }[];
      readonly revision: number;
    };
type Recorded = Extract<SubmissionState, { status: 'recorded' }>;

function decide(state: SubmissionState, command: SubmissionCommand): readonly SubmissionEvent[] {
  switch (command.kind) {
    case 'submit':
      return submit(state, command);
    case 'correct':
    case 'withdraw':
    case 'erase': {
      const story = state.status === 'recorded' ? state.outcomes[command.line - 1] : undefined;
      if (state.status === 'new' || !story) {
        throw new Refused(thereIsNo('outcome', command.outcomeId));
      }
      return command.kind === 'erase' ? erase(state, story, command) : change(state, story, command);
    }
    default:
      return unreachable(command);
  }
}

function submit(state: SubmissionState, command: Submit): readonly SubmissionEvent[] {
  const { submissionId, programmeId, outcomes, facts, personalDataOverride: override } = command;
  if (state.status === 'recorded') {
    // The rules are not asked again: what they said then holds, even if the programme has closed since.
    if (state.programmeId === programmeId && sameOutcomes(state, outcomes)) return [];
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
  return outcomes.map((content, index) => {
    const measure = facts.measures.get(content.measureId)!;
    const outcomeId = outcomeIdOf(submissionId, index + 1);
    const kept = overrideFor(textsOf(content), override);
    const data = { outcomeId, programmeId, measureVersion: measure.version, ...content, ...kept };
    return { schema: 'outcome@1', type: measure.eventType, data };
  });
}

function change(
  state: Recorded,
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
  if (current.event.schema === 'outcome-withdrawn@1') {
    throw new Refused({ code: 'outcome-withdrawn', detail: `outcome ${outcomeId} was withdrawn` });
  }
  const replaces = replacedBy(current.event.data, expectedVersion, current.revision);
  const faults = [...textFaults({ reason }, override), ...overrideFaults(override)];
  if (command.kind === 'withdraw') {
    refuseIfAny(faults);
    const data = { outcomeId, programmeId, reason, replaces, ...overrideFor({ reason }, override) };
    return [{ schema: 'outcome-withdrawn@1', type: 'OutcomeWithdrawn', data }];
  }
  const { content, facts } = command;
  refuseIfAny([...faultsOf(content, { facts, override }, ''), ...faults]);
  const measureVersion = versionFor(facts.measures.get(content.measureId)!, replaces);
  const kept = overrideFor({ ...textsOf(content), reason }, override);
  const data = { outcomeId, programmeId, measureVersion, ...content, reason, replaces, ...kept };
  return [{ schema: 'outcome-corrected@1', type: 'OutcomeCorrected', data }];
}

/** Only what holds a text is erased: of figures alone the proof is worth more. */
function erase(state: Recorded, story: OutcomeStory, command: Erase): readonly SubmissionEvent[] {
  const { outcomeId, reason, authorisedBy } = command;
  const due = story.filter(({ event, erased }) => !erased && !isRedacted(event.data));
  if (due.length === 0) return [];
  // Kept for good, and nothing lets through what would have to be erased in its turn.
  refuseIfAny(textFaults({ reason, authorisedBy }, undefined));
  const erased = due.map(({ event, revision }) => ({ revision, left: hashOfLeft(event.data) }));
  const data = { outcomeId, programmeId: state.programmeId, reason, authorisedBy, erased };
  return [{ schema: 'outcome-erased@1', type: 'OutcomeErased', data }];
}

/** A correction restates what was counted, so it stays with the definition under which it was counted. */
function versionFor(measure: Measure, replaces: ReplacedOutcome): number {
  return measure.id === replaces.measureId ? replaces.measureVersion : measure.version;
}

function replacedBy(recorded: RecordedOutcome, version: number, revision: number): ReplacedOutcome {
  const { measureId, measureVersion, organisationId } = recorded;
  return {
    version,
    revision,
    measureId,
    measureVersion,
    ...(organisationId !== undefined && { organisationId }),
    ...picked(recorded, OUTCOME_FACTS),
  };
}

function sameOutcomes(state: Recorded, outcomes: readonly OutcomeContent[]): boolean {
  if (state.outcomes.length !== outcomes.length) return false;
  return state.outcomes.every(([first], index) => {
    const { event, erased } = first!;
    return sameContent(contentOf(event as { data: RecordedOutcome }), outcomes[index]!, erased);
  });
}

function saysTheSame({ event: made, erased }: VersionTold, command: Correct | Withdraw): boolean {
  if (made.schema === 'outcome@1' || made.data.outcomeId !== command.outcomeId) return false;
  if (!erased && made.data.reason !== command.reason) return false;
  if (made.schema === 'outcome-withdrawn@1') return command.kind === 'withdraw';
  return command.kind === 'correct' && sameContent(contentOf(made), command.content, erased);
}

/** Of texts that are gone it is known only whether there were any. */
function sameContent(recorded: OutcomeContent, told: OutcomeContent, erased: boolean): boolean {
  const compared = erased ? [redacted(recorded), redacted(told)] : [recorded, told];
  return canonicalJson(compared[0]) === canonicalJson(compared[1]);
}

/** What the programme said, out of what was recorded. */
export function contentOf({ data }: { readonly data: RecordedOutcome }): OutcomeContent {
  const { outcomeId: _o, programmeId: _p, measureVersion: _v, personalDataOverride: _d, ...rest } = data;
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
      const outcomes = [...known, [{ event, revision, erased: false }]];
      return { status: 'recorded', programmeId, outcomes, erasures: [], revision };
    }
    case 'outcome-corrected@1':
    case 'outcome-withdrawn@1': {
      const { outcomes, ...recorded } = state as Recorded;
      const line = lineOf(event);
      const told = [...outcomes[line - 1]!, { event, revision, erased: false }];
      return { ...recorded, revision, outcomes: outcomes.with(line - 1, told) };
    }
    case 'outcome-erased@1': {
      const { outcomes, erasures, ...recorded } = state as Recorded;
      const line = lineOf(event);
      const gone = new Set(event.data.erased.map((content) => content.revision));
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

function lineOf({ data }: SubmissionEvent): number {
  return Number(data.outcomeId.slice(data.outcomeId.indexOf('.') + 1));
}

export const submissionDecider: Decider<SubmissionState, SubmissionCommand, SubmissionEvent> = {
  initialState: { status: 'new' },
  decide,
  evolve,
};
