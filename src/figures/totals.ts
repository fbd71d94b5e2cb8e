/** Annual totals and totals since a year, as they stand or as they stood. */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { nameOn } from '../domain/organisation.js';
import type { Kind } from '../domain/kinds/kind.js';
import { KINDS } from '../domain/kinds/kinds.js';
import { definitionIn, type Measure } from '../domain/measure.js';
import {
  financialYearOf,
  financialYearsBetween,
  financialYearStarting,
  lastDayOf,
  startYearOf,
  type CalendarDate,
  type FinancialYear,
} from '../kernel/financial-year.js';
import { Refused, thereIsNo, type Refusal } from '../kernel/refusals.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { ReadModels } from '../read-models/read-models.js';
import { cellsAt, lastYearWithData, type Cell } from './cells.js';
import { brokenMeasure, figureOf } from './figure.js';
import { currentMoment, parseMoment, type Moment, type MomentText } from './moment.js';
import { StatedFigures } from './stated-figures.js';
import type { AnnualTotals, Context, Figure, TotalSince, YearFigure } from './figures.views.js';

export interface TotalsQuery {
  readonly measure: string;
  readonly programme?: string | undefined;
  readonly organisation?: string | undefined;
  readonly from: FinancialYear;
  /** Left out: the last year with data. */
  readonly to?: FinancialYear | undefined;
  readonly groupBy?: 'programme' | 'organisation' | undefined;
  /** Left out: now. */
  readonly moment?: MomentText | undefined;
  readonly allowBreaks: boolean;
}

/** One consistent reading of the views: everything that an answer is made of. */
export interface Reading {
  readonly context: Context;
  readonly moment: Moment;
  readonly measure: Measure;
  readonly family: readonly Measure[];
  readonly cells: readonly Cell[];
  readonly years: readonly FinancialYear[];
}

const LAST_YEAR = financialYearStarting(2998);

@Injectable()
export class Totals {
  constructor(
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueView,
    private readonly stated: StatedFigures,
  ) {}

  async annual(query: TotalsQuery, nowMs: number): Promise<AnnualTotals> {
    const { reading, groups } = this.read(query, nowMs);
    const { context } = reading;
    const years = await this.years(reading, reading.cells);
    if (!groups) return { ...context, years };
    const grouped = [];
    for (const { cells, ...group } of groups)
      grouped.push({ ...group, years: await this.years(reading, cells) });
    return { ...context, years, groups: grouped };
  }

  /** @throws Refused for a measure of a kind that does not add up over years, and across a break unless it is asked for */
  async since(query: TotalsQuery, nowMs: number): Promise<TotalSince> {
    const { reading, groups } = this.read(query, nowMs);
    const { years, context } = reading;
    const refusal = refusalOverYears(reading, query.allowBreaks);
    if (refusal) throw new Refused(refusal);
    const whole = async (cells: readonly Cell[]) => ({
      ...(await this.overYears(reading, cells)),
      missingYears: years.filter(
        (year) => !cells.some((cell) => isOf(cell, year) && cell.state.outcomes > 0),
      ),
    });
    const total = { ...context, since: years[0]!, through: years.at(-1)!, ...(await whole(reading.cells)) };
    if (!groups) return total;
    const grouped = [];
    for (const { cells, ...group } of groups) grouped.push({ ...group, ...(await whole(cells)) });
    return { ...total, groups: grouped };
  }

  /** A year is counted by the definition in force for it, so there is no break in one. */
  private async years(reading: Reading, cells: readonly Cell[]): Promise<YearFigure[]> {
    const figures: YearFigure[] = [];
    for (const financialYear of reading.years) {
      const ofYear = cells.filter((cell) => isOf(cell, financialYear));
      figures.push({ financialYear, ...(await this.figure(reading, ofYear)) });
    }
    return figures;
  }

  /** The figure of all years together, some of which may lie across a break. */
  async overYears(reading: Reading, cells = reading.cells): Promise<Figure> {
    const figure = await this.figure(reading, cells);
    if (!brokenMeasure(reading.family, cells)) return figure;
    return { ...figure, flags: ['definition-break', ...figure.flags] };
  }

  async figure(reading: Reading, cells: readonly Cell[]): Promise<Figure> {
    const { measure, family, moment } = reading;
    const figure = figureOf(measure, cells);
    const { apart }: Kind = KINDS[measure.kind];
    if (apart) return { ...figure, ...(await this.stated.of(apart, cells, moment.sequence)) };
    if (family.length === 1) return figure;
    const parts = family.map(({ id }) => {
      const ofPart = cells.filter((cell) => cell.measure === id);
      const { total, amount, outcomes } = figureOf(measure, ofPart);
      return { measure: id, total, amount, outcomes };
    });
    return { ...figure, parts };
  }

