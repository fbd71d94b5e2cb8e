/** Report writers ask for figures, for what changed them, and for the outcomes behind them. */
import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import { Call, Tagged } from '../api/call.js';
import { SeesWho } from '../api/provenance.js';
import { withoutWho } from '../domain/role.js';
import { NEVER_CHANGES } from '../api/call-headers.js';
import { ReadModels } from '../read-models/read-models.js';
import { ChangesQueryDto, OutcomesQueryDto, TotalsQueryDto } from '../figures/figures.dto.js';
import type { AnnualTotals, TotalSince } from '../figures/figures.views.js';
import type { Changes } from '../figures/changes.views.js';
import type { OutcomesPage } from '../figures/outcome.views.js';
import { AskAnnualTotals } from './annual-totals.js';
import { AskChanges } from './changes-of-totals.js';
import { AskOutcomes } from './outcomes-behind.js';
import { jsonInTurns } from './json-in-turns.js';
import * as calls from './reports.calls.js';
import { AskTotalSince } from './total-since.js';

@Tagged('Totals')
@Controller('v1')
export class TotalsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly readModels: ReadModels,
  ) {}

  @Get('totals/annual')
  @Call(calls.annual)
  async annualTotals(
    @Query() query: TotalsQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AnnualTotals | Readable> {
    return this.answer(query, await this.queries.execute(new AskAnnualTotals(query)), reply);
  }

  @Get('totals/since')
  @Call(calls.since)
  async totalSince(
    @Query() query: TotalsQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TotalSince | Readable> {
    return this.answer(query, await this.queries.execute(new AskTotalSince(query)), reply);
  }

  @Get('totals/changes')
  @Call(calls.changes)
  changesOfTotals(@Query() query: ChangesQueryDto): Promise<Changes> {
    return this.queries.execute(new AskChanges(query));
  }

  @Get('outcomes')
  @Call(calls.outcomes)
  async outcomesBehindTotals(
    @Query() query: OutcomesQueryDto,
    @SeesWho() seesWho: boolean,
  ): Promise<OutcomesPage> {
    const page = await this.queries.execute(new AskOutcomes(query));
    return seesWho ? page : { ...page, outcomes: page.outcomes.map(withoutWho) };
  }

  /** Figures as at a sequence never change, but those of read models that may be wrong are not to be kept. */
  private answer<Totals extends AnnualTotals | TotalSince>(
    { asAtSequence }: TotalsQueryDto,
    totals: Totals,
    reply: FastifyReply,
  ): Totals | Readable {
    const isSettled = asAtSequence !== undefined && this.readModels.staleness === null;
    if (isSettled) void reply.header('cache-control', NEVER_CHANGES);
    return jsonInTurns(totals, reply);
  }
}
