/**
 * The outcomes behind a figure: filtered as totals are, at the same moment, and adding up to it exactly.
 *
 * Pages go from cell to cell and along each cell's log, so that a page costs the same wherever it starts. The
 * first page fixes the moment; the cursor carries it, so that what is recorded meanwhile changes nothing.
 */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { amountOf } from '../domain/amount.js';
import type { Kind } from '../domain/kinds/kind.js';
import { KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { picked } from '../kernel/picked.js';
import { outcomeIdOf, placeOfOutcome, type SubmissionId } from '../kernel/ids.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { eventRowAt } from '../read-models/events.js';
import { ReadModels } from '../read-models/read-models.js';
import { prepared, submissionIdOfKey, ViewsDamaged } from '../read-models/views-file.js';
import { EventStore, type RecordedEvent } from '../store/event-store.js';
import { upcast } from '../domain/upcast.js';
import {
  OUTCOME_FACTS,
  type Bounds,
  type ContentWords,
  type OutcomeFigures,
  type RecordedOutcome,
  type ReplacedOutcome,
} from '../domain/outcome.js';
import type { EventData } from '../kernel/event-data.js';
import type { Cell } from './cells.js';
import type { BoundsView, OutcomeView, VersionView } from './outcome.views.js';

export interface LogEntry {
  readonly cell: Cell;
  readonly sequence: number;
  readonly submissionId: SubmissionId;
  readonly line: number;
  readonly revision: number;
}

export interface PagePlace {
  readonly cell: number;
  readonly sequence: number;
  /** How many of the cell's rows were kept, up to there. */
  readonly kept: number;
}

export const START: PagePlace = { cell: 0, sequence: -1, kept: 0 };

interface LogRow {
  readonly sequence: number;
  /** 1 where the event put an outcome into the cell. */
  readonly adds: number;
  readonly submission: Buffer;
  readonly line: number;
  readonly revision: number;
}

/** Rows looked at for one page: superseded ones count, so that a page of few outcomes is cheap too. */
const ROWS_A_PAGE_MAX = 5_000;

/**
 * The log entries of cells after a place whose outcomes stood at a moment, which is that of the cells.
 * @throws ViewsDamaged where there are not as many in a cell as its figure is made of
 */
export function standingEntries(
  views: Database,
  cells: readonly Cell[],
  { after, until, limit }: { readonly after: PagePlace; readonly until: number; readonly limit: number },
): { entries: LogEntry[]; next: PagePlace | null } {
  const superseded = prepared(
    views,
    'SELECT sequence FROM supersessions WHERE submission = ? AND line = ? AND revision = ?',
  ).pluck();
  const stood = ({ submission, line, revision }: LogRow) => {
    const at = superseded.get(submission, line, revision) as number | undefined;
    return at === undefined || at > until;
  };
  const rows = prepared(
    views,
    `SELECT sequence, adds, submission, line, revision FROM cell_log
     WHERE cell = ? AND sequence > ? AND sequence <= ? ORDER BY sequence`,
  );
  const entries: LogEntry[] = [];
  let looked = 0;
  for (const cell of cells) {
    if (cell.id < after.cell) continue;
    const isGoneOn = cell.id === after.cell;
    let kept = isGoneOn ? after.kept : 0;
    for (const row of rows.iterate(cell.id, isGoneOn ? after.sequence : -1, until) as Iterable<LogRow>) {
      if (entries.length === limit || looked === ROWS_A_PAGE_MAX) {
        return { entries, next: { cell: cell.id, sequence: row.sequence - 1, kept } };
      }
      looked++;
      if (row.adds === 0 || !stood(row)) continue;
      kept++;
      const submissionId = submissionIdOfKey(row.submission) as SubmissionId;
      entries.push({ cell, submissionId, line: row.line, revision: row.revision, sequence: row.sequence });
    }
    const { outcomes } = cell.state;
    if (kept === outcomes) continue;
    throw new ViewsDamaged(
      `the read models list ${kept} outcomes of cell ${cell.id} at sequence ${until}, and its figure is made of ${outcomes}`,
    );
  }
  return { entries, next: null };
}

const streamOf = ({ submissionId, line }: LogEntry) => placeOfOutcome(submissionId, line).stream;

/** Reads the events of log entries: neighbours of one submission with one look into the store. */
@Injectable()
export class EntryReader {
  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
    private readonly catalogue: CatalogueView,
  ) {}

  async eventsOf(entries: readonly LogEntry[]): Promise<RecordedEvent[]> {
    const { views } = this.readModels;
    const events: RecordedEvent[] = [];
    for (let start = 0; start < entries.length;) {
      const stream = streamOf(entries[start]!);
      let end = start + 1;
      while (end < entries.length && streamOf(entries[end]!) === stream) end++;
      const run = entries.slice(start, end);
      const revisions = run.map(({ revision }) => revision);
      const from = Math.min(...revisions);
      const limit = Math.max(...revisions) - from + 1;
      const read = await this.store.readStream(stream, { from, limit });
      const byRevision = new Map(read.map((event) => [event.revision, event]));
      for (const entry of run) events.push(eventOf(views, entry, byRevision.get(entry.revision)));
      start = end;
    }
    return events;
  }

  /** Each outcome, and the sequence at which it was first recorded. */
  async outcomesOf(
    entries: readonly LogEntry[],
  ): Promise<{ readonly outcome: OutcomeView; readonly firstSequence: number }[]> {
    const events = await this.eventsOf(entries);
    return events.map((event, index) => {
      const { sequence } = entries[index]!;
      const { data } = upcast(event) as { data: ToldOutcome };
      const { decimals } = this.catalogue.find('measure', data.facts.measureId)!;
      const outcome = outcomeView(data, { event, sequence, decimals });
      return { outcome, firstSequence: data.facts.firstSequence ?? sequence };
    });
  }
}

