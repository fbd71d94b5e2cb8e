/**
 * The events that a figure is made of: every event that ever changed one of its cells, and the definitions of its
 * measures.
 */
import { Injectable } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { rowsOfType } from '../read-models/events.js';
import { ReadModels } from '../read-models/read-models.js';
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
    private readonly readModels: ReadModels,
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
    const pinned = { ...this.pinned(query, nowMs), to: query.to };
    const { through: to, ...figure } = await this.totals.since(pinned, nowMs);
    return this.proofOf(this.totals.reading({ ...pinned, to }, nowMs), query, { total: toldOf(figure) });
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
    const { views, progress } = this.readModels;
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
    const question = questionOf(query, this.config.since);
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
 */
export async function* sequencesOf(
  views: Database,
  { measures, cells }: { readonly measures: readonly string[]; readonly cells: readonly Pick<Cell, 'id'>[] },
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
    `SELECT sequence FROM cell_log WHERE cell IN (SELECT value FROM json_each(@cells))
       AND sequence > @after AND sequence <= @last`,
  ).pluck();
  const asked = { measures: JSON.stringify(measures), cells: JSON.stringify(cells.map(({ id }) => id)) };
  for (let after = -1; after < until; after += window) {
    const part = { ...asked, after, last: Math.min(after + window, until) };
    const sequences = new Set([...definitions.all(part), ...changes.all(part)] as number[]);
    yield [...sequences].sort((one, other) => one - other);
    // Other work has its turn here, also where a window has nothing to send.
    await nextTurn();
  }
}

function toldOf({ total, outcomes, byBasis, bounds, ratio }: Figure): ToldFigure {
  return {
    total,
    outcomes,
    byBasis: byBasis as ToldFigure['byBasis'],
    bounds: bounds && { low: bounds.low, high: bounds.high },
    ratio: ratio && { numerator: ratio.numerator, denominator: ratio.denominator },
  };
}
