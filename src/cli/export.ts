/**
 * `ledger export`: outcomes or totals as CSV or NDJSON, read page by page at one sequence.
 *
 * A cell that a spreadsheet would take for a formula gets an apostrophe before it.
 */
import { Argument, Option, type Command } from 'commander';
import { stringify } from 'csv-stringify';
import { Readable, Writable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { OutcomesPage } from '../figures/outcome.views.js';
import type { Flag } from '../figures/flag.views.js';
import type { AnnualTotals, YearFigure } from '../figures/figures.views.js';
import { allMeasures, CommandFailed, currentSequence, type LedgerClient, type Query } from './client.js';
import { intoFile, print, readable } from './output.js';
import { connected, withClient, type Texts } from './connection.js';

interface ExportOptions extends Texts<
  'out' | 'measure' | 'programme' | 'organisation' | 'from' | 'to' | 'asAt' | 'asAtSequence'
> {
  readonly format: 'csv' | 'ndjson';
  /** Totals only: the rows of each programme or organisation, with its name, in place of the rows of the whole. */
  readonly groupBy?: 'programme' | 'organisation';
}

type ExportRow = Readonly<Record<string, unknown>>;

const COLUMNS = {
  outcomes: [
    ...['id', 'version', 'programme', 'measure', 'organisation', 'quantity', 'amount', 'numerator'],
    ...['denominator', 'percent', 'rate', 'from', 'to', 'basis', 'boundsLow', 'boundsHigh', 'counting'],
    ...['reference', 'evidenceTitle', 'evidenceUri', 'evidenceSha256', 'note', 'contributes', 'recordedAt'],
    ...['actor', 'sequence'],
  ],
  totals: [
    ...['measure', 'unit', 'kind', 'programme', 'organisation', 'name', 'financialYear', 'total', 'amount'],
    ...['outcomes', 'counted', 'estimated', 'modelled', 'selfReported', 'notStated', 'boundsLow'],
    ...['boundsHigh', 'numerator', 'denominator', 'percent', 'flags', 'sequence'],
  ],
};

export function register(ledger: Command): void {
  connected(ledger.command('export'))
    .addArgument(new Argument('<what>').choices(['outcomes', 'totals']))
    .description('write outcomes or totals as CSV or NDJSON')
    .addOption(
      new Option('--format <format>', 'the format of the rows').choices(['csv', 'ndjson']).default('csv'),
    )
    .option('--out <file>', 'the file to write; by default standard output')
    .option('--measure <id>', 'only this measure and what rolls up into it')
    .option('--programme <id>', 'only this programme')
    .option('--organisation <id>', 'only this organisation')
    .option('--from <year>', 'first financial year, such as 2018-19')
    .option('--to <year>', 'last financial year')
    .addOption(
      new Option('--group-by <group>', 'for totals: rows of each programme or organisation').choices([
        'programme',
        'organisation',
      ]),
    )
    .option('--as-at <moment>', 'as known at an instant or at the end of a day')
    .option('--as-at-sequence <sequence>', 'as known after that event')
    .action(withClient(exportCommand, { json: true }));
}

async function exportCommand(
  client: LedgerClient,
  what: 'outcomes' | 'totals',
  { format, out, measure, asAt, ...filters }: ExportOptions,
): Promise<void> {
  if (what === 'outcomes' && filters.groupBy !== undefined)
    throw new CommandFailed('--group-by is for totals: each outcome has its programme and organisation', 2);
  const all = measure === undefined ? (await allMeasures(client)).map(({ id }) => id) : [measure];
  const sequence =
    asAt === undefined
      ? (filters.asAtSequence ?? (await currentSequence(client)))
      : await sequenceAt(client, { ...filters, measure: all[0], asAt });
  // Totals begin in 2018-19 unless earlier years are asked for, so the export asks for all.
  const query = { ...filters, from: filters.from ?? '1900-01', asAtSequence: sequence };
  const measures = sequence === undefined ? [] : all;
  let count = 0;
  const counted = async function* (rows: AsyncIterable<ExportRow>) {
    for await (const row of rows) {
      count++;
      yield row;
    }
  };
  const rows = Readable.from(
    counted(what === 'outcomes' ? outcomeRows(client, measures, query) : totalRows(client, measures, query)),
  );
  const write = (target: Writable) =>
    format === 'csv' ? pipeline(rows, csvOf(what, filters), target) : pipeline(rows, ndjson, target);
  if (out === undefined) await write(new StandardOutput());
  else await intoFile(out, write);
  if (out !== undefined) print(`${out}: ${readable(count, '')} ${what}, as at sequence ${sequence ?? '–'}.`);
}

function csvOf(what: keyof typeof COLUMNS, { groupBy }: Pick<ExportOptions, 'groupBy'>): Duplex {
  return stringify({
    header: true,
    columns: COLUMNS[what].filter((column) => column !== 'name' || groupBy !== undefined),
    escape_formulas: true,
    cast: {
      boolean: String,
      string: (text) => (text.startsWith('\n') ? `'${text}` : text),
      object: (flags) => flagsTold(flags as unknown as readonly Flag[]),
    },
    record_delimiter: 'windows',
    // This option is needed beside a delimiter of our own: without it a line break within a cell would begin a
    // row, and let a formula begin it.
    quote_record_delimiter: true,
  });
}

const flagsTold = (flags: readonly Flag[]) =>
  flags.map(({ code, sentence }) => `${code}: ${sentence}`).join(' ');

/**
 * The last event that was known at the moment asked for, so that pages agree though the day may go on. Undefined
 * where there was none.
 */
async function sequenceAt(client: LedgerClient, asked: Query): Promise<string | undefined> {
  const { sequence } = await client.get<AnnualTotals>('/v1/totals/annual', { ...asked, allowBreaks: 'true' });
  return sequence < 0 ? undefined : String(sequence);
}

/** Writes to standard output, and leaves it open for later writers. */
class StandardOutput extends Writable {
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    process.stdout.write(chunk, done);
  }
}