/** @throws ViewsDamaged where the row of the log leads to no event, or to another than the one at its sequence */
function eventOf(
  views: Database,
  { cell, sequence, submissionId, line }: LogEntry,
  event?: RecordedEvent,
): RecordedEvent {
  const { position } = eventRowAt(views, sequence);
  if (event?.position === position && event.data.facts['outcomeId'] === outcomeIdOf(submissionId, line))
    return event;
  throw new ViewsDamaged(
    `the read models say that sequence ${sequence} is an outcome of cell ${cell.id}, and the store has no such outcome there`,
  );
}

export type ToldOutcome = EventData<
  RecordedOutcome & { readonly replaces?: ReplacedOutcome; readonly firstSequence?: number },
  ContentWords
>;

export function outcomeView(
  { facts, words = {} }: ToldOutcome,
  { event, sequence, decimals }: { event: RecordedEvent; sequence: number; decimals: number },
): OutcomeView {
  const { outcomeId, programmeId, replaces } = facts;
  const { evidence, note } = words;
  return {
    id: outcomeId,
    version: replaces ? replaces.version + 1 : 0,
    programme: programmeId,
    ...versionView(facts, decimals),
    ...(evidence !== undefined && { evidence }),
    ...(note !== undefined && { note }),
    recordedAt: event.metadata.recordedAt,
    actor: event.metadata.actor,
    sequence,
  };
}

export function versionView(figures: OutcomeFigures, decimals: number): VersionView {
  const { measureId, organisationId, quantity, bounds } = figures;
  const { sent: _, bounds: __, ...members } = picked(figures, OUTCOME_FACTS);
  const amount = (of: number) => amountOf(of, decimals);
  return {
    measure: measureId,
    ...(organisationId !== undefined && { organisation: organisationId }),
    ...members,
    ...(quantity !== undefined && { amount: amount(quantity) }),
    ...(bounds !== undefined && { bounds: boundsView(bounds, amount) }),
  };
}

function boundsView({ low, high }: Bounds, amount: (of: number) => string): BoundsView {
  return {
    ...(low !== undefined && { low, lowAmount: amount(low) }),
    ...(high !== undefined && { high, highAmount: amount(high) }),
  };
}

/** Whether an outcome is part of the figure: a superseded value of a stock is not, nor what is shown apart. */
export function contributes(cells: readonly Cell[], kind: MeasureKind) {
  const { counts, apart }: Kind = KINDS[kind];
  const latest = counts === 'latest' ? new Set(cells.map(({ state }) => state.latestSequence)) : null;
  return (outcome: OutcomeView, firstSequence: number): boolean =>
    latest ? latest.has(firstSequence) : apart === null || outcome[apart.member] === undefined;
}
