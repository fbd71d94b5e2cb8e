/** Figures that were published as they are, such as percentages without a denominator: shown, never combined. */
import { Injectable } from '@nestjs/common';
import type { Apart } from '../domain/kinds/kind.js';
import { ReadModels } from '../read-models/read-models.js';
import type { Cell } from './cells.js';
import type { OutcomeView } from './outcome.views.js';
import { EntryReader, standingEntries, START, type PagePlace } from './outcomes.js';
import type { Figure, StatedFigure } from './figures.views.js';

const LIMIT = 100;
/** They are looked for among the outcomes of their cells, up to 10,000 of them: a figure must not cost more. */
const PAGE_SIZE = 500;
const PAGES_MAX = 20;

@Injectable()
export class StatedFigures {
  constructor(
    private readonly readModels: ReadModels,
    private readonly entries: EntryReader,
  ) {}

  /** The member of a figure that lists those of its cells. */
  async of(
    { member, list }: Apart,
    cells: readonly Cell[],
    until: number,
  ): Promise<Pick<Figure, Apart['list']>> {
    const withStated = cells.filter(({ state }) => state.apart > 0);
    const wanted = Math.min(
      LIMIT,
      withStated.reduce((sum, { state }) => sum + state.apart, 0),
    );
    const stated: StatedFigure[] = [];
    let after: PagePlace | null = START;
    for (let pages = 0; after && pages < PAGES_MAX && stated.length < wanted; pages++) {
      const asked = { after, until, limit: PAGE_SIZE };
      const page = standingEntries(this.readModels.views, withStated, asked);
      const outcomes = await this.entries.outcomesOf(page.entries);
      const found = outcomes.filter(({ outcome }) => outcome[member] !== undefined);
      stated.push(...found.map(({ outcome }) => statedFigure(outcome)));
      after = page.next;
    }
    return { [list]: stated.slice(0, wanted) };
  }
}

function statedFigure({ id, programme, organisation, percent, rate, basis }: OutcomeView): StatedFigure {
  return {
    outcome: id,
    programme,
    ...(organisation !== undefined && { organisation }),
    ...(percent !== undefined && { percent }),
    ...(rate !== undefined && { rate }),
    basis,
  };
}
