/**
 * The events that a figure is made of: every event that ever changed one of its cells, and the definitions of its
 * measures.
 */
import { Injectable } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { rowsOfType } from '../read-models/events.js';
import { ReadModels } from '../read-models/read-models.js';
import { prepared } from '../read-models/views-file.js';
import type { Figure } from '../figures/figures.views.js';
import type { ProofQueryDto } from '../figures/figures.dto.js';
import { questionOf, type Question } from '../figures/question.js';
import { Totals, type Reading } from '../figures/totals.js';
import { startYearOf, type FinancialYear } from '../kernel/financial-year.js';
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
    const reading = await this.totals.read(query, nowMs);
    const { years } = await this.totals.annualOf(reading);
    const told = years.map((year) => ({ financialYear: year.financialYear, ...toldOf(year) }));
    return this.proofOf(reading, reading.years.at(-1)!, { years: told });
  }

  /** @throws Refused for stocks and ratios, which do not add up over years */
  async since(query: Question, nowMs: number): Promise<FigureProof> {
    const reading = await this.totals.read(query, nowMs);
    const { through, ...figure } = await this.totals.sinceOf(reading);
    return this.proofOf(reading, through, { total: toldOf(figure) });
  }

  /** Figure and events are made of one reading, and so are of one moment. */
  private proofOf(
    { query, context, family, cells: read, years }: Reading,
    to: FinancialYear,
    told: Pick<BundleFigure, 'years' | 'total'>,
  ): FigureProof {
    const { programme, organisation } = query;
    const figure: BundleFigure = {
      measure: context.measure.id,
      ...(programme !== undefined && { programme }),
      ...(organisation !== undefined && { organisation }),
      from: years[0]!,
      to,
      asAtSequence: context.sequence,
      ...told,
    };
    const { views, progress } = this.readModels;
    const until = context.sequence;
    const erasures = erasuresIn(views, progress.sequence);
    const cells = read.filter(({ year }) => year <= startYearOf(to));
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

/** So many rows are read in one turn, or so many cells looked up, in some milliseconds. */
const A_TURN = 1_000;

/**
 * The sequences of the events that changed these cells or defined these measures, in rising order, some at a time. Each
 * event is marked in one byte, so that they need no sorting, and memory is bounded.
 */
export async function* sequencesOf(
  views: Database,
  {
    measures,
    cells,
  }: { readonly measures: readonly string[]; readonly cells: readonly { readonly id: number }[] },
  until: number,
  aTurn = A_TURN,
): AsyncGenerator<readonly number[]> {
  const marked = new Uint8Array(until + 1);
  const mark = (sequences: readonly unknown[]) => {
    for (const sequence of sequences as number[]) marked[sequence] = 1;
  };
  const definitions = prepared(
    views,
    "SELECT sequence FROM catalogue WHERE kind = 'measure' AND id = ? AND sequence <= ?",
  ).pluck();
  for (const id of measures) mark(definitions.all(id, until));
  const changes = prepared(
    views,
    'SELECT sequence FROM cell_log WHERE cell = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?',
  ).pluck();
  let looked = 0;
  for (const { id } of cells) {
    for (let after: number | undefined = -1; after !== undefined;) {
      const sequences = changes.all(id, after, until, aTurn) as number[];
      mark(sequences);
      looked += sequences.length + 1;
      if (looked >= aTurn) {
        looked = 0;
        await ownTurn();
      }
      after = sequences.length === aTurn ? sequences.at(-1) : undefined;
    }
  }
  let page: number[] = [];
  for (let sequence = marked.indexOf(1); sequence >= 0; sequence = marked.indexOf(1, sequence + 1)) {
    if (page.push(sequence) < aTurn) continue;
    yield page;
    page = [];
    await ownTurn();
  }
  yield page;
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
