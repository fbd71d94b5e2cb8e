/** This question asks for a figure of each financial year. */
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Config } from '../config.js';
import type { TotalsQueryDto } from '../figures/figures.dto.js';
import type { AnnualTotals } from '../figures/figures.views.js';
import { questionOf } from '../figures/question.js';
import { Totals } from '../figures/totals.js';
import { Clock } from '../kernel/clock.js';
import { ownTurn } from '../kernel/turns.js';

export class AskAnnualTotals extends Query<AnnualTotals> {
  constructor(readonly query: TotalsQueryDto) {
    super();
  }
}

@QueryHandler(AskAnnualTotals)
export class AnnualTotalsHandler implements IQueryHandler<AskAnnualTotals> {
  constructor(
    private readonly totals: Totals,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async execute({ query }: AskAnnualTotals): Promise<AnnualTotals> {
    await ownTurn();
    const question = questionOf(query, this.config.since);
    return this.totals.annual({ ...question, groupBy: query.groupBy }, this.clock.now());
  }
}
