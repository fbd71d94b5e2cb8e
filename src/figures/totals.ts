/** Annual totals and totals since a year, as they stand or as they stood. */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { BadParameter } from '../api/bad-parameter.js';
import { nameOn } from '../domain/organisation.js';
import type { Kind } from '../domain/kinds/kind.js';
import { KINDS } from '../domain/kinds/kinds.js';
import { definitionIn } from '../domain/measure.js';
import {
  financialYearOf,
  financialYearsBetween,
  financialYearStarting,
  lastDayOf,
  startYearOf,
  type CalendarDate,
  type FinancialYear,
} from '../kernel/financial-year.js';
import { inTurns, ownTurn } from '../kernel/turns.js';
import { Refused, thereIsNo, type Refusal } from '../kernel/refusals.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { ReadModels } from '../read-models/read-models.js';
import { groupedBy, inOrder, lastYearWithData, pagesOfCells, type Cell, type CellFilter } from './cells.js';
import { figureOf } from './figure.js';
import { brokenMeasure, flagsOf, type FlagsAsked } from './flags.js';
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
export interface Reading extends FlagsAsked {
  readonly query: TotalsQuery;
  readonly context: Context;
  readonly cells: readonly Cell[];
  readonly years: readonly FinancialYear[];
}

const LAST_YEAR = financialYearStarting(2998);
/** The most figures of groups in one answer, parts included, of some 200 bytes each. */
const FIGURES_MAX = 100_000;
/** So many cells are added up and figures made, parts included, in one turn, in some milliseconds. */
const WORK_A_TURN = 500;

interface AskedFigures extends FlagsAsked {
  readonly query: TotalsQuery;
  readonly filter: CellFilter;
}

@Injectable()
export class Totals {
  constructor(
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueView,
    private readonly stated: StatedFigures,
  ) {}

  async annual(query: TotalsQuery, nowMs: number): Promise<AnnualTotals> {
    return this.annualOf(await this.read(query, nowMs));
  }

  async since(query: TotalsQuery, nowMs: number): Promise<TotalSince> {
    return this.sinceOf(await this.read(query, nowMs));
  }

  async annualOf(reading: Reading): Promise<AnnualTotals> {
    const { query } = reading;
    const answer = { ...reading.context, years: await this.years(reading, reading.cells) };
    if (!query.groupBy) return answer;
    const yearsOf = async (cells: readonly Cell[]) => ({ years: await this.years(reading, cells) });
    return { ...answer, groups: await this.groups(reading, query.groupBy, yearsOf) };
  }

  /**
   * Without a last year, the total ends with the last one that was over at the moment asked about, and the year that was
   * open stands beside it.
   * @throws Refused for a measure of a kind that does not add up over years, and across a break unless it is asked for
   */
  async sinceOf(reading: Reading): Promise<TotalSince> {
    const { query } = reading;
    const openYear = financialYearOf(reading.moment.date);
    const isOpenApart = query.to === undefined && query.from < openYear;
    const through = isOpenApart ? yearBefore(openYear) : reading.years.at(-1)!;
    const isAdded = ({ year }: Cell) => year <= startYearOf(through);
    const added = { ...reading, cells: reading.cells.filter(isAdded) };
    const refusal = refusalOverYears(added, query.allowBreaks);
    if (refusal) throw new Refused(refusal);
    const years = financialYearsBetween(query.from, through);
    const whole = async (ofAll: readonly Cell[]) => {
      const [cells, open] = [ofAll.filter(isAdded), ofAll.filter((cell) => !isAdded(cell))];
      const known = new Set(cells.filter(({ state }) => state.outcomes > 0).map(({ year }) => year));
      return {
        ...(await this.figure(reading, cells, through)),
        missingYears: years.filter((year) => !known.has(startYearOf(year))),
        ...(isOpenApart && {
          soFar: { financialYear: openYear, ...(await this.figure(reading, open, openYear)) },
        }),
      };
    };
    const total = { ...reading.context, since: years[0]!, through, ...(await whole(reading.cells)) };
    if (!query.groupBy) return total;
    return { ...total, groups: await this.groups(reading, query.groupBy, whole) };
  }

  /** A year is counted by the definition in force for it, so there is no break in one. */
  private async years(reading: Reading, cells: readonly Cell[]): Promise<YearFigure[]> {
    const byYear = groupedBy(cells, ({ year }) => year);
    const figures: YearFigure[] = [];
    const sizeOf = (year: FinancialYear) => workOf(reading, byYear.get(startYearOf(year)) ?? []);
    for await (const financialYear of inTurns(reading.years, WORK_A_TURN, sizeOf)) {
      const ofYear = byYear.get(startYearOf(financialYear)) ?? [];
      figures.push({ financialYear, ...(await this.figure(reading, ofYear, financialYear)) });
    }
    return figures;
  }