async function* ndjson(rows: AsyncIterable<ExportRow>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

async function* outcomeRows(
  client: LedgerClient,
  measures: readonly string[],
  query: Query,
): AsyncGenerator<ExportRow> {
  for (const measure of measures) {
    for (let after: string | null | undefined; after !== null;) {
      const asked = { ...query, measure, after, limit: '500', allowBreaks: 'true' };
      const page: OutcomesPage = await client.get('/v1/outcomes', asked);
      // The list of a measure includes the measures that roll up into it: where all measures are exported, each
      // lists only its own outcomes.
      for (const outcome of page.outcomes) {
        if (measures.length === 1 || outcome.measure === measure) yield flat(outcome);
      }
      after = page.next;
    }
  }
}

function flat({ effective, bounds, evidence, ...rest }: OutcomesPage['outcomes'][number]): ExportRow {
  return {
    ...rest,
    from: effective.from,
    to: effective.to,
    ...(bounds && { boundsLow: bounds.low, boundsHigh: bounds.high }),
    ...(evidence && {
      evidenceTitle: evidence.title,
      evidenceUri: evidence.uri,
    }),
  };
}

async function* totalRows(
  client: LedgerClient,
  measures: readonly string[],
  query: Query,
): AsyncGenerator<ExportRow> {
  for (const id of measures) {
    const answer: AnnualTotals = await client.get('/v1/totals/annual', {
      ...query,
      measure: id,
      allowBreaks: 'true',
    });
    const { groups, years, ...context } = answer;
    if (!groups) yield* rowsOf(context, years);
    for (const { programme, organisation, years: ofGroup } of groups ?? []) {
      // The group of outcomes without a programme or an organisation has no id and no name.
      const named = {
        ...(programme && { programme: programme.id }),
        ...(organisation && { organisation: organisation.id }),
        name: (programme ?? organisation)!.name,
      };
      yield* rowsOf({ ...context, ...named }, ofGroup);
    }
  }
}

function* rowsOf(
  { measure, sequence, asAt: _, ...about }: ExportRow & Pick<AnnualTotals, 'measure' | 'sequence'>,
  years: readonly YearFigure[],
): Generator<ExportRow> {
  for (const { financialYear, total, amount, outcomes, byBasis, bounds, ratio, flags } of years) {
    if (outcomes === 0) continue;
    yield {
      measure: measure.id,
      unit: measure.unit,
      kind: measure.kind,
      ...about,
      financialYear,
      total,
      amount,
      outcomes,
      counted: byBasis.counted,
      estimated: byBasis.estimated,
      modelled: byBasis.modelled,
      selfReported: byBasis['self-reported'],
      notStated: byBasis['not-stated'],
      boundsLow: bounds?.low,
      boundsHigh: bounds?.high,
      numerator: ratio?.numerator,
      denominator: ratio?.denominator,
      percent: ratio?.percent,
      flags,
      sequence,
    };
  }
}
