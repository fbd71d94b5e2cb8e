/** Percentages that were published without numerator and denominator: shown as they are, never combined. */
import { Injectable } from '@nestjs/common';
import { Projection } from '../read-models/projection.js';
import type { Cell } from './cells.js';
import type { OutcomeView } from './outcome.views.js';
import { EntryReader, standingEntries, START, type PagePlace } from './outcomes.js';
import type { StatedPercentage } from './figures.views.js';

const LIMIT = 100;
/** They are looked for among the outcomes of their cells, up to 10,000 of them: a figure must not cost more. */
const PAGE_SIZE = 500;
const PAGES_MAX = 20;

@Injectable()
export class Percentages {
  constructor(
    private readonly projection: Projection,
    private readonly entries: EntryReader,
  ) {}

  async of(cells: readonly Cell[], until: number): Promise<StatedPercentage[]> {
    const withPercentages = cells.filter(({ state }) => state.percents > 0);
    const wanted = Math.min(
      LIMIT,
      withPercentages.reduce((sum, { state }) => sum + state.percents, 0),
    );
    const stated: StatedPercentage[] = [];
    let after: PagePlace | null = START;
    for (let pages = 0; after && pages < PAGES_MAX && stated.length < wanted; pages++) {
      const asked = { after, until, limit: PAGE_SIZE };
      const page = standingEntries(this.projection.views, withPercentages, asked);
      stated.push(...(await this.entries.outcomesOf(page.entries)).flatMap(statedPercentage));
      after = page.next;
    }
    return stated.slice(0, wanted);
  }
}

function statedPercentage({ id, programme, organisation, percent, basis }: OutcomeView): StatedPercentage[] {
  if (percent === undefined) return [];
  return [{ outcome: id, programme, ...(organisation !== undefined && { organisation }), percent, basis }];
}
