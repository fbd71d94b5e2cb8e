/** `ledger totals`: annual and since-2018 figures as a table, or as JSON, all as known at one moment. */
import type { MeasureView } from '../catalogue/catalogue.dto.js';
import type { AnnualTotals, TotalSince, YearFigure } from '../reports/reports.views.js';
import { allMeasures, currentSequence, type LedgerClient } from './client.js';
import { print, readable, table, type Align } from './output.js';

export interface TotalsOptions {
  readonly measure?: string;
  readonly programme?: string;
  readonly organisation?: string;
  readonly since?: string;
  readonly asAt?: string;
  readonly asAtSequence?: string | undefined;
  readonly json?: boolean;
}

interface MeasureTotals {
  readonly measure: MeasureView;
  readonly annual: AnnualTotals;
  /** Null for stocks and ratios, which do not add up over years. */
  readonly since: TotalSince | null;
}

export async function totalsCommand(client: LedgerClient, options: TotalsOptions): Promise<void> {
  const { json = false, measure, ...asked } = options;
  // Each measure is asked for by itself: what is recorded meanwhile must not stand in half of the table.
  const now = asked.asAt === undefined && asked.asAtSequence === undefined;
  const filters = now ? { ...asked, asAtSequence: await currentSequence(client) } : asked;
  const measures =
    measure === undefined
      ? await allMeasures(client)
      : [await client.get<MeasureView>(`/v1/measures/${encodeURIComponent(measure)}`)];
  const totals: MeasureTotals[] = [];
  for (const each of measures) totals.push(await totalsOf(client, each, filters));
  if (json) print(JSON.stringify({ totals }, null, 2));
  else printTables(totals, measure !== undefined);
}

async function totalsOf(
  client: LedgerClient,
  measure: MeasureView,
  { since, ...filters }: Omit<TotalsOptions, 'measure' | 'json'>,
): Promise<MeasureTotals> {
  const query = { measure: measure.id, ...filters };
  const annual = await client.get<AnnualTotals>('/v1/totals/annual', { ...query, from: since });
  if (measure.kind !== 'flow') return { measure, annual, since: null };
  return { measure, annual, since: await client.get<TotalSince>('/v1/totals/since', { ...query, since }) };
}

function printTables(totals: readonly MeasureTotals[], evenEmpty: boolean): void {
  const shown = totals
    .filter(({ annual }) => evenEmpty || annual.years.some(({ outcomes }) => outcomes > 0))
    .sort(byLabelAfterParent(totals));
  if (shown.length === 0) return print('No outcomes are recorded yet.');
  const years = [
    ...new Set(shown.flatMap(({ annual }) => annual.years.map(({ financialYear }) => financialYear))),
  ].sort();
  const sinceYear = shown.find(({ since }) => since)?.since?.since ?? years[0]!;
  const align: Align[] = ['left', 'left', ...years.map((): Align => 'right'), 'right'];
  const rows = shown.map(({ measure, annual, since }) => {
    const cells = years.map((year) =>
      cell(
        annual.years.find(({ financialYear }) => financialYear === year),
        measure,
      ),
    );
    return [
      measure.label,
      unitOf(measure),
      ...cells,
      since ? readable(since.total, measure.unit) : sinceNote(measure),
    ];
  });
  print(table(['Measure', 'Unit', ...years, `Since ${sinceYear}`], rows, align));
  print('');
  for (const { measure } of shown) {
    const parts = shown.filter((each) => each.measure.rollsUpInto === measure.id);
    if (parts.length > 0)
      print(`${measure.label} includes: ${parts.map((each) => each.measure.label).join('; ')}.`);
  }
  print('– no data; stocks show their latest value of the year and, like ratios, have no total over years.');
}

/** By label, but what rolls up into a measure comes right after it. */
function byLabelAfterParent(totals: readonly MeasureTotals[]) {
  const labels = new Map(totals.map(({ measure }) => [measure.id, measure.label]));
  const place = ({ label, rollsUpInto }: MeasureView) => {
    const parent = labels.get(rollsUpInto ?? '');
    return parent === undefined ? `${label}\n` : `${parent}\n${label}`;
  };
  return (one: MeasureTotals, other: MeasureTotals) => place(one.measure).localeCompare(place(other.measure));
}

function cell(figure: YearFigure | undefined, measure: MeasureView): string {
  if (!figure || figure.outcomes === 0) return '–';
  if (measure.kind !== 'ratio') return readable(figure.total, measure.unit);
  if (figure.ratio) return `${figure.ratio.percent}%`;
  return (figure.percentages ?? []).map(({ percent }) => `${percent}%`).join(', ');
}

const unitOf = ({ unit }: MeasureView) => (unit === 'pence' ? '£' : unit);
const sinceNote = ({ kind }: MeasureView) => `(${kind})`;
