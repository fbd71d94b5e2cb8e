/** Report writers ask for figures, for what changed them, and for the outcomes behind them. */
import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Call } from '../api/call.js';
import { AnnualQueryDto, ChangesQueryDto, OutcomesQueryDto, SinceQueryDto } from '../figures/figures.dto.js';
import type { AnnualTotals, TotalSince } from '../figures/figures.views.js';
import type { Changes } from '../figures/changes.views.js';
import type { OutcomesPage } from '../figures/outcome.views.js';
import { AskAnnualTotals } from './annual-totals.js';
import { AskChanges } from './changes-of-totals.js';
import { AskOutcomes } from './outcomes-behind.js';
import * as calls from './reports.calls.js';
import { AskTotalSince } from './total-since.js';

@Controller('v1')
export class TotalsController {
  constructor(private readonly queries: QueryBus) {}

  @Get('totals/annual')
  @Call(calls.annual)
  annual(@Query() query: AnnualQueryDto): Promise<AnnualTotals> {
    return this.queries.execute(new AskAnnualTotals(query));
  }

  @Get('totals/since')
  @Call(calls.since)
  since(@Query() query: SinceQueryDto): Promise<TotalSince> {
    return this.queries.execute(new AskTotalSince(query));
  }

  @Get('totals/changes')
  @Call(calls.changes)
  changes(@Query() query: ChangesQueryDto): Promise<Changes> {
    return this.queries.execute(new AskChanges(query));
  }

  @Get('outcomes')
  @Call(calls.outcomes)
  outcomes(@Query() query: OutcomesQueryDto): Promise<OutcomesPage> {
    return this.queries.execute(new AskOutcomes(query));
  }
}
