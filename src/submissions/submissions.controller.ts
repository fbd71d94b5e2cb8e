import { Body, Controller, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import type { ProgrammeScope } from '../domain/role.js';
import { Call, Tagged } from '../api/call.js';
import { ProveEntries } from '../api/log-entry.views.js';
import { IdempotencyKeyHeader, IfMatchHeader, parseIdempotencyKey, parseIfMatch } from '../api/headers.js';
import { UncheckedBody } from '../api/validation.js';
import { Recording, Within, type ApiProvenance } from '../api/provenance.js';
import type { Overriding } from '../kernel/free-text.js';
import { parseOutcomeId, parseProgrammeId } from '../kernel/ids.js';
import { parseOr } from '../kernel/refusals.js';
import { changesOfDto, outcomeOfDto, OutcomeCheck } from './outcome-input.js';
import * as calls from './submissions.calls.js';
import {
  CorrectionDto,
  ErasureDto,
  ReinstatementDto,
  SubmissionDto,
  SubmitQueryDto,
  WithdrawalDto,
  type CorrectedView,
  type ReceiptView,
  type RecordedLineView,
} from './submissions.dto.js';
import {
  RecordOutcomes,
  type ChangeRequest,
  type RecordOutcomesResult,
  type SubmissionRequest,
} from './submissions.handler.js';

@Tagged('Outcomes')
@Controller('v1')
export class SubmissionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly check: OutcomeCheck,
  ) {}

  @Post('programmes/:id/submissions')
  @Call(calls.submit)
  async submitOutcomes(
    @Param('id') programme: string,
    @IdempotencyKeyHeader() key: string | undefined,
    @Query() { wait }: SubmitQueryDto,
    @UncheckedBody() body: SubmissionDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReceiptView> {
    const { outcomes, personalDataOverride } = await this.check.submission(programme, body);
    const submissionId = parseIdempotencyKey(key);
    const programmeId = parseOr(() => parseProgrammeId(programme), 'programme');
    const contents = outcomes.map(outcomeOfDto);
    const submitted = { submissionId, programmeId, outcomes: contents, personalDataOverride };
    const recorded = await this.record({ kind: 'submit', ...submitted }, by);
    const [first, last] = [recorded.outcomes[0]!, recorded.outcomes.at(-1)!];
    const proofs =
      wait &&
      (await this.queries.execute(new ProveEntries(first.sequence, last.sequence - first.sequence + 1)));
    void reply.status(recorded.repeated ? 200 : 201);
    return {
      submission: submissionId,
      programme: programmeId,
      sequence: last.sequence,
      outcomes: [...recorded.outcomes],
      ...(proofs && { proofs }),
    };
  }

  @Post('outcomes/:id/correction')
  @HttpCode(200)
  @Call(calls.correct)
  async correctOutcome(
    @Param('id') outcome: string,
    @IfMatchHeader() ifMatch: string | undefined,
    @Body() { reason, personalDataOverride, ...changes }: CorrectionDto,
    @Recording() by: ApiProvenance,
    @Within() within: ProgrammeScope,
  ): Promise<CorrectedView> {
    const change = changeOf(outcome, ifMatch, { reason, personalDataOverride }, within);
    const recorded = await this.record({ kind: 'correct', ...change, changes: changesOfDto(changes) }, by);
    return { ...recorded.outcomes[0]!, changes: [...recorded.changes!] };
  }

  @Post('outcomes/:id/withdrawal')
  @HttpCode(200)
  @Call(calls.withdraw)
  async withdrawOutcome(
    @Param('id') outcome: string,
    @IfMatchHeader() ifMatch: string | undefined,
    @Body() body: WithdrawalDto,
    @Recording() by: ApiProvenance,
    @Within() within: ProgrammeScope,
  ): Promise<RecordedLineView> {
    const change = changeOf(outcome, ifMatch, body, within);
    const recorded = await this.record({ kind: 'withdraw', ...change }, by);
    return { ...recorded.outcomes[0]! };
  }

  @Post('outcomes/:id/reinstatement')
  @HttpCode(200)
  @Call(calls.reinstate)
  async reinstateOutcome(
    @Param('id') outcome: string,
    @IfMatchHeader() ifMatch: string | undefined,
    @Body() body: ReinstatementDto,
    @Recording() by: ApiProvenance,
    @Within() within: ProgrammeScope,
  ): Promise<RecordedLineView> {
    const change = changeOf(outcome, ifMatch, body, within);
    const recorded = await this.record({ kind: 'reinstate', ...change }, by);
    return { ...recorded.outcomes[0]! };
  }

  @Post('outcomes/:id/erasure')
  @HttpCode(200)
  @Call(calls.erase)
  async eraseOutcome(
    @Param('id') outcome: string,
    @Body() { reason, authorisedBy }: ErasureDto,
    @Recording() by: ApiProvenance,
  ): Promise<RecordedLineView> {
    const { submissionId, line } = parseOr(() => parseOutcomeId(outcome), 'outcome');
    const recorded = await this.record({ kind: 'erase', submissionId, line, reason, authorisedBy }, by);
    return { ...recorded.outcomes[0]! };
  }

  private record(request: SubmissionRequest, by: ApiProvenance): Promise<RecordOutcomesResult> {
    return this.commands.execute(new RecordOutcomes(request, by));
  }
}

function changeOf(
  outcome: string,
  ifMatch: string | undefined,
  { reason, personalDataOverride }: Overriding & { readonly reason: string },
  within: ProgrammeScope,
): ChangeRequest {
  const expectedVersion = parseIfMatch(ifMatch);
  const { submissionId, line } = parseOr(() => parseOutcomeId(outcome), 'outcome');
  return { submissionId, line, expectedVersion, reason, personalDataOverride, within };
}
