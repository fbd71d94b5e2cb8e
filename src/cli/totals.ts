/** `ledger totals`: annual and since-2018 figures as a table, or as JSON, all as known at one moment. */
import type { Command } from 'commander';
import type { MeasureView } from '../catalogue/measure.dto.js';
import type { AnnualTotals, Figure, TotalSince } from '../figures/figures.views.js';
import { KINDS } from '../domain/kinds/kinds.js';
import { allOf, currentSequence, type LedgerClient } from './client.js';
import { print, readable, table, type Align } from './output.js';
import { connected, withClient, type Texts } from './connection.js';

type TotalsFilters = Texts<'programme' | 'organisation' | 'since' | 'asAt' | 'asAtSequence'>;
type TotalsOptions = TotalsFilters &
  Texts<'measure'> &
  Readonly<Partial<Record<'allowBreaks' | 'json', boolean>>>;

interface MeasureTotals {
  readonly measure: MeasureView;
  readonly annual: AnnualTotals;
  /** Totals over all years; null for a measure that does not add up over years. */
  readonly since: TotalSince | null;
}

export function register(ledger: Command): void {
  connected(ledger.command('totals'))
    .description('annual totals and totals since a year')
    .option('--measure <id>', 'only this measure and what rolls up into it')
    .option('--programme <id>', 'only this programme')
    .option('--organisation <id>', 'only this organisation')
    .option('--since <year>', 'first financial year, by default 2018-19')
    .option('--as-at <moment>', 'as known at an instant or at the end of a day')
    .option('--as-at-sequence <sequence>', 'as known after that event')
    .option('--allow-breaks', 'add figures across a change of definition too')
    .option('--json', 'the whole answers of the ledger')
    .action(withClient(totalsCommand));
}

export async function totalsCommand(client: LedgerClient, options: TotalsOptions): Promise<void> {
  const { json = false, measure, allowBreaks = false, ...asked } = options;
  // Each measure takes a request of its own, so all name one sequence: an event that is recorded meanwhile must
  // not be in half of the table.
  const now = asked.asAt === undefined && asked.asAtSequence === undefined;
  const filters = now ? { ...asked, asAtSequence: await currentSequence(client) } : asked;
  const measures =
    measure === undefined
      ? await allOf(client, 'measures')
      : [await client.get<MeasureView>(`/v1/measures/${encodeURIComponent(measure)}`)];
  const totals: MeasureTotals[] = [];
  for (const each of measures) totals.push(await totalsOf(client, each, filters));
  if (json) print(JSON.stringify({ totals }, null, 2));
  else printTables(totals, { evenEmpty: measure !== undefined, allowBreaks });
}

async function totalsOf(
  client: LedgerClient,
  measure: MeasureView,
  { since, ...filters }: TotalsFilters,
): Promise<MeasureTotals> {
  // Breaks are allowed, because a refusal for one measure would hide the figures of all others; a flag marks a
  // figure across a break.
  const query = { measure: measure.id, ...filters, from: since, allowBreaks: 'true' };
  const annual = await client.get<AnnualTotals>('/v1/totals/annual', query);
  if (KINDS[measure.kind].notOverYears !== null) return { measure, annual, since: null };
  return { measure, annual, since: await client.get<TotalSince>('/v1/totals/since', query) };
}

function printTables(
  totals: readonly MeasureTotals[],
  { evenEmpty, allowBreaks }: { readonly evenEmpty: boolean; readonly allowBreaks: boolean },
): void {
  const shown = totals
    .filter(({ annual }) => evenEmpty || annual.years.some(({ outcomes }) => outcomes > 0))
    .sort(byLabelAfterParent(totals));
  if (shown.length === 0) return print('No outcomes are recorded yet.');
  const years = [
    ...new Set(shown.flatMap(({ annual }) => annual.years.map(({ financialYear }) => financialYear))),
  ].sort();
  const anySince = shown.find(({ since }) => since)?.since;
  const sinceYear = anySince?.since ?? years[0]!;
  const align: Align[] = ['left', 'left', ...years.map((): Align => 'right'), 'right'];
  const told = (figure: Figure, measure: MeasureView) =>
    !allowBreaks && isBroken(figure) ? '(break)' : cell(figure, measure);
  const rows = shown.map(({ measure, annual, since }) => {
    const cells = years.map((year) => {
      const figure = annual.years.find(({ financialYear }) => financialYear === year);
      return figure ? told(figure, measure) : '–';
    });
    return [measure.label, unitOf(measure), ...cells, since ? told(since, measure) : sinceNote(measure)];
  });
  print(table(['Measure', 'Unit', ...years, `Since ${sinceYear}`], rows, align));
  print('');
  for (const { measure } of shown) {
    const parts = shown.filter((each) => each.measure.rollsUpInto === measure.id);
    if (parts.length > 0)
      print(`${measure.label} includes: ${parts.map((each) => each.measure.label).join('; ')}.`);
  }
  for (const [sentence, labels] of flagsTold(shown)) print(`${labels.join('; ')}: ${sentence}`);
  if (!allowBreaks && shown.some(({ since }) => since && isBroken(since)))
    print('(break) ask --since a year after the change, or add them with --allow-breaks.');
  if (anySince) print(`Totals since ${sinceYear} run to the end of ${anySince.through}.`);
  print(
    '– no data; a stock shows its latest value of the year. Stocks, ratios and rates have no total over years.',
  );
}

/** Sorts by label, and puts the measures that roll up into another right after it. */
function byLabelAfterParent(totals: readonly MeasureTotals[]) {
  const labels = new Map(totals.map(({ measure }) => [measure.id, measure.label]));
  const place = ({ label, rollsUpInto }: MeasureView) => {
    const parent = labels.get(rollsUpInto ?? '');
    return parent === undefined ? `${label}\n` : `${parent}\n${label}`;
  };
  return (one: MeasureTotals, other: MeasureTotals) => place(one.measure).localeCompare(place(other.measure));
}

function cell(figure: Figure, measure: MeasureView): string {
  if (figure.outcomes === 0) return '–';
  if (figure.amount !== null) return readable(figure.amount, measure.unit);
  const derived = figure.ratio ? [`${figure.ratio.percent.replace(/\.?0+$/, '')}%`] : [];
  const percentages = (figure.percentages ?? []).map(({ percent }) => `${percent}%`);
  const rates = (figure.rates ?? []).map(({ rate }) => rate);
  return [...derived, ...percentages, ...rates].join(', ');
}

const isBroken = ({ flags }: Figure) => flags.some(({ code }) => code === 'definition-break');

/** Each sentence, with the measures that it is said of; of one code, the last figure of a measure has the widest. */
function flagsTold(shown: readonly MeasureTotals[]): ReadonlyMap<string, readonly string[]> {
  const told = new Map<string, string[]>();
  for (const { measure, annual, since } of shown) {
    const flags = [...annual.years, ...(since ? [since] : [])].flatMap((figure) => figure.flags);
    const sentences = new Map(flags.map(({ code, sentence }) => [code, sentence])).values();
    for (const sentence of sentences) told.set(sentence, [...(told.get(sentence) ?? []), measure.label]);
  }
  return told;
}

const unitOf = ({ unit }: MeasureView) => (unit === 'pounds' ? '£' : unit);
const sinceNote = ({ kind }: MeasureView) => `(${kind})`;
