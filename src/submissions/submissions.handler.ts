import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { unreachable } from '../kernel/assert.js';
import { refuseOthers, type ProgrammeScope } from '../domain/role.js';
import { londonDate } from '../kernel/financial-year.js';
import type { Overriding } from '../kernel/free-text.js';
import {
  outcomeIdOf,
  placeOfOutcome,
  type OutcomeId,
  type ProgrammeId,
  type StreamName,
  type SubmissionId,
} from '../kernel/ids.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';
import { ReadModels } from '../read-models/read-models.js';
import { EventStore } from '../store/event-store.js';
import { Clock } from '../kernel/clock.js';
import type { Provenance } from '../kernel/provenance.js';
import { runDecider, type CommandFor, type Decision } from '../store/run-decider.js';
import { CatalogueReader } from './catalogue-reader.js';
import { outcomesInTurns } from './outcome-input.js';
import { finishErasures, refuseUnlessErasable } from './erasures.js';
import type { OutcomeChanges } from '../domain/correction.js';
import { changesBy, saysContent, type MemberChange } from '../domain/outcome-story.js';
import {
  decideOutcome,
  submissionDecider,
  type DecidedOutcome,
  type Erase,
  type RecordedSubmission,
  type Submit,
  type SubmissionCommand,
  type SubmissionState,
} from '../domain/submission.js';
import type { SubmissionEvent } from '../domain/submission-event.js';

type SubmitRequest = Omit<Submit, 'facts' | 'decided'>;
export interface ChangeRequest extends Overriding {
  readonly submissionId: SubmissionId;
  readonly line: number;
  readonly expectedVersion: number;
  readonly reason: string;
  readonly within: ProgrammeScope;
}
type ChangesRequest = ChangeRequest &
  (
    | { readonly kind: 'correct'; readonly changes: OutcomeChanges }
    | { readonly kind: 'withdraw' | 'reinstate' }
  );
type EraseRequest = Omit<Erase, 'outcomeId'> & { readonly submissionId: SubmissionId };

/** A caller's command, before the catalogue is looked up; a line is the number of an outcome in its submission or file. */
export type SubmissionRequest = SubmitRequest | ChangesRequest | EraseRequest;

/** A retry gets the same result as the first attempt. */
export interface RecordOutcomesResult {
  readonly repeated: boolean;
  readonly programmeId: ProgrammeId;
  readonly outcomes: readonly {
    readonly id: OutcomeId;
    readonly sequence: number;
    readonly version: number;
  }[];
  /** A correction changed these members. */
  readonly changes?: readonly MemberChange[];
}

export class RecordOutcomes extends Command<RecordOutcomesResult> {
  constructor(
    readonly request: SubmissionRequest,
    readonly provenance: Provenance,
  ) {
    super();
  }
}

type SubmissionDecision = Decision<SubmissionState, SubmissionEvent>;

