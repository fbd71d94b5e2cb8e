/** Pages of the outcomes behind a figure. */
import { Injectable } from '@nestjs/common';
import { ReadModels } from '../read-models/read-models.js';
import type { OutcomesPage } from './outcome.views.js';
import { contributes, EntryReader, standingEntries, type PagePlace } from './outcomes.js';
import { Totals, type TotalsQuery } from './totals.js';

export type ReadOutcomes = Omit<OutcomesPage, 'next'> & { readonly next: PagePlace | null };

@Injectable()
export class OutcomesReport {
  constructor(
    private readonly readModels: ReadModels,
    private readonly totals: Totals,
    private readonly entries: EntryReader,
  ) {}

  async page(
    query: TotalsQuery & { readonly place: PagePlace; readonly limit: number },
    nowMs: number,
  ): Promise<ReadOutcomes> {
    const { cells, measure, moment } = await this.totals.read(query, nowMs);
    const { place, limit } = query;
    const until = moment.sequence;
    const standing = cells.filter(({ state }) => state.outcomes > 0);
    const page = standingEntries(this.readModels.views, standing, { after: place, until, limit });
    const isPart = contributes(standing, measure.kind);
    const outcomes = await this.entries.outcomesOf(page.entries);
    return {
      outcomes: outcomes.map(({ outcome, firstSequence }) => ({
        ...outcome,
        contributes: isPart(outcome, firstSequence),
      })),
      next: page.next,
      sequence: until,
    };
  }
}
