/** These calls tell what became of a submission, or of one outcome. */
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { refuseOthers, withoutWho, type ProgrammeScope } from '../domain/role.js';
import { Call, Tagged } from '../api/call.js';
import { SeesWho, Within } from '../api/provenance.js';
import { parseOutcomeId, parseSubmissionId } from '../kernel/ids.js';
import { parseOr } from '../kernel/refusals.js';
import { ReadQueryDto } from '../api/query.dto.js';
import * as calls from './reports.calls.js';
import { OutcomeHistory, SubmissionStory } from './story.views.js';
import { SubmissionStories } from './submission-story.js';

@Tagged('Outcomes')
@Controller('v1')
export class StoriesController {
  constructor(private readonly stories: SubmissionStories) {}

  @Get('submissions/:id')
  @Call(calls.submission)
  async readSubmission(
    @Param('id') id: string,
    @Query() _query: ReadQueryDto,
    @Within() within: ProgrammeScope,
    @SeesWho() seesWho: boolean,
  ): Promise<SubmissionStory> {
    const submissionId = parseOr(() => parseSubmissionId(id), 'submission');
    const story = await this.stories.submission(submissionId);
    refuseOthers(within, story.programme);
    return seesWho ? story : { ...withoutWho(story), outcomes: story.outcomes.map(historyWithoutWho) };
  }

  @Get('outcomes/:id')
  @Call(calls.outcome)
  async readOutcome(
    @Param('id') id: string,
    @Query() _query: ReadQueryDto,
    @Within() within: ProgrammeScope,
    @SeesWho() seesWho: boolean,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OutcomeHistory> {
    const { submissionId, line } = parseOr(() => parseOutcomeId(id), 'outcome');
    const { programme, history } = await this.stories.outcome(submissionId, line);
    refuseOthers(within, programme);
    // A correction must send this version as If-Match.
    void reply.header('etag', `"${history.version}"`);
    return seesWho ? history : historyWithoutWho(history);
  }
}

function historyWithoutWho({ versions, erasures, ...history }: OutcomeHistory): OutcomeHistory {
  return {
    ...history,
    versions: versions.map(({ outcome, ...version }) => ({
      ...withoutWho(version),
      ...(outcome && { outcome: withoutWho(outcome) }),
    })),
    ...(erasures && { erasures: erasures.map(withoutWho) }),
  };
}
