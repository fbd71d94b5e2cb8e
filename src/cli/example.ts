/**
 * The example: the published figures of 2020-21 to 2024-25, recorded as a programme would record them.
 *
 * Rows that state what happened in a period (flows, stocks, ratios) become outcomes, with the publication as
 * evidence. Statements about them (cumulative figures, rates, projections) stay in the file, unrecorded. So does
 * the network total of 2020-21: its two parts are recorded, and it would count them again.
 */
import type { CommandBus } from '@nestjs/cqrs';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ChangeCatalogue } from '../catalogue/catalogue.handler.js';
import {
  financialYearOf,
  financialYearsBetween,
  financialYearStarting,
  isFinancialYear,
  lastDayOf,
  parseCalendarDate,
  parseFinancialYear,
  startYearOf,
  type CalendarDate,
  type FinancialYear,
} from '../kernel/financial-year.js';
import { fileSubmissionId, parseMeasureId, parseProgrammeId, type ProgrammeId } from '../kernel/ids.js';
import type { Basis, SentOutcome } from '../domain/outcome.js';
import { recordsIn } from '../files/records.js';
import { RecordOutcomes } from '../submissions/submissions.handler.js';

/** The columns of the file. */
type Claim = Readonly<
  Record<
    'claim_id' | 'source' | 'published' | 'period' | 'programme' | 'measure' | 'value' | 'unit',
    string
  > &
    Record<'qualifier' | 'rounded_to' | 'kind' | 'note', string> & { basis: Basis }
>;

export const EXAMPLE_FILE = resolve(__dirname, '../../examples/published-claims.csv');

const RECORDED_KINDS = ['flow', 'stock', 'ratio'];
/** The start of the networks' second licence. */
const STARTED_ON = parseCalendarDate('2018-04-01');

export interface LoadedExample {
  readonly outcomes: number;
  /** The years since the start, up to the last one published, of which there is no flow. */
  readonly unpublished: readonly FinancialYear[];
}

/** Records the example; repeating it changes nothing. */
export async function loadExample(commands: CommandBus): Promise<LoadedExample> {
  const bytes = readFileSync(EXAMPLE_FILE);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const lines = outcomeLines(bytes);
  for (const [name, claims] of lines) {
    const programmeId = programmeIdOf(name);
    const by = { actor: 'example', role: 'system', correlationId: 'example', source: 'system' } as const;
    const details = { name: name[0]!.toUpperCase() + name.slice(1), startedOn: STARTED_ON };
    await commands.execute(new ChangeCatalogue({ kind: 'register-programme', programmeId, details }, by));
    const request = {
      kind: 'submit' as const,
      submissionId: fileSubmissionId(programmeId, sha256),
      programmeId,
      outcomes: claims.map(({ claim }) => outcomeOf(claim)),
    };
    const source = (index: number) => `file:${sha256}#${claims[index]!.line}`;
    await commands.execute(new RecordOutcomes(request, { ...by, source }));
  }
  const claims = [...lines.values()].flat().map(({ claim }) => claim);
  return { outcomes: claims.length, unpublished: unpublishedYears(claims) };
}

function unpublishedYears(claims: readonly Claim[]): readonly FinancialYear[] {
  const flows = claims.filter(({ kind }) => kind === 'flow');
  const published = flows.map(({ period }) => financialYearOf(periodOf(period).to)).sort();
  const years = financialYearsBetween(financialYearOf(STARTED_ON), published.at(-1)!);
  return years.filter((year) => !published.includes(year));
}

/** The programmes that the example registers. */
export function exampleProgrammes(): Set<string> {
  return new Set([...outcomeLines(readFileSync(EXAMPLE_FILE)).keys()].map(programmeIdOf));
}

function outcomeLines(bytes: Buffer): Map<string, { claim: Claim; line: number }[]> {
  const rows = recordsIn(bytes, 'csv').flatMap((row) => (row.kind === 'row' ? [row] : []));
  const columns = rows[0]!.fields;
  const byProgramme = new Map<string, { claim: Claim; line: number }[]>();
  for (const { line, fields } of rows.slice(1)) {
    const claim = Object.fromEntries(columns.map((column, at) => [column, fields[at]!])) as Claim;
    if (!RECORDED_KINDS.includes(claim.kind) || claim.programme === 'network total') continue;
    const known = byProgramme.get(claim.programme) ?? [];
    byProgramme.set(claim.programme, [...known, { claim, line }]);
  }
  return byProgramme;
}

function programmeIdOf(name: string): ProgrammeId {
  const slug = name
    .toLowerCase()
    .replaceAll("'", '')
    .replace(/[^a-z0-9]+/g, '-');
  return parseProgrammeId(slug.replace(/^-|-$/g, ''));
}

function outcomeOf(claim: Claim): SentOutcome {
  const published = claim.published === '' ? '' : `, published ${claim.published}`;
  const stated = `Published as: ${claim.qualifier === '' ? '' : `${claim.qualifier} `}${claim.value} ${claim.unit}`;
  return {
    measureId: parseMeasureId(claim.measure),
    ...amountOf(claim),
    effective: periodOf(claim.period),
    basis: claim.basis,
    ...boundsOf(claim),
    evidence: {
      title: `Published claim ${claim.claim_id} in ${claim.source}${published}`,
      ...(claim.source.startsWith('https:') && { uri: claim.source }),
    },
    note: claim.note === '' ? stated : `${stated}; ${claim.note}`,
  };
}

/** "More than" leaves the high side open, and "up to" the low one: the figure is the bound that is known. */
const KNOWN_BOUND: Readonly<Record<string, 'low' | 'high'>> = {
  'more than': 'low',
  almost: 'high',
  'up to': 'high',
  potentially: 'high',
};

/** A rounded figure without a qualifier may be off by half of what it was rounded to, on either side. */
function boundsOf({ qualifier, rounded_to, value }: Claim): Pick<SentOutcome, 'bounds'> {
  const side = KNOWN_BOUND[qualifier];
  if (side) return { bounds: { [side]: value } };
  if (rounded_to === '') return {};
  const half = Number(rounded_to) / 2;
  return { bounds: { low: String(Number(value) - half), high: String(Number(value) + half) } };
}

function amountOf({ kind, value }: Claim): Pick<SentOutcome, 'amount' | 'percent'> {
  // Nobody published the denominators, so the percentages are kept as such and never combined.
  return kind === 'ratio' ? { percent: value } : { amount: value };
}

function periodOf(period: string): { from: CalendarDate; to: CalendarDate } {
  if (isFinancialYear(period)) {
    const year = parseFinancialYear(period);
    return { from: parseCalendarDate(`${startYearOf(year)}-04-01`), to: lastDayOf(year) };
  }
  const [year, last] = period.split('-').map(Number) as [number, number];
  if (last >= 1 && last <= 12) {
    const days = new Date(Date.UTC(year, last, 0)).getUTCDate();
    return { from: parseCalendarDate(`${period}-01`), to: parseCalendarDate(`${period}-${days}`) };
  }
  // Several years together, such as 2018-20: a stock is what stood on their last day.
  const end = lastDayOf(financialYearStarting(2000 + last - 1));
  return { from: end, to: end };
}
