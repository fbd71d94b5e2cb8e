/**
 * The outcomes behind a figure: filtered as totals are, at the same moment, and adding up to it exactly.
 *
 * Pages go from cell to cell and along each cell's log, so that a page costs the same wherever it starts. The
 * first page fixes the moment; the cursor carries it, so that what is recorded meanwhile changes nothing.
 */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3';
import { outcomeIdOf, submissionStream, type SubmissionId } from '../kernel/ids.js';
import { submissionIdOfKey } from '../projections/views-file.js';
import { EventStore, type RecordedEvent } from '../store/event-store.js';
import { upcast } from '../store/upcast.js';
import type { RecordedOutcome, ReplacedOutcome } from '../submissions/outcome.js';
import type { Cell } from './cells.js';
import { latestValues } from './figure.js';
import type { OutcomeView } from './outcome.views.js';

/** One row of a cell's log. */
export interface LogEntry {
  readonly cell: Cell;
  readonly sequence: number;
  readonly submissionId: SubmissionId;
  readonly line: number;
  readonly revision: number;
}

/** Where a page ended. */
export interface PagePlace {
  readonly cell: number;
  readonly sequence: number;
}

interface LogRow {
  readonly sequence: number;
  readonly submission: Buffer;
  readonly line: number;
  readonly revision: number;
}

/** Rows looked at for one page: superseded ones count, so that a page of few outcomes is cheap too. */
const ROWS_A_PAGE_MAX = 5_000;

/** The log entries of cells after a place whose outcomes stood at a moment. */
export function standingEntries(
  views: Database,
  cells: readonly Cell[],
  { after, until, limit }: { readonly after: PagePlace; readonly until: number; readonly limit: number },
): { entries: LogEntry[]; next: PagePlace | null } {
  const superseded = views
    .prepare(
      'SELECT 1 FROM supersessions WHERE submission = ? AND line = ? AND revision = ? AND sequence <= ?',
    )
    .pluck();
  return pageOfLog(views, cells, {
    condition: 'adds = 1',
    after,
    until,
    limit,
    keep: ({ submission, line, revision }) => superseded.get(submission, line, revision, until) === undefined,
  });
}

export interface LogPage {
  /** SQL over the log's columns. */
  readonly condition: string;
  readonly after: PagePlace;
  readonly until: number;
  readonly limit: number;
  readonly keep: (row: LogRow) => boolean;
}

export function pageOfLog(
  views: Database,
  cells: readonly Cell[],
  { condition, after, until, limit, keep }: LogPage,
): { entries: LogEntry[]; next: PagePlace | null } {
  const rows = views.prepare(
    `SELECT sequence, submission, line, revision FROM cell_log
     WHERE cell = ? AND sequence > ? AND sequence <= ? AND ${condition} ORDER BY sequence`,
  );
  const entries: LogEntry[] = [];
  let looked = 0;
  for (const cell of cells) {
    if (cell.id < after.cell) continue;
    const from = cell.id === after.cell ? after.sequence : -1;
    for (const row of rows.iterate(cell.id, from, until) as Iterable<LogRow>) {
      if (entries.length === limit || looked === ROWS_A_PAGE_MAX) {
        return { entries, next: { cell: cell.id, sequence: row.sequence - 1 } };
      }
      looked++;
      if (!keep(row)) continue;
      const submissionId = submissionIdOfKey(row.submission) as SubmissionId;
      entries.push({ cell, submissionId, line: row.line, revision: row.revision, sequence: row.sequence });
    }
  }
  return { entries, next: null };
}

/** Reads the events of log entries: neighbours of one submission with one look into the store. */
@Injectable()
export class EntryReader {
  constructor(private readonly store: EventStore) {}

  async eventsOf(entries: readonly LogEntry[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let start = 0; start < entries.length;) {
      const { submissionId } = entries[start]!;
      let end = start + 1;
      while (end < entries.length && entries[end]!.submissionId === submissionId) end++;
      const run = entries.slice(start, end);
      const revisions = run.map(({ revision }) => revision);
      const from = Math.min(...revisions);
      const limit = Math.max(...revisions) - from + 1;
      const read = await this.store.readStream(submissionStream(submissionId), { from, limit });
      const byRevision = new Map(read.map((event) => [event.revision, event]));
      events.push(...revisions.map((revision) => byRevision.get(revision)!));
      start = end;
    }
    return events;
  }

  async outcomesOf(entries: readonly LogEntry[]): Promise<OutcomeView[]> {
    const events = await this.eventsOf(entries);
    return events.map((event, index) => viewOf(event, entries[index]!));
  }
}

function viewOf(event: RecordedEvent, { submissionId, line, sequence }: LogEntry): OutcomeView {
  const { data } = upcast(event) as { data: RecordedOutcome & { replaces?: ReplacedOutcome } };
  return outcomeView(data, {
    id: outcomeIdOf(submissionId, line),
    version: data.replaces ? data.replaces.version + 1 : 0,
    event,
    sequence,
  });
}

export function outcomeView(
  data: RecordedOutcome,
  { id, version, event, sequence }: { id: string; version: number; event: RecordedEvent; sequence: number },
): OutcomeView {
  const { programmeId, measureId, measureVersion, organisationId, effective, basis } = data;
  const { quantity, numerator, denominator, percent, range, evidence, note } = data;
  return {
    id,
    version,
    programme: programmeId,
    measure: measureId,
    measureVersion,
    ...(organisationId !== undefined && { organisation: organisationId }),
    ...(quantity !== undefined && { quantity }),
    ...(numerator !== undefined && { numerator }),
    ...(denominator !== undefined && { denominator }),
    ...(percent !== undefined && { percent }),
    effective,
    basis,
    ...(range !== undefined && { range }),
    ...(evidence !== undefined && { evidence }),
    ...(note !== undefined && { note }),
    recordedAt: event.metadata.recordedAt,
    actor: event.metadata.actor,
    sequence,
  };
}

/** Whether an outcome is part of the figure: of a stock only the latest value is, of a ratio no bare percent. */
export function contributes(cells: readonly Cell[], kind: 'flow' | 'stock' | 'ratio') {
  const latest = new Set(
    kind === 'stock' ? latestValues(cells).map(({ state }) => state.latestSequence) : [],
  );
  return (outcome: OutcomeView): boolean => {
    if (kind === 'stock') return latest.has(outcome.sequence);
    return kind === 'flow' || outcome.percent === undefined;
  };
}
