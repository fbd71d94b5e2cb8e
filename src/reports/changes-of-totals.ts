/** This question asks what changed in the figures between two moments. */
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Config } from '../config.js';
import { ChangesReport } from '../figures/changes.js';
import { pageLimit } from '../api/query.dto.js';
import { decodeCursor, encodeCursor } from '../figures/cursor.js';
import type { ChangesQueryDto } from '../figures/figures.dto.js';
import type { Changes } from '../figures/changes.views.js';
import { START } from '../figures/outcomes.js';
import { questionOf } from '../figures/question.js';
import { ReadModels } from '../read-models/read-models.js';
import { Clock } from '../kernel/clock.js';
import { ownTurn } from '../kernel/turns.js';

export class AskChanges extends Query<Changes> {
  constructor(readonly query: ChangesQueryDto) {
    super();
  }
}

@QueryHandler(AskChanges)
export class ChangesHandler implements IQueryHandler<AskChanges> {
  constructor(
    private readonly report: ChangesReport,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly readModels: ReadModels,
  ) {}

  async execute({ query }: AskChanges): Promise<Changes> {
    await ownTurn();
    const { earlier, later, limit, after, ...rest } = query;
    const question = questionOf(rest, this.config.since);
    const asked = [question, earlier, later];
    const { views } = this.readModels;
    const place = after === undefined ? null : decodeCursor(after, asked, views);
    const pinned = place ? String(place.until) : later;
    const { next, ...changes } = await this.report.between(
      {
        ...question,
        earlier: { parameter: 'earlier', text: earlier },
        later: pinned === undefined ? undefined : { parameter: 'later', text: pinned },
        place: place ?? START,
        limit: pageLimit(limit),
      },
      this.clock.now(),
    );
    return { ...changes, next: next && encodeCursor({ ...next, until: changes.sequence }, asked, views) };
  }
}
