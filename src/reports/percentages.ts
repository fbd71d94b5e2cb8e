/** Percentages that were published without numerator and denominator: shown as they are, never combined. */
import { Injectable } from '@nestjs/common';
import { Projection } from '../projections/projection.js';
import type { Cell } from './cells.js';
import { EntryReader, standingEntries } from './outcomes.js';
import type { StatedPercentage } from './reports.views.js';

const LIMIT = 100;

@Injectable()
export class Percentages {
  constructor(
    private readonly projection: Projection,
    private readonly entries: EntryReader,
  ) {}

  async of(cells: readonly Cell[], until: number): Promise<StatedPercentage[]> {
    const withPercentages = cells.filter(({ state }) => state.percents > 0);
    const start = { cell: 0, sequence: -1 };
    const page = standingEntries(this.projection.views, withPercentages, {
      after: start,
      until,
      limit: LIMIT,
    });
    const outcomes = await this.entries.outcomesOf(page.entries);
    return outcomes.flatMap(({ id, programme, organisation, percent, basis }) =>
      percent === undefined
        ? []
        : [{ outcome: id, programme, ...(organisation !== undefined && { organisation }), percent, basis }],
    );
  }
}
