/** What changed in a measure's figures between two moments, and the events that changed it. */
import { BadParameter } from '../api/bad-parameter.js';
import { Injectable } from '@nestjs/common';
import { financialYearStarting } from '../kernel/financial-year.js';
import { outcomeIdOf } from '../kernel/ids.js';
import { ReadModels } from '../read-models/read-models.js';
import type { RecordedEvent } from '../store/event-store.js';
import { exact } from '../domain/amount.js';
import { type MomentText } from './moment.js';
import type { ChangedYear, ChangingEvent, Changes } from './outcome.views.js';
import { EntryReader, pageOfLog, type LogEntry, type PagePlace } from './outcomes.js';
import type { YearFigure } from './figures.views.js';
import { Totals, type TotalsQuery } from './totals.js';

export interface ChangesQuery extends Omit<TotalsQuery, 'moment' | 'groupBy'> {
  readonly earlier: MomentText;
  readonly later?: MomentText | undefined;
  readonly place: PagePlace;
  readonly limit: number;
}

/** As the report reads it: the page's end is a place in the log, not yet a cursor. */
export type ReadChanges = Omit<Changes, 'next'> & { readonly next: PagePlace | null };

@Injectable()
export class ChangesReport {
  constructor(
    private readonly readModels: ReadModels,
    private readonly totals: Totals,
    private readonly entries: EntryReader,
  ) {}

  async between(
    { earlier, later, place, limit, ...query }: ChangesQuery,
    nowMs: number,
  ): Promise<ReadChanges> {
    const now = await this.totals.annual({ ...query, moment: later }, nowMs);
    // Pinned by sequence, so that figures, cells and events are all of the same moment.
    const pinned = { parameter: 'later', text: String(now.sequence) };
    const { cells, years } = this.totals.reading(
      { ...query, moment: now.sequence < 0 ? later : pinned },
      nowMs,
    );
    const before = await this.totals.annual({ ...query, to: years.at(-1)!, moment: earlier }, nowMs);
    if (now.sequence < before.sequence) {
      throw new BadParameter(`later ${now.sequence} lies before earlier ${before.sequence}`, 'later');
    }
    const changed = cells.filter(({ sequence }) => sequence > before.sequence);
    // Of now, which may be newer than the cells, and is never older: a rebuild may have taken its place meanwhile.
    const page = pageOfLog(this.readModels.views, changed, {
      after: place,
      since: before.sequence,
      until: now.sequence,
      limit,
    });
    const { years: yearsNow, ...context } = now;
    return {
      ...context,
      earlier: { sequence: before.sequence, asAt: before.asAt },
      later: { sequence: now.sequence, asAt: now.asAt },
      years: changedYears(before.years, yearsNow),
      events: await this.eventsOf(page.entries),
      next: page.next,
    };
  }

  private async eventsOf(entries: readonly LogEntry[]): Promise<ChangingEvent[]> {
    const events = await this.entries.eventsOf(entries);
    return events.map((event, index) => changingEvent(event, entries[index]!));
  }
}

function changedYears(before: readonly YearFigure[], after: readonly YearFigure[]): ChangedYear[] {
  return after.flatMap((figure, index) => {
    const earlier = before[index]!;
    if (JSON.stringify(earlier) === JSON.stringify(figure)) return [];
    const difference =
      earlier.total === null || figure.total === null
        ? null
        : exact(BigInt(figure.total) - BigInt(earlier.total));
    return [{ financialYear: figure.financialYear, before: earlier, after: figure, difference }];
  });
}

function changingEvent(
  event: RecordedEvent,
  { cell, submissionId, line, sequence }: LogEntry,
): ChangingEvent {
  const reason = event.data.words?.['reason'];
  return {
    sequence,
    event: event.id,
    type: event.type,
    outcome: outcomeIdOf(submissionId, line),
    programme: cell.programme,
    ...(cell.organisation !== '' && { organisation: cell.organisation }),
    measure: cell.measure,
    financialYear: financialYearStarting(cell.year),
    recordedAt: event.metadata.recordedAt,
    actor: event.metadata.actor,
    ...(typeof reason === 'string' && { reason }),
  };
}
