/**
 * The rows of an export: each outcome or figure with every member that the ledger answers, and names beside ids.
 *
 * NDJSON has them as they are. CSV has a column for each member, under the names in `files/csv-row.ts` and below.
 */
import type { MeasureView } from '../catalogue/measure.dto.js';
import type { OrganisationView } from '../catalogue/organisation.dto.js';
import type { ProgrammeView } from '../catalogue/programme.dto.js';
import { BASES } from '../domain/outcome.js';
import type { AnnualTotals, Context, Figure, GroupName, TotalSince } from '../figures/figures.views.js';
import type { ListedOutcome } from '../figures/outcome.views.js';
import type { CsvColumns } from '../files/csv-out.js';
import { lastDayOf, type FinancialYear } from '../kernel/financial-year.js';

/** The entries of the catalogue as they are named today, by id. */
export interface Catalogue {
  readonly measures: ReadonlyMap<string, MeasureView>;
  readonly programmes: ReadonlyMap<string, ProgrammeView>;
  readonly organisations: ReadonlyMap<string, OrganisationView>;
}

export type OutcomeRow = ListedOutcome & {
  readonly programmeName: string | undefined;
  readonly measureLabel: string | undefined;
  readonly unit: string | undefined;
  readonly organisationName: string | undefined;
};

export function outcomeRow(outcome: ListedOutcome, catalogue: Catalogue): OutcomeRow {
  const measure = catalogue.measures.get(outcome.measure);
  return {
    ...outcome,
    programmeName: catalogue.programmes.get(outcome.programme)?.name,
    measureLabel: measure?.label,
    unit: measure?.unit,
    organisationName: nameOn(catalogue, outcome.organisation, outcome.effective.to),
  };
}

/** A figure of one year, or of several: then with the first, the last, those that it lacks, and the open one so far. */
export type FigureRow = Figure &
  Pick<Context, 'measure' | 'sequence' | 'asAt'> &
  (
    | { readonly financialYear: FinancialYear }
    | Pick<TotalSince, 'since' | 'through' | 'missingYears' | 'soFar'>
  ) & {
    /** Null in the group of what came without one. */
    readonly programme?: string | null | undefined;
    readonly programmeName?: string | undefined;
    readonly organisation?: string | null | undefined;
    readonly organisationName?: string | undefined;
  };

interface NamedGroup {
  readonly programme?: GroupName | undefined;
  readonly organisation?: GroupName | undefined;
}

/** The figures of each year with data: of the groups, where there are groups, and else of the whole. */
export function* yearRows(answer: AnnualTotals, catalogue: Catalogue): Generator<FigureRow> {
  for (const { years, ...group } of answer.groups ?? [{ years: answer.years }]) {
    for (const figure of years) {
      if (figure.outcomes === 0) continue;
      yield { ...aboutOf(answer, group, { catalogue, through: figure.financialYear }), ...figure };
    }
  }
}

export function* sinceRows({ groups, ...whole }: TotalSince, catalogue: Catalogue): Generator<FigureRow> {
  const { since, through } = whole;
  if (groups === undefined) {
    if (whole.outcomes > 0) yield { ...whole, ...aboutOf(whole, {}, { catalogue, through }) };
    return;
  }
  for (const { programme, organisation, ...figure } of groups) {
    const about = aboutOf(whole, { programme, organisation }, { catalogue, through });
    if (figure.outcomes > 0) yield { ...about, since, through, ...figure };
  }
}

/** A group has its name in the answer, and the programme or organisation of a filter has it in the catalogue. */
function aboutOf(
  { measure, programme, organisation, sequence, asAt }: Context,
  group: NamedGroup,
  { catalogue, through }: { readonly catalogue: Catalogue; readonly through: FinancialYear },
) {
  const [inProgramme, inOrganisation] = [group.programme?.id, group.organisation?.id];
  return {
    measure,
    programme: inProgramme === undefined ? programme : inProgramme,
    programmeName: group.programme?.name ?? catalogue.programmes.get(programme ?? '')?.name,
    organisation: inOrganisation === undefined ? organisation : inOrganisation,
    organisationName: group.organisation?.name ?? nameOn(catalogue, organisation, lastDayOf(through)),
    sequence,
    asAt,
  };
}

function nameOn({ organisations }: Catalogue, id: string | undefined, date: string): string | undefined {
  return organisations.get(id ?? '')?.names.findLast(({ from }) => from === null || from <= date)?.name;
}

export const FIGURE_COLUMNS: CsvColumns = {
  measure: 'measure.id',
  measure_label: 'measure.label',
  unit: 'measure.unit',
  decimals: 'measure.decimals',
  kind: 'measure.kind',
  counts_people: 'measure.countsPeople',
  programme: 'programme',
  programme_name: 'programmeName',
  organisation: 'organisation',
  organisation_name: 'organisationName',
  financial_year: 'financialYear',
  since: 'since',
  through: 'through',
  missing_years: 'missingYears',
  amount: 'amount',
  total: 'total',
  outcomes: 'outcomes',
  ...columnsByBasis('', 'byBasis'),
  ...columnsByBasis('_amount', 'amountByBasis'),
  bounds_low: 'bounds.low',
  bounds_high: 'bounds.high',
  bounds_low_amount: 'bounds.lowAmount',
  bounds_high_amount: 'bounds.highAmount',
  numerator: 'ratio.numerator',
  denominator: 'ratio.denominator',
  percent: 'ratio.percent',
  percentages: 'percentages',
  rates: 'rates',
  stated_figures: 'statedFigures',
  parts: 'parts',
  flags: 'flags',
  flags_in_words: 'flagsInWords',
  sequence: 'sequence',
  as_at: 'asAt',
};

function columnsByBasis(end: string, member: string): CsvColumns {
  return Object.fromEntries(BASES.map((basis) => [`${basis.replace('-', '_')}${end}`, `${member}.${basis}`]));
}

/**
 * Lists become texts: percentages and rates as numbers, and again with all that is known of each. An open year so far
 * has no cells here, because it is a row of its own.
 */
export function figureCells(row: FigureRow): object {
  const { flags, parts = [], percentages = [], rates = [] } = row;
  return {
    ...row,
    missingYears: 'missingYears' in row ? row.missingYears.join(' ') : undefined,
    percentages: percentages.map(({ percent }) => percent).join('; '),
    rates: rates.map(({ rate }) => rate).join('; '),
    statedFigures: listTold([...percentages, ...rates]),
    parts: listTold(parts),
    flags: flags.map(({ code }) => code).join(' '),
    flagsInWords: flags.map(({ sentence }) => sentence).join(' '),
  };
}

/** Such as `measure=jobs-created total=700 outcomes=1; measure=…`. */
function listTold(items: readonly object[]): string {
  const told = (item: object) => Object.entries(item).map(([name, value]) => `${name}=${value ?? ''}`);
  return items.map((item) => told(item).join(' ')).join('; ');
}
