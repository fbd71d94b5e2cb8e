/**
 * The events that a figure is made of: every event that ever changed one of its cells, and the definitions of its
 * measures.
 */
import { Injectable } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Database } from 'better-sqlite3';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pastLost } from '../read-models/cell-rows.js';
import { rowsOfType } from '../read-models/event-rows.js';
import { Projection } from '../read-models/projection.js';
import { prepared } from '../read-models/views-file.js';
import type { Cell } from '../figures/cells.js';
import type { Figure } from '../figures/figures.views.js';
import type { ProofQueryDto } from '../figures/figures.dto.js';
import { questionOf, type Question } from '../figures/question.js';
import { Totals, type Reading } from '../figures/totals.js';
import { ownTurn } from '../kernel/turns.js';
import { Clock } from '../kernel/clock.js';
import { Config } from '../config.js';
import type { BundleFigure, ToldFigure } from '../checker/bundle-format.js';
import type { BundleQuery } from './bundle.js';

/** A bundle's query without the earlier size at which it is cut. */
export type FigureProof = Omit<BundleQuery, 'since'>;

export class ProveFigure extends Query<FigureProof> {
  constructor(readonly query: Omit<ProofQueryDto, 'minSequence'>) {
    super();
  }
}

@Injectable()
export class FigureProofs {
  constructor(
    private readonly projection: Projection,
    private readonly totals: Totals,
  ) {}

  async annual(query: Question, nowMs: number): Promise<FigureProof> {
    const pinned = this.pinned(query, nowMs);
    const { years } = await this.totals.annual(pinned, nowMs);
    const told = years.map((year) => ({ financialYear: year.financialYear, ...toldOf(year) }));
    return this.proofOf(this.totals.reading(pinned, nowMs), query, { years: told });
  }

  /** @throws Refused for stocks and ratios, which do not add up over years */
  async since(query: Question, nowMs: number): Promise<FigureProof> {
    const pinned = this.pinned(query, nowMs);
    const total = toldOf(await this.totals.since(pinned, nowMs));
    return this.proofOf(this.totals.reading(pinned, nowMs), query, { total });
  }

  /** Names the current sequence where the question names no moment: figure and events must be of one moment. */
  private pinned(query: Question, nowMs: number): Question {
    const { context, years } = this.totals.reading(query, nowMs);
    const moment = { parameter: 'asAtSequence', text: String(context.sequence) };
    return { ...query, to: years.at(-1)!, ...(context.sequence >= 0 && { moment }) };
  }

  private proofOf(
    { context, family, cells, years }: Reading,
    { programme, organisation }: Question,
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
    const asked = { measures: family.map(({ id }) => id), cells };
    const sequences = () => withErasures(sequencesOf(views, asked, until), erasures);
    return { scope: { kind: 'figure' }, figure, sequences, leastSize: (erasures.at(-1) ?? -1) + 1 };
  }
}

@QueryHandler(ProveFigure)
export class ProveFigureHandler implements IQueryHandler<ProveFigure> {
  constructor(
    private readonly proofs: FigureProofs,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async execute({ query }: ProveFigure): Promise<FigureProof> {
    await ownTurn();
    const question = questionOf(query, { from: query.from, to: query.to }, this.config.since);
    const nowMs = this.clock.now();
    return query.total === 'true' ? this.proofs.since(question, nowMs) : this.proofs.annual(question, nowMs);
  }
}

/**
 * All erasures, in order. They are few, and only reading them shows which of them are of the figure's events. An
 * erased event from before needs its erasure too, which came later.
 */
function erasuresIn(views: Database, last: number): readonly number[] {
  const erasures = Array.from(rowsOfType(views, 'OutcomeErased'), ({ sequence }) => sequence);
  return erasures.filter((sequence) => sequence <= last).reverse();
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

/** One query looks through so many events of the ledger. */
const WINDOW = 10_000;

/**
 * The sequences of the events that changed these cells or defined these measures, a window of the ledger at a
 * time, so that memory is bounded.
 * @throws ViewsDamaged where a row of a cell's log is lost, which the rows beside it show
 */
export async function* sequencesOf(
  views: Database,
  { measures, cells }: { readonly measures: readonly string[]; readonly cells: readonly LoggedCell[] },
  until: number,
  window = WINDOW,
): AsyncGenerator<readonly number[]> {
  const definitions = prepared(
    views,
    `SELECT sequence FROM catalogue WHERE kind = 'measure' AND id IN (SELECT value FROM json_each(@measures))
       AND sequence > @after AND sequence <= @last`,
  ).pluck();
  const changes = prepared(
    views,
    `SELECT cell, sequence, since FROM cell_log WHERE cell IN (SELECT value FROM json_each(@cells))
       AND sequence > @after AND sequence <= @last ORDER BY sequence`,
  );
  const asked = { measures: JSON.stringify(measures), cells: JSON.stringify(cells.map(({ id }) => id)) };
  const reached = new Map(cells.map(({ id }) => [id, -1]));
  for (let after = -1; after < until; after += window) {
    const part = { ...asked, after, last: Math.min(after + window, until) };
    const sequences = new Set(definitions.all(part) as number[]);
    for (const { cell, sequence, since } of changes.all(part) as Change[]) {
      if (reached.get(cell) !== since) throw pastLost(cell, reached.get(cell)!);
      reached.set(cell, sequence);
      sequences.add(sequence);
    }
    yield [...sequences].sort((one, other) => one - other);
    // Other work has its turn here, also where a window has nothing to send.
    await nextTurn();
  }
  for (const cell of cells) refuseCutShort(views, cell, reached.get(cell.id)!, until);
}

type LoggedCell = Pick<Cell, 'id' | 'sequence'>;

interface Change {
  readonly cell: number;
  readonly sequence: number;
  readonly since: number;
}

/**
 * Checks the end of a cell's log: the next change of the cell, if there is one, names the last change before it.
 */
function refuseCutShort(views: Database, { id, sequence }: LoggedCell, reached: number, until: number): void {
  const next = prepared(
    views,
    'SELECT since FROM cell_log WHERE cell = ? AND sequence > ? ORDER BY sequence LIMIT 1',
  ).pluck();
  const last = sequence <= until ? sequence : next.get(id, until);
  if (last !== reached) throw pastLost(id, reached);
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
