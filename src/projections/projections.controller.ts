/** The operator looks at the read models and has them built anew. */
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { Projection } from './projection.js';

@Controller('v1/projections')
export class ProjectionsController {
  constructor(private readonly projection: Projection) {}

  @Get()
  state() {
    const { state, progress, rebuildProgress, rebuildFailure, selfCheck } = this.projection;
    return { projection: state, sequence: progress.sequence, rebuild: rebuildProgress, rebuildFailure, selfCheck };
  }

  /** Starts a rebuild beside the current read models, or tells of the one that runs. */
  @Post('rebuild')
  @HttpCode(202)
  rebuild() {
    this.projection.startRebuild();
    return this.state();
  }
}
