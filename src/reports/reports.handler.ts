/** Answers the reports' queries: one envelope for the union of them. */
import { Injectable } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { FigureProofs, type FigureProof, type FigureQuery } from '../audit/figure-proof.js';
import { Config } from '../config.js';
import { parseFinancialYear, type FinancialYear } from '../kernel/financial-year.js';
import { Projection } from '../read-models/projection.js';
import { Clock } from '../store/run-decider.js';
import { ChangesReport } from '../figures/changes.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { NoSuchMoment, type MomentText } from '../figures/moment.js';
import type { Changes, OutcomesPage } from '../figures/outcome.views.js';
import { OutcomesReport } from '../figures/outcomes-report.js';
import { START } from '../figures/outcomes.js';
import type {
  AnnualQueryDto,
  ChangesQueryDto,
  MomentQueryDto,
  OutcomesQueryDto,
  SinceQueryDto,
} from './reports.dto.js';
import type { AnnualTotals, TotalSince } from '../figures/figures.views.js';
import { Totals, type TotalsQuery } from '../figures/totals.js';
import { ownTurn } from '../kernel/turns.js';

export type Report =
  | { readonly kind: 'annual'; readonly query: AnnualQueryDto }
  | { readonly kind: 'since'; readonly query: SinceQueryDto }
  | { readonly kind: 'prove-annual'; readonly query: AnnualQueryDto }
  | { readonly kind: 'prove-since'; readonly query: SinceQueryDto }
  | { readonly kind: 'changes'; readonly query: ChangesQueryDto }
  | { readonly kind: 'outcomes'; readonly query: OutcomesQueryDto };

interface Answers {
  readonly annual: AnnualTotals;
  readonly since: TotalSince;
  readonly 'prove-annual': FigureProof;
  readonly 'prove-since': FigureProof;
  readonly changes: Changes;
  readonly outcomes: OutcomesPage;
}
export type ReportAnswer<Kind extends Report['kind']> = Answers[Kind];

export class AskReport<Kind extends Report['kind']> extends Query<Answers[Kind]> {
  constructor(readonly report: Extract<Report, { kind: Kind }>) {
    super();
  }
}

/** What the handler asks, together: a constructor with all of them would say no more. */
@Injectable()
export class Reports {
  constructor(
    readonly totals: Totals,
    readonly changes: ChangesReport,
    readonly outcomes: OutcomesReport,
    readonly proofs: FigureProofs,
  ) {}
}

const PAGE_LIMIT = 100;

@QueryHandler(AskReport)
export class AskReportHandler implements IQueryHandler<AskReport<Report['kind']>> {
  constructor(
    private readonly reports: Reports,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly projection: Projection,
  ) {}

  async execute({ report }: { readonly report: Report }): Promise<Answers[Report['kind']]> {
    await ownTurn();
    switch (report.kind) {
      case 'annual':
        return this.reports.totals.annual(this.annual(report.query), this.clock.now());
      case 'since':
        return this.reports.totals.since(this.since(report.query), this.clock.now());
      case 'prove-annual':
        return this.reports.proofs.annual(ungrouped(this.annual(report.query)), this.clock.now());
      case 'prove-since':
        return this.reports.proofs.since(ungrouped(this.since(report.query)), this.clock.now());
      case 'changes':
        return this.changes(report.query);
      case 'outcomes':
        return this.outcomes(report.query);
    }
  }

  private annual(query: AnnualQueryDto): TotalsQuery {
    return { ...this.question(query, query.from, query.to), groupBy: query.groupBy };
  }

  private since(query: SinceQueryDto): TotalsQuery {
    const names = { from: 'since', to: 'through' };
    return { ...this.question(query, query.since, query.through, names), groupBy: query.groupBy };
  }

  private async changes({
    earlier,
    later,
    limit,
    cursor,
    ...rest
  }: ChangesQueryDto): Promise<Answers['changes']> {
    const question = this.question(rest, rest.from, rest.to);
    const asked = [question, earlier, later];
    const { views } = this.projection;
    const place = cursor === undefined ? null : decodeCursor(cursor, asked, views);
    const pinned = place ? String(place.until) : later;
    const { next, ...changes } = await this.reports.changes.between(
      {
        ...question,
        earlier: { parameter: 'earlier', text: earlier },
        later: pinned === undefined ? undefined : { parameter: 'later', text: pinned },
        place: place ?? START,
        limit: pageLimit(limit),
      },
      this.clock.now(),
    );
    return { ...changes, next: next && encodeCursor({ ...next, until: changes.sequence }, asked, views) };
  }

  private async outcomes({ limit, cursor, ...rest }: OutcomesQueryDto): Promise<Answers['outcomes']> {
    const question = this.question(rest, rest.from, rest.to);
    const { views } = this.projection;
    const place = cursor === undefined ? null : decodeCursor(cursor, question, views);
    const { next, ...page } = await this.reports.outcomes.page(
      {
        ...question,
        ...(place && { moment: { parameter: 'cursor', text: String(place.until) } }),
        place: place ?? START,
        limit: pageLimit(limit),
      },
      this.clock.now(),
    );
    return { ...page, next: next && encodeCursor({ ...next, until: page.sequence }, question, views) };
  }

  private question(
    query: Omit<MomentQueryDto, 'minSequence'>,
    from: string | undefined,
    to: string | undefined,
    names = { from: 'from', to: 'to' },
  ): Omit<TotalsQuery, 'groupBy'> {
    const { measure, programme, organisation, allowBreaks } = query;
    const first = from === undefined ? this.config.since : yearOf(from, names.from);
    const last = to === undefined ? undefined : yearOf(to, names.to);
    if (last !== undefined && last < first) {
      throw new NoSuchMoment(`${names.to} ${last} lies before ${names.from} ${first}`, names.to);
    }
    const moment = momentOf(query);
    return {
      measure,
      programme,
      organisation,
      from: first,
      to: last,
      moment,
      allowBreaks: allowBreaks === 'true',
    };
  }
}

/** A figure at a time is proven: those of the groups are figures of their own. */
function ungrouped({ groupBy, ...query }: TotalsQuery): FigureQuery {
  if (groupBy === undefined) return query;
  throw new NoSuchMoment('groupBy asks for many figures: proof=true proves one of them at a time', 'groupBy');
}

function yearOf(text: string, parameter: string): FinancialYear {
  try {
    return parseFinancialYear(text);
  } catch {
    throw new NoSuchMoment(`${parameter} must be a financial year such as 2023-24`, parameter);
  }
}

function momentOf({
  asAt,
  asAtSequence,
}: Pick<MomentQueryDto, 'asAt' | 'asAtSequence'>): MomentText | undefined {
  if (asAt !== undefined && asAtSequence !== undefined) {
    throw new NoSuchMoment('asAt and asAtSequence name a moment each: send one of them', 'asAt');
  }
  if (asAt !== undefined) return { parameter: 'asAt', text: asAt };
  return asAtSequence === undefined ? undefined : { parameter: 'asAtSequence', text: asAtSequence };
}

function pageLimit(text: string | undefined): number {
  return Number(text ?? PAGE_LIMIT);
}
