/** Whether the process lives, and whether its answers can be trusted now. */
import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Projection } from '../projections/projection.js';

@Controller('health')
export class HealthController {
  constructor(private readonly projection: Projection) {}

  @Get('live')
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** 503 while the read models are not level, have stopped, or differ from what was committed. */
  @Get('ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const { state, selfCheck, progress } = this.projection;
    const ready = state.status === 'live' && selfCheck.ok;
    if (!ready) void reply.status(503);
    return {
      status: ready ? 'ready' : 'not-ready',
      sequence: progress.sequence,
      projection: state,
      selfCheck,
    };
  }
}
