/** This question asks which outcomes are behind a figure. */
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Config } from '../config.js';
import { pageLimit } from '../api/query.dto.js';
import { decodeCursor, encodeCursor } from '../figures/cursor.js';
import type { OutcomesQueryDto } from '../figures/figures.dto.js';
import type { OutcomesPage } from '../figures/outcome.views.js';
import { OutcomesReport } from '../figures/outcomes-report.js';
import { START } from '../figures/outcomes.js';
import { questionOf } from '../figures/question.js';
import { ReadModels } from '../read-models/read-models.js';
import { Clock } from '../kernel/clock.js';
import { ownTurn } from '../kernel/turns.js';

export class AskOutcomes extends Query<OutcomesPage> {
  constructor(readonly query: OutcomesQueryDto) {
    super();
  }
}

@QueryHandler(AskOutcomes)
export class OutcomesHandler implements IQueryHandler<AskOutcomes> {
  constructor(
    private readonly report: OutcomesReport,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly readModels: ReadModels,
  ) {}

  async execute({ query }: AskOutcomes): Promise<OutcomesPage> {
    await ownTurn();
    const { limit, after, ...rest } = query;
    const question = questionOf(rest, this.config.since);
    const { views } = this.readModels;
    const place = after === undefined ? null : decodeCursor(after, question, views);
    const { next, ...page } = await this.report.page(
      {
        ...question,
        ...(place && { moment: { parameter: 'after', text: String(place.until) } }),
        place: place ?? START,
        limit: pageLimit(limit),
      },
      this.clock.now(),
    );
    return { ...page, next: next && encodeCursor({ ...next, until: page.sequence }, question, views) };
  }
}