  /** @param through the last year of the figure */
  async figure(reading: Reading, cells: readonly Cell[], through: FinancialYear): Promise<Figure> {
    const { measure, family, moment } = reading;
    const figure = { ...figureOf(measure, cells), flags: flagsOf(reading, cells, through) };
    const { apart }: Kind = KINDS[measure.kind];
    if (apart) return { ...figure, ...(await this.stated.of(apart, cells, moment.sequence)) };
    if (family.length === 1) return figure;
    const byMeasure = groupedBy(cells, (cell) => cell.measure);
    const parts = family.map(({ id }) => {
      const { total, amount, outcomes } = figureOf(measure, byMeasure.get(id) ?? []);
      return { measure: id, total, amount, outcomes };
    });
    return { ...figure, parts };
  }

  /** Reads the cells that answer a query, a page in each turn, and finds the moment and the years of the answer. */
  async read(query: TotalsQuery, nowMs: number): Promise<Reading> {
    const { views } = this.readModels;
    const asked = views.transaction(() => this.askedOf(views, query, nowMs))();
    const cells: Cell[] = [];
    for (const page of pagesOfCells(views, asked.filter, asked.moment.sequence)) {
      cells.push(...page);
      await ownTurn();
    }
    return readingOf(asked, inOrder(cells));
  }

  private askedOf(views: Database, query: TotalsQuery, nowMs: number): AskedFigures {
    const measure = this.known('measure', query.measure);
    if (query.programme !== undefined) this.known('programme', query.programme);
    if (query.organisation !== undefined) this.known('organisation', query.organisation);
    const moment = query.moment ? parseMoment(views, query.moment, nowMs) : currentMoment(views, nowMs);
    const family = this.catalogue.withChildren(measure, moment.sequence);
    const measures = family.map(({ id }) => id);
    const { programme, organisation, from, to = LAST_YEAR } = query;
    const filter = { measures, programme, organisation, from, to };
    const parents = this.catalogue.organisationParents(moment.sequence);
    return { query, moment, measure, family, parents, filter };
  }

  /** The figures of each group, in order of its id, some groups in each turn. @throws BadParameter */
  private async groups<Figures>(
    reading: Reading,
    groupBy: 'programme' | 'organisation',
    figuresOf: (cells: readonly Cell[]) => Promise<Figures>,
  ) {
    const { cells, moment, family, years } = reading;
    const standing = cells.filter(({ state }) => state.outcomes > 0);
    const byId = groupedBy(standing, (cell) => cell[groupBy]);
    if (byId.size * years.length * family.length > FIGURES_MAX) {
      const parts = family.length > 1 ? ` in ${family.length} parts` : '';
      const detail = `${byId.size} groups of ${years.length} years${parts} are more than ${FIGURES_MAX} figures: ask for fewer years at a time`;
      throw new BadParameter(detail, 'groupBy');
    }
    const lastDay = lastDayOf(years.at(-1)!);
    const date = lastDay < moment.date ? lastDay : moment.date;
    const groups = [];
    // By id alone: an array in the comparison would be turned into text each time.
    const inOrderOfId = [...byId].sort(([one], [other]) => (one < other ? -1 : 1));
    const sizeOf = ([, ofGroup]: [string, readonly Cell[]]) => workOf(reading, ofGroup);
    for await (const [id, ofGroup] of inTurns(inOrderOfId, WORK_A_TURN, sizeOf)) {
      const name = this.nameOf(groupBy, id, moment.sequence, date);
      groups.push({ [groupBy]: { id: id === '' ? null : id, name }, ...(await figuresOf(ofGroup)) });
    }
    return groups;
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

function readingOf({ filter: _, ...asked }: AskedFigures, cells: readonly Cell[]): Reading {
  const { query, moment, measure, family } = asked;
  const { programme, organisation, from, to } = query;
  const last = to ? startYearOf(to) : (lastYearWithData(cells) ?? startYearOf(financialYearOf(moment.date)));
  const years = financialYearsBetween(from, financialYearStarting(Math.max(last, startYearOf(from))));
  const { id, unit, decimals, kind, countsPeople } = measure;
  const { label } = definitionIn(family[0] ?? measure, lastYearKnown(years, moment));
  const context: Context = {
    measure: { id, label, unit, decimals, kind, countsPeople },
    ...(programme !== undefined && { programme }),
    ...(organisation !== undefined && { organisation }),
    sequence: moment.sequence,
    asAt: new Date(moment.instantMs).toISOString(),
  };
  return { ...asked, context, cells, years };
}

const workOf = ({ family, years }: Reading, cells: readonly Cell[]) =>
  cells.length + family.length * years.length;

const yearBefore = (year: FinancialYear) => financialYearStarting(startYearOf(year) - 1);

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