  /** The cells that answer a query, and the moment and the years of the answer. */
  reading(query: TotalsQuery, nowMs: number): Reading {
    const { views } = this.readModels;
    return views.transaction(() => this.readingOf(views, query, nowMs))();
  }

  private read(query: TotalsQuery, nowMs: number) {
    const { views } = this.readModels;
    return views.transaction(() => {
      const reading = this.readingOf(views, query, nowMs);
      const groups = query.groupBy && this.groups(reading, query.groupBy);
      return { reading, groups };
    })();
  }

  private readingOf(views: Database, query: TotalsQuery, nowMs: number): Reading {
    const measure = this.known('measure', query.measure);
    if (query.programme !== undefined) this.known('programme', query.programme);
    if (query.organisation !== undefined) this.known('organisation', query.organisation);
    const moment = query.moment ? parseMoment(views, query.moment, nowMs) : currentMoment(views, nowMs);
    const family = this.catalogue.withChildren(measure, moment.sequence);
    const measures = family.map(({ id }) => id);
    const { programme, organisation, from, to } = query;
    const cells = cellsAt(
      views,
      { measures, programme, organisation, from, to: to ?? LAST_YEAR },
      moment.sequence,
    );
    const last = to
      ? startYearOf(to)
      : (lastYearWithData(cells) ?? startYearOf(financialYearOf(moment.date)));
    const years = financialYearsBetween(from, financialYearStarting(Math.max(last, startYearOf(from))));
    const { id, unit, decimals, kind, countsPeople } = measure;
    const known = family[0] ?? measure;
    const { label } = definitionIn(known, lastYearKnown(years, moment));
    const context: Context = {
      measure: { id, label, unit, decimals, kind, countsPeople },
      ...(programme !== undefined && { programme }),
      ...(organisation !== undefined && { organisation }),
      sequence: moment.sequence,
      asAt: new Date(moment.instantMs).toISOString(),
    };
    return { context, moment, measure, family, cells, years };
  }

  private groups({ cells, moment, years }: Reading, groupBy: 'programme' | 'organisation') {
    const byId = new Map<string, Cell[]>();
    for (const cell of cells) {
      const id = cell[groupBy];
      if (cell.state.outcomes === 0) continue;
      const known = byId.get(id);
      if (known) known.push(cell);
      else byId.set(id, [cell]);
    }
    const lastDay = lastDayOf(years.at(-1)!);
    const date = lastDay < moment.date ? lastDay : moment.date;
    // By id alone: an array in the comparison would be turned into text each time.
    const inOrder = [...byId].sort(([one], [other]) => (one < other ? -1 : 1));
    return inOrder.map(([id, ofGroup]) => ({
      [groupBy]: { id: id === '' ? null : id, name: this.nameOf(groupBy, id, moment.sequence, date) },
      cells: ofGroup,
    }));
  }

  private nameOf(
    kind: 'programme' | 'organisation',
    id: string,
    sequence: number,
    date: CalendarDate,
  ): string | null {
    if (id === '') return null;
    if (kind === 'programme') return this.catalogue.findAt('programme', id, sequence)?.name ?? id;
    const organisation = this.catalogue.findAt('organisation', id, sequence);
    return organisation ? nameOn(organisation, date) : id;
  }

  private known<Kind extends 'programme' | 'organisation' | 'measure'>(kind: Kind, id: string) {
    const found = this.catalogue.find(kind, id);
    if (!found) throw new Refused(thereIsNo(kind, id));
    return found;
  }
}

/** The last year asked about, or that of the moment where that is earlier. */
function lastYearKnown(years: readonly FinancialYear[], { date }: Moment): FinancialYear {
  const [last, today] = [years.at(-1)!, financialYearOf(date)];
  return last < today ? last : today;
}

/** Why figures of several years are not added. */
export function refusalOverYears({ measure, family, cells }: Reading, allowBreaks: boolean): Refusal | null {
  const { notOverYears }: Kind = KINDS[measure.kind];
  if (notOverYears !== null) {
    const detail = `${measure.id} is ${notOverYears}. Ask for its annual totals`;
    return { code: 'not-summable-over-time', detail };
  }
  const broken = allowBreaks ? null : brokenMeasure(family, cells);
  if (!broken) return null;
  const detail =
    `the definition of ${broken.id} changed so that figures before and after cannot be compared: ` +
    `ask for years on one side of the change, or with allowBreaks=true for a flagged figure`;
  return { code: 'definition-break', detail };
}

export function isOf(cell: Cell, year: FinancialYear): boolean {
  return cell.year === startYearOf(year);
}
