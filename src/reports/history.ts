/**
 * The ledger in order: pages of events by sequence, whole or of one programme or type.
 *
 * A page reads the index of the views for which sequences it has, and the store for the events themselves, one
 * look for each run of neighbours.
 */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3';
import { Projection } from '../projections/projection.js';
import { prepared } from '../projections/views-file.js';
import { EventStore, type Position, type RecordedEvent } from '../store/event-store.js';
import { ownTurn } from './turns.js';

export interface SequencedEvent {
  readonly event: RecordedEvent;
  readonly sequence: number;
  /** Milliseconds since 1970: the running maximum of `recordedAt` in sequence order. */
  readonly ledgerTimeMs: number;
}

export interface HistoryQuery {
  /** Sequences greater than this one. */
  readonly after: number;
  /** Up to and including this one. */
  readonly until: number;
  readonly programme?: string | undefined;
  readonly type?: string | undefined;
  readonly limit: number;
}

export interface HistoryPage {
  readonly events: readonly SequencedEvent[];
  /** Where to go on: a sequence for `after`; null at the end. */
  readonly next: number | null;
}

interface IndexRow {
  readonly sequence: number;
  readonly ledgerTimeMs: number;
}

/** Index rows looked at for one page when two filters are combined. */
const ROWS_A_PAGE_MAX = 10_000;

@Injectable()
export class History {
  constructor(
    private readonly projection: Projection,
    private readonly store: EventStore,
  ) {}

  async page(query: HistoryQuery): Promise<HistoryPage> {
    await ownTurn();
    const { rows, next } = indexPage(this.projection.views, query);
    return { events: await this.read(rows), next };
  }

  /** The events with some sequences, in rising order, all of which are projected. */
  async at(sequences: readonly number[]): Promise<SequencedEvent[]> {
    await ownTurn();
    const ledgerTime = prepared(
      this.projection.views,
      'SELECT ledger_time FROM events WHERE sequence = ?',
    ).pluck();
    return this.read(
      sequences.map((sequence) => ({ sequence, ledgerTimeMs: ledgerTime.get(sequence) as number })),
    );
  }

  private async read(rows: readonly IndexRow[]): Promise<SequencedEvent[]> {
    const { views } = this.projection;
    const events: SequencedEvent[] = [];
    for (let start = 0; start < rows.length;) {
      const first = rows[start]!.sequence;
      let end = start + 1;
      while (end < rows.length && rows[end]!.sequence === first + (end - start)) end++;
      const run = await this.store.readAll(positionBefore(views, first), end - start);
      run.forEach((event, index) => events.push({ event, ...rows[start + index]! }));
      start = end;
    }
    return events;
  }
}

function indexPage(views: Database, query: HistoryQuery): { rows: IndexRow[]; next: number | null } {
  const { after, until, limit, programme, type } = query;
  const ids = { programme: nameId(views, programme), type: nameId(views, type) };
  if (ids.programme === null || ids.type === null) return { rows: [], next: null };
  // One filter is answered by its index. Of two, the rarer cannot be known, so the look is bounded instead.
  const indexed = ids.programme !== undefined ? 'programme' : ids.type !== undefined ? 'type' : null;
  const select = prepared(
    views,
    `SELECT sequence, type, ledger_time AS ledgerTimeMs FROM events
     WHERE sequence > ? AND sequence <= ? ${indexed ? `AND ${indexed} = ?` : ''} ORDER BY sequence`,
  );
  const parameters = indexed ? [after, until, ids[indexed]] : [after, until];
  const rows: IndexRow[] = [];
  let looked = 0;
  for (const row of select.iterate(...parameters) as Iterable<IndexRow & { type: number }>) {
    if (rows.length === limit || looked === ROWS_A_PAGE_MAX) return { rows, next: row.sequence - 1 };
    looked++;
    if (ids.type !== undefined && row.type !== ids.type) continue;
    rows.push({ sequence: row.sequence, ledgerTimeMs: row.ledgerTimeMs });
  }
  return { rows, next: null };
}

/** Undefined where nothing was asked for, null where no event has that name. */
function nameId(views: Database, text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  return (
    (prepared(views, 'SELECT id FROM names WHERE text = ?').pluck().get(text) as number | undefined) ?? null
  );
}

function positionBefore(views: Database, sequence: number): Position | null {
  if (sequence === 0) return null;
  return prepared(views, 'SELECT position FROM events WHERE sequence = ?')
    .pluck()
    .get(sequence - 1) as Position;
}
