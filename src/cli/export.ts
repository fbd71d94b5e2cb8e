/** `ledger export`: outcomes or totals as CSV or NDJSON, read page by page at one sequence. */
import { Argument, Option, type Command } from 'commander';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { OutcomesPage } from '../figures/outcome.views.js';
import type { AnnualTotals, TotalSince } from '../figures/figures.views.js';
import { KINDS } from '../domain/kinds/kinds.js';
import { csvOf } from '../files/csv-out.js';
import { OUTCOME_COLUMNS } from '../files/csv-row.js';
import { allOf, CommandFailed, currentSequence, type LedgerClient, type Query } from './client.js';
import { intoFile, print, readable } from './output.js';
import {
  FIGURE_COLUMNS,
  figureCells,
  outcomeRow,
  sinceRows,
  yearRows,
  type Catalogue,
  type FigureRow,
  type OutcomeRow,
} from './export-rows.js';
import { connected, withClient, type Texts } from './connection.js';

interface ExportOptions extends Texts<
  'out' | 'measure' | 'programme' | 'organisation' | 'from' | 'to' | 'asAt' | 'asAtSequence'
> {
  readonly format: 'csv' | 'ndjson';
  readonly bom?: boolean;
  /** Totals only: the rows of each programme or organisation in place of the rows of the whole. */
  readonly groupBy?: 'programme' | 'organisation';
}

interface AskedExport {
  readonly client: LedgerClient;
  readonly measures: readonly string[];
  readonly catalogue: Catalogue;
  readonly query: Query;
  /** The first year, if one was asked for. */
  readonly from: string | undefined;
}

export function register(ledger: Command): void {
  connected(ledger.command('export'))
    .addArgument(new Argument('<what>').choices(['outcomes', 'totals']))
    .description('write outcomes or totals as CSV or NDJSON')
    .addOption(
      new Option('--format <format>', 'the format of the rows').choices(['csv', 'ndjson']).default('csv'),
    )
    .option('--bom', 'begin the CSV with a byte order mark, by which Excel knows UTF-8')
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
  { format, bom = false, out, measure, asAt, ...filters }: ExportOptions,
): Promise<void> {
  if (what === 'outcomes' && filters.groupBy !== undefined)
    throw new CommandFailed('--group-by is for totals: each outcome has its programme and organisation', 2);
  if (bom && format !== 'csv') throw new CommandFailed('--bom is for CSV: JSON begins with none', 2);
  const catalogue = await catalogueOf(client);
  const all = measure === undefined ? [...catalogue.measures.keys()] : [measure];
  const sequence =
    asAt === undefined
      ? (filters.asAtSequence ?? (await currentSequence(client)))
      : await sequenceAt(client, { ...filters, measure: all[0], asAt });
  const { from, ...others } = filters;
  // Totals begin in 2018-19 unless earlier years are asked for, so the export asks for all.
  const query = { ...others, from: from ?? '1900-01', asAtSequence: sequence };
  const asked = { client, measures: sequence === undefined ? [] : all, catalogue, query, from };
  let count = 0;
  const counted = async function* <Row>(rows: AsyncIterable<Row>, lineOf: (row: Row) => unknown) {
    for await (const row of rows) {
      count++;
      yield lineOf(row);
    }
  };
  const isCsv = format === 'csv';
  const lines = Readable.from(
    what === 'outcomes'
      ? counted(outcomeRows(asked), isCsv ? (row) => row : ndjson)
      : counted(figureRows(asked), isCsv ? figureCells : ndjson),
  );
  const columns = what === 'outcomes' ? OUTCOME_COLUMNS : FIGURE_COLUMNS;
  const write = (target: Writable) =>
    isCsv ? pipeline(lines, csvOf(columns, { bom }), target) : pipeline(lines, target);
  if (out === undefined) await write(new StandardOutput());
  else await intoFile(out, write);
  if (out !== undefined) print(`${out}: ${readable(count, '')} ${what}, as at sequence ${sequence ?? '–'}.`);
}

const ndjson = (row: object) => `${JSON.stringify(row)}\n`;

async function catalogueOf(client: LedgerClient): Promise<Catalogue> {
  const byId = async <Kind extends 'measures' | 'programmes' | 'organisations'>(kind: Kind) =>
    new Map((await allOf(client, kind)).map((entry) => [entry.id, entry]));
  return {
    measures: await byId('measures'),
    programmes: await byId('programmes'),
    organisations: await byId('organisations'),
  };
}

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

async function* outcomeRows({ client, measures, catalogue, query }: AskedExport): AsyncGenerator<OutcomeRow> {
  for (const measure of measures) {
    for (let after: string | null | undefined; after !== null;) {
      const asked = { ...query, measure, after, limit: '500', allowBreaks: 'true' };
      const page: OutcomesPage = await client.get('/v1/outcomes', asked);
      // The list of a measure includes the measures that roll up into it: where all measures are exported, each
      // lists only its own outcomes.
      for (const outcome of page.outcomes) {
        if (measures.length === 1 || outcome.measure === measure) yield outcomeRow(outcome, catalogue);
      }
      after = page.next;
    }
  }
}

/** For each measure the figures of its years, and then the figure of all years since the first, if they add up. */
async function* figureRows({
  client,
  measures,
  catalogue,
  query,
  from,
}: AskedExport): AsyncGenerator<FigureRow> {
  for (const measure of measures) {
    const asked = { ...query, measure, allowBreaks: 'true' };
    yield* yearRows(await client.get<AnnualTotals>('/v1/totals/annual', asked), catalogue);
    if (KINDS[catalogue.measures.get(measure)!.kind].notOverYears !== null) continue;
    yield* sinceRows(await client.get<TotalSince>('/v1/totals/since', { ...asked, from }), catalogue);
  }
}
