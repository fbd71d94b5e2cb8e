/** The operator looks at the read models and has them built anew. */
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { Call, Tagged } from '../api/call.js';
import { ReadModels } from '../read-models/read-models.js';
import { ProjectionsView } from './read-models.views.js';

@Tagged('Operation')
@Controller('v1/projections')
export class ProjectionsController {
  constructor(private readonly readModels: ReadModels) {}

  @Get()
  @Call({
    may: { auditor: true },
    summary: 'Read how far the read models are',
    answers: { 200: { says: 'Their state, and that of a rebuild.', view: ProjectionsView } },
  })
  readProjections(): ProjectionsView {
    const { state, progress, rebuildProgress, rebuildFailure, selfCheck } = this.readModels;
    return {
      projection: state,
      sequence: progress.sequence,
      skipped: progress.skipped,
      rebuild: rebuildProgress,
      rebuildFailure,
      selfCheck,
    };
  }

  /** Starts a rebuild beside the current read models, or answers with the one that runs. */
  @Post('rebuild')
  @HttpCode(202)
  @Call({
    may: {},
    summary: 'Build the read models anew',
    description:
      'Beside those in use, which go on serving until the new ones take their place. While a rebuild runs, this ' +
      'only tells of it.',
    answers: {
      202: {
        says: 'It runs: read the state for its progress.',
        view: ProjectionsView,
        example: {
          projection: { status: 'live' },
          sequence: 50_000,
          skipped: 0,
          rebuild: { sequence: -1, target: 50_000 },
          rebuildFailure: null,
          selfCheck: { ok: true, sequence: 50_000 },
        },
      },
    },
  })
  rebuildProjections(): ProjectionsView {
    this.readModels.startRebuild();
    return this.readProjections();
  }
}
