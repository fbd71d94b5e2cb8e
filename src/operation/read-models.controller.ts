/** The operator looks at the read models and has them built anew. */
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { Call } from '../api/call.js';
import { ReadModels } from '../read-models/read-models.js';
import * as calls from './read-models.calls.js';

@Controller('v1/projections')
export class ProjectionsController {
  constructor(private readonly readModels: ReadModels) {}

  @Get()
  @Call(calls.state)
  state() {
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
  @Call(calls.rebuild)
  rebuild() {
    this.readModels.startRebuild();
    return this.state();
  }
}
