/**
 * Pages of events in the ledger's order, of the whole ledger or of one programme or type.
 *
 * The index of the views says which sequences a page has; one read of the store gets each run of neighbours.
 */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { eventRowAt, nameWith, positionBefore, rowsAfter, type EventRow } from './events.js';
import { ReadModels } from './read-models.js';
import { ViewsDamaged } from './views-file.js';
import { EventStore, type RecordedEvent } from '../store/event-store.js';
import { ownTurn } from '../kernel/turns.js';

export interface SequencedEvent {
  readonly event: RecordedEvent;
  readonly sequence: number;
  readonly ledgerTimeMs: number;
}

export interface HistoryQuery {
  readonly after: number;
  readonly until: number;
  readonly programme?: string | undefined;
  readonly type?: string | undefined;
  readonly limit: number;
}

export interface HistoryPage {
  readonly events: readonly SequencedEvent[];
  /** The sequence to send as `after` for the next page; null at the end. */
  readonly next: number | null;
}

/** A page with two filters looks at so many index rows at most. */
const ROWS_A_PAGE_MAX = 10_000;

@Injectable()
export class History {
  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
  ) {}

  async page(query: HistoryQuery): Promise<HistoryPage> {
    await ownTurn();
    const { rows, next } = indexPage(this.readModels.views, query);
    return { events: await this.read(rows), next };
  }

  async at(sequences: readonly number[]): Promise<SequencedEvent[]> {
    await ownTurn();
    const { views } = this.readModels;
    return this.read(sequences.map((sequence) => eventRowAt(views, sequence)));
  }

  /** @throws ViewsDamaged where a row does not lead to its event */
  private async read(rows: readonly EventRow[]): Promise<SequencedEvent[]> {
    const { views } = this.readModels;
    const events: SequencedEvent[] = [];
    for (let start = 0; start < rows.length;) {
      const first = rows[start]!.sequence;
      let end = start + 1;
      while (end < rows.length && rows[end]!.sequence === first + (end - start)) end++;
      const run = await this.store.readAll(positionBefore(views, first), end - start);
      for (const { sequence, position, ledgerTime } of rows.slice(start, end)) {
        const event = run[sequence - first];
        if (event?.position !== position)
          throw new ViewsDamaged(`the store has no event where the read models have sequence ${sequence}`);
        events.push({ event, sequence, ledgerTimeMs: ledgerTime });
      }
      start = end;
      // Each run is in a submission of its own, which may be a large one.
      if (end < rows.length) await ownTurn();
    }
    return events;
  }
}

function indexPage(views: Database, query: HistoryQuery): { rows: EventRow[]; next: number | null } {
  const { after, until, limit, programme, type } = query;
  const [ofProgramme, ofType] = [nameAsked(views, programme), nameAsked(views, type)];
  if (ofProgramme === null || ofType === null) return { rows: [], next: null };
  // An index answers one filter. With two filters it is not known which is rarer, so the rows read are bounded.
  const list =
    ofProgramme !== undefined
      ? ({ column: 'programme', name: ofProgramme } as const)
      : ofType !== undefined
        ? ({ column: 'type', name: ofType } as const)
        : 'all';
  const rows: EventRow[] = [];
  let looked = 0;
  for (const row of rowsAfter(views, after, list)) {
    if (row.sequence > until) break;
    if (rows.length === limit || looked === ROWS_A_PAGE_MAX) return { rows, next: row.sequence - 1 };
    looked++;
    if (ofType !== undefined && row.type !== ofType) continue;
    rows.push(row);
  }
  return { rows, next: null };
}

function nameAsked(views: Database, text: string | undefined): number | null | undefined {
  return text === undefined ? undefined : nameWith(views, text);
}
