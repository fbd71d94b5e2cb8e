/** This question asks for one figure since a financial year. */
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Config } from '../config.js';
import type { TotalsQueryDto } from '../figures/figures.dto.js';
import type { TotalSince } from '../figures/figures.views.js';
import { questionOf } from '../figures/question.js';
import { Totals } from '../figures/totals.js';
import { Clock } from '../kernel/clock.js';
import { ownTurn } from '../kernel/turns.js';

export class AskTotalSince extends Query<TotalSince> {
  constructor(readonly query: TotalsQueryDto) {
    super();
  }
}

@QueryHandler(AskTotalSince)
export class TotalSinceHandler implements IQueryHandler<AskTotalSince> {
  constructor(
    private readonly totals: Totals,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async execute({ query }: AskTotalSince): Promise<TotalSince> {
    await ownTurn();
    const question = questionOf(query, this.config.since);
    return this.totals.since({ ...question, groupBy: query.groupBy }, this.clock.now());
  }
}
