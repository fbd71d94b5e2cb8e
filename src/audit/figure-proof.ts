/** What a figure is made of: every event that ever changed one of its cells, and those that define its measures. */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Projection } from '../projections/projection.js';
import { prepared } from '../projections/views-file.js';
import type { Figure } from '../reports/reports.views.js';
import { Totals, type Reading, type TotalsQuery } from '../reports/totals.js';
import type { BundleFigure, ToldFigure } from './bundle-format.js';
import type { BundleQuery } from './bundle.js';

export type FigureQuery = Omit<TotalsQuery, 'groupBy'>;
/** All of a bundle but where it is cut. */
export type FigureProof = Omit<BundleQuery, 'since'>;

@Injectable()
export class FigureProofs {
  constructor(
    private readonly projection: Projection,
    private readonly totals: Totals,
  ) {}

  async annual(query: FigureQuery, nowMs: number): Promise<FigureProof> {
    const pinned = this.pinned(query, nowMs);
    const { years } = await this.totals.annual(pinned, nowMs);
    const told = years.map((year) => ({ financialYear: year.financialYear, ...toldOf(year) }));
    return this.proofOf(this.totals.reading(pinned, nowMs), query, { years: told });
  }

  /** @throws Refused for stocks and ratios, which do not add up over years */
  async since(query: FigureQuery, nowMs: number): Promise<FigureProof> {
    const pinned = this.pinned(query, nowMs);
    const total = toldOf(await this.totals.since(pinned, nowMs));
    return this.proofOf(this.totals.reading(pinned, nowMs), query, { total });
  }

  /** At the sequence that stands now where none was asked for: figure and events must be of one moment. */
  private pinned(query: FigureQuery, nowMs: number): FigureQuery {
    const { context, years } = this.totals.reading(query, nowMs);
    const moment = { parameter: 'asAtSequence', text: String(context.sequence) };
    return { ...query, to: years.at(-1)!, ...(context.sequence >= 0 && { moment }) };
  }

  private proofOf(
    { context, family, cells, years }: Reading,
    { programme, organisation }: FigureQuery,
    told: Pick<BundleFigure, 'years' | 'total'>,
  ): FigureProof {
    const figure: BundleFigure = {
      measure: context.measure.id,
      ...(programme !== undefined && { programme }),
      ...(organisation !== undefined && { organisation }),
      from: years[0]!,
      to: years.at(-1)!,
      asAtSequence: context.sequence,
      ...told,
    };
    const { views, progress } = this.projection;
    const until = context.sequence;
    const erasures = erasuresIn(views, progress.sequence);
    const ids = { measures: family.map(({ id }) => id), cells: cells.map(({ id }) => id) };
    const sequences = () => withErasures(sequencesOf(views, ids, until), erasures);
    return { scope: { kind: 'figure' }, figure, sequences, leastSize: (erasures.at(-1) ?? -1) + 1 };
  }
}

/**
 * Every erasure there is, in order: they are few, and which of them are of the figure's events only these say. Of
 * what was known before an erasure its own event is needed too, though it came later.
 */
function erasuresIn(views: Database, last: number): readonly number[] {
  const select = `SELECT sequence FROM events WHERE type = (SELECT id FROM names WHERE text = 'OutcomeErased')
     AND sequence <= ? ORDER BY sequence`;
  return prepared(views, select).pluck().all(last) as number[];
}

async function* withErasures(
  pages: AsyncIterable<readonly number[]>,
  erasures: readonly number[],
): AsyncGenerator<readonly number[]> {
  let due = 0;
  for await (const page of pages) {
    const last = page.at(-1);
    if (last === undefined) continue;
    const first = due;
    while (due < erasures.length && erasures[due]! < last) due++;
    yield due === first ? page : [...page, ...erasures.slice(first, due)].sort((one, other) => one - other);
  }
  yield erasures.slice(due);
}

/** So many events of the ledger are looked through at once. */
const WINDOW = 10_000;

/** Of what changed these cells, and of what defines these measures: a window at a time, whatever there is of them. */
export async function* sequencesOf(
  views: Database,
  { measures, cells }: { readonly measures: readonly string[]; readonly cells: readonly number[] },
  until: number,
  window = WINDOW,
): AsyncGenerator<readonly number[]> {
  const select = prepared(
    views,
    `SELECT sequence FROM catalogue
       WHERE kind = 'measure' AND id IN (SELECT value FROM json_each(@measures)) AND sequence > @after AND sequence <= @last
     UNION
     SELECT sequence FROM cell_log
       WHERE cell IN (SELECT value FROM json_each(@cells)) AND sequence > @after AND sequence <= @last
     ORDER BY sequence`,
  ).pluck();
  const asked = { measures: JSON.stringify(measures), cells: JSON.stringify(cells) };
  for (let after = -1; after < until; after += window) {
    yield select.all({ ...asked, after, last: Math.min(after + window, until) }) as number[];
    // Others have their turn, also where there is nothing to send.
    await nextTurn();
  }
}

function toldOf({ total, outcomes, byBasis, range, ratio }: Figure): ToldFigure {
  return {
    total,
    outcomes,
    byBasis: byBasis as ToldFigure['byBasis'],
    range,
    ratio: ratio && { numerator: ratio.numerator, denominator: ratio.denominator },
  };
}
