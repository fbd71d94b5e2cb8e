import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { unreachable } from '../kernel/assert.js';
import { refuseOthers, type ProgrammeScope } from '../domain/role.js';
import { londonDate } from '../kernel/financial-year.js';
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
import { runDecider, type Decision } from '../store/run-decider.js';
import { CatalogueReader } from './catalogue-reader.js';
import { finishErasures, refuseUnlessErasable } from './erasures.js';
import {
  submissionDecider,
  type Correct,
  type Erase,
  type RecordedSubmission,
  type Submit,
  type SubmissionCommand,
  type SubmissionEvent,
  type SubmissionState,
  type Withdraw,
} from '../domain/submission.js';

type SubmitRequest = Omit<Submit, 'facts'>;
type ChangeRequest = (
  Omit<Correct, 'facts' | 'firstSequence' | 'outcomeId'> | Omit<Withdraw, 'outcomeId'>
) & {
  readonly submissionId: SubmissionId;
  readonly within: ProgrammeScope;
};
type EraseRequest = Omit<Erase, 'outcomeId'> & { readonly submissionId: SubmissionId };

/** A caller's command, before the catalogue is looked up; a line is the number of an outcome in its submission or file. */
export type SubmissionRequest = SubmitRequest | ChangeRequest | EraseRequest;

/** A retry gets the same result as the first attempt. */
export interface RecordOutcomesResult {
  readonly repeated: boolean;
  readonly programmeId: ProgrammeId;
  readonly outcomes: readonly {
    readonly id: OutcomeId;
    readonly sequence: number;
    readonly version: number;
  }[];
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

  async execute({ request, provenance }: RecordOutcomes): Promise<RecordOutcomesResult> {
    this.readModels.refuseIfStopped();
    // A clock that leapt back would have today told as in the future.
    this.clock.refuseIfLeapt();
    switch (request.kind) {
      case 'submit':
        return this.submit(request, provenance);
      case 'correct':
      case 'withdraw':
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
    const decision = await this.run(stream, { ...request, facts }, provenance, true);
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

  private async change(request: ChangeRequest, provenance: Provenance): Promise<RecordOutcomesResult> {
    const { submissionId, line: number, expectedVersion, within } = request;
    const outcomeId = outcomeIdOf(submissionId, number);
    const { stream, line } = placeOfOutcome(submissionId, number);
    const [first] = await this.store.readStream(stream, { limit: 1 });
    if (!first) throw new Refused(thereIsNo('outcome', outcomeId));
    const programmeId = first.data.facts['programmeId'] as ProgrammeId;
    refuseOthers(within, programmeId);
    const command: SubmissionCommand =
      request.kind === 'withdraw'
        ? { ...request, line, outcomeId }
        : {
            ...request,
            line,
            outcomeId,
            // A submission's outcomes have consecutive sequences.
            firstSequence: (await this.readModels.sequenceOf(first.position)) + line - 1,
            facts: await this.catalogue.factsFor(
              programmeId,
              [request.content],
              londonDate(this.clock.now()),
            ),
          };
    const decision = await this.run(stream, command, provenance, false);
    const version = expectedVersion + 1;
    const position = decision.appended?.position ?? positionOf(decision, line, version);
    const sequence = await this.readModels.sequenceOf(position);
    return {
      repeated: decision.appended === null,
      programmeId,
      outcomes: [{ id: outcomeId, sequence, version }],
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
    command: SubmissionCommand,
    provenance: Provenance,
    expectNew: boolean,
  ): Promise<SubmissionDecision> {
    const { store, clock } = this;
    return runDecider({ store, clock }, submissionDecider, { stream, command, provenance, expectNew });
  }
}

function positionOf({ state, history }: SubmissionDecision, line: number, version: number) {
  const story = state.status === 'recorded' ? state.outcomes[line - 1] : undefined;
  const { revision } = story![version]!;
  return history.find((event) => event.revision === revision)!.position;
}
