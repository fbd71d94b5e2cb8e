/** Report writers ask for figures, for what changed them, and for the outcomes behind them. */
import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Call } from '../http/call.js';
import * as calls from './reports.calls.js';
import { AnnualQueryDto, ChangesQueryDto, OutcomesQueryDto, SinceQueryDto } from './reports.dto.js';
import { AskReport, type ReportAnswer } from './reports.handler.js';

@Controller('v1')
export class TotalsController {
  constructor(private readonly queries: QueryBus) {}

  @Get('totals/annual')
  @Call(calls.annual)
  annual(@Query() query: AnnualQueryDto): Promise<ReportAnswer<'annual'>> {
    return this.queries.execute(new AskReport({ kind: 'annual', query }));
  }

  @Get('totals/since')
  @Call(calls.since)
  since(@Query() query: SinceQueryDto): Promise<ReportAnswer<'since'>> {
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
}
