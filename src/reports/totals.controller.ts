/** Report writers ask for figures, for what changed them, and for the outcomes behind them. */
import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { Bundles } from '../audit/bundle.js';
import type { FigureProof } from '../audit/figure-proof.js';
import { Call } from '../api/call.js';
import * as calls from './reports.calls.js';
import { AnnualQueryDto, ChangesQueryDto, OutcomesQueryDto, SinceQueryDto } from './reports.dto.js';
import { AskReport, type ReportAnswer } from './reports.handler.js';

@Controller('v1')
export class TotalsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly bundles: Bundles,
  ) {}

  @Get('totals/annual')
  @Call(calls.annual)
  async annual(
    @Query() query: AnnualQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReportAnswer<'annual'> | Readable> {
    if (query.proof === 'true') {
      return this.bundle(await this.queries.execute(new AskReport({ kind: 'prove-annual', query })), reply);
    }
    return this.queries.execute(new AskReport({ kind: 'annual', query }));
  }

  @Get('totals/since')
  @Call(calls.since)
  async since(
    @Query() query: SinceQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReportAnswer<'since'> | Readable> {
    if (query.proof === 'true') {
      return this.bundle(await this.queries.execute(new AskReport({ kind: 'prove-since', query })), reply);
    }
    return this.queries.execute(new AskReport({ kind: 'since', query }));
  }

  @Get('totals/changes')
  @Call(calls.changes)
  changes(@Query() query: ChangesQueryDto): Promise<ReportAnswer<'changes'>> {
    return this.queries.execute(new AskReport({ kind: 'changes', query }));
  }

  @Get('outcomes')
  @Call(calls.outcomes)
  outcomes(@Query() query: OutcomesQueryDto): Promise<ReportAnswer<'outcomes'>> {
    return this.queries.execute(new AskReport({ kind: 'outcomes', query }));
  }

  private async bundle(proof: FigureProof, reply: FastifyReply): Promise<Readable> {
    const lines = await this.bundles.of({ ...proof, since: 0 });
    void reply.type('application/x-ndjson');
    return Readable.from(lines, { objectMode: false });
  }
}