@CommandHandler(RecordOutcomes)
export class RecordOutcomesHandler implements ICommandHandler<RecordOutcomes> {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueReader,
  ) {}

  execute({ request, provenance }: RecordOutcomes): Promise<RecordOutcomesResult> {
    return this.catalogue.turns.rest(() => this.carryOut(request, provenance));
  }

  private async carryOut(request: SubmissionRequest, provenance: Provenance): Promise<RecordOutcomesResult> {
    this.readModels.refuseIfStopped();
    switch (request.kind) {
      case 'submit':
        return this.submit(request, provenance);
      case 'correct':
      case 'withdraw':
      case 'reinstate':
        return this.change(request, provenance);
      case 'erase':
        return this.erase(request, provenance);
      default:
        return unreachable(request);
    }
  }

  private async submit(request: SubmitRequest, provenance: Provenance): Promise<RecordOutcomesResult> {
    const { submissionId, firstNumber = 1, programmeId, outcomes } = request;
    const { stream } = placeOfOutcome(submissionId, firstNumber);
    const facts = await this.catalogue.factsFor(programmeId, outcomes, londonDate(this.clock.now()));
    const commandFor: CommandFor<SubmissionState, SubmissionCommand> = async ({ status }) => {
      const command = { ...request, facts };
      return status === 'new' ? { ...command, decided: await decidedInTurns(command) } : command;
    };
    const decision = await this.run(stream, commandFor, provenance, true);
    // The stream begins with the submission's own outcomes, one a line.
    const lastPosition = decision.appended?.position ?? decision.history[outcomes.length - 1]!.position;
    const lastSequence = await this.readModels.sequenceOf(lastPosition);
    return {
      repeated: decision.appended === null,
      programmeId,
      outcomes: outcomes.map((_, index) => ({
        id: outcomeIdOf(submissionId, firstNumber + index),
        sequence: lastSequence - (outcomes.length - 1 - index),
        version: 0,
      })),
    };
  }

  private async change(request: ChangesRequest, provenance: Provenance): Promise<RecordOutcomesResult> {
    const { submissionId, line: number, expectedVersion, within } = request;
    const outcomeId = outcomeIdOf(submissionId, number);
    const { stream, line } = placeOfOutcome(submissionId, number);
    const commandFor: CommandFor<SubmissionState, SubmissionCommand> = async (state, history) => {
      const story = state.status === 'recorded' ? state.outcomes[line - 1] : undefined;
      if (state.status === 'new' || !story) throw new Refused(thereIsNo('outcome', outcomeId));
      refuseOthers(within, state.programmeId);
      if (request.kind === 'withdraw') return { ...request, kind: request.kind, line, outcomeId };
      const named = story.filter(saysContent).map(({ event }) => event.data.facts);
      const changes = request.kind === 'correct' ? [request.changes] : [];
      const today = londonDate(this.clock.now());
      return {
        ...request,
        line,
        outcomeId,
        // A submission's outcomes have consecutive sequences.
        firstSequence: (await this.readModels.sequenceOf(history[0]!.position)) + line - 1,
        facts: await this.catalogue.factsFor(state.programmeId, [...named, ...changes], today),
      };
    };
    const decision = await this.run(stream, commandFor, provenance, false);
    const { programmeId, outcomes } = decision.state as RecordedSubmission;
    const version = expectedVersion + 1;
    const made = decision.events[0] ?? outcomes[line - 1]![version]!.event;
    const position = decision.appended?.position ?? positionOf(decision, line, version);
    const sequence = await this.readModels.sequenceOf(position);
    return {
      repeated: decision.appended === null,
      programmeId,
      outcomes: [{ id: outcomeId, sequence, version }],
      ...(made.schema === 'outcome-corrected@2' && { changes: changesBy(made.data) }),
    };
  }

  /**
   * The event is recorded first: it says what is to be gone, so that an erasure that is cut short is finished later.
   */
  private async erase(
    { submissionId, line: number, ...order }: EraseRequest,
    provenance: Provenance,
  ): Promise<RecordOutcomesResult> {
    refuseUnlessErasable(this.store);
    const outcomeId = outcomeIdOf(submissionId, number);
    const { stream, line } = placeOfOutcome(submissionId, number);
    const command: SubmissionCommand = { ...order, outcomeId, line };
    const decision = await this.run(stream, command, provenance, false);
    await finishErasures(this.store, stream);
    const { programmeId, outcomes, erasures } = decision.state as RecordedSubmission;
    const story = outcomes[line - 1]!;
    const last = erasures.findLast(({ event }) => event.data.facts.outcomeId === outcomeId) ?? story.at(-1)!;
    const known = decision.history.find(({ revision }) => revision === last.revision);
    const sequence = await this.readModels.sequenceOf(decision.appended?.position ?? known!.position);
    return {
      repeated: decision.appended === null,
      programmeId,
      outcomes: [{ id: outcomeId, sequence, version: story.length - 1 }],
    };
  }

  private run(
    stream: StreamName,
    command: SubmissionCommand | CommandFor<SubmissionState, SubmissionCommand>,
    provenance: Provenance,
    expectNew: boolean,
  ): Promise<SubmissionDecision> {
    const { store, clock } = this;
    return runDecider({ store, clock }, submissionDecider, { stream, command, provenance, expectNew });
  }
}

async function decidedInTurns(command: Submit): Promise<readonly DecidedOutcome[]> {
  const decided: DecidedOutcome[] = [];
  for await (const _ of outcomesInTurns(command.outcomes))
    decided.push(decideOutcome(command, decided.length));
  return decided;
}

function positionOf({ state, history }: SubmissionDecision, line: number, version: number) {
  const story = state.status === 'recorded' ? state.outcomes[line - 1] : undefined;
  const { revision } = story![version]!;
  return history.find((event) => event.revision === revision)!.position;
}
