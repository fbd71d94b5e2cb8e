/** `ledger import`: posts a file to the running ledger, which checks every row and then records all or none. */
import { Option, type Command } from 'commander';
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { ProblemDocument } from '../api/problem.views.js';
import type { ImportReceiptView } from '../submissions/imports.dto.js';
import type { ImportLine } from '../submissions/imports.views.js';
import { CommandFailed, parseForPeople, type LedgerClient } from './client.js';
import { print, ProgressLine, readable } from './output.js';
import { connected, withClient } from './connection.js';

interface ImportOptions {
  readonly programme: string;
  readonly format?: 'csv' | 'ndjson';
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly personalDataOverride?: string;
}

export function register(ledger: Command): void {
  connected(ledger.command('import <file>'))
    .description('record the rows of a CSV or NDJSON file: all of them, or none')
    .requiredOption('--programme <id>', 'the programme that the outcomes belong to')
    .addOption(
      new Option('--format <format>', 'the format of the file; by default its name tells').choices([
        'csv',
        'ndjson',
      ]),
    )
    .option('--dry-run', 'check every row and record nothing')
    .option(
      '--personal-data-override <reason>',
      'record texts that look like personal data; the reason is kept with them',
    )
    .option('--json', 'print the receipt as JSON')
    .action(withClient(importCommand));
}

async function importCommand(client: LedgerClient, file: string, options: ImportOptions): Promise<void> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new CommandFailed(`there is no file ${file}`, 2);
  if (found.isDirectory()) throw new CommandFailed(`${file} is a directory: name a file`, 2);
  const { personalDataOverride: override } = options;
  const format = options.format ?? (/\.(ndjson|jsonl)$/i.test(file) ? 'ndjson' : 'csv');
  const path = `/v1/programmes/${encodeURIComponent(options.programme)}/imports.ndjson`;
  try {
    const response = await client.request(path, {
      method: 'POST',
      body: Readable.toWeb(createReadStream(file)) as globalThis.ReadableStream,
      duplex: 'half',
      query: { dryRun: options.dryRun ? 'true' : undefined },
      headers: {
        'content-type': format === 'csv' ? 'text/csv' : 'application/x-ndjson',
        ...(override !== undefined && { 'personal-data-override': override }),
      },
    });
    const receipt = await receiptOf(response);
    print(options.json ? JSON.stringify(receipt) : told(file, receipt));
  } catch (error) {
    if (!(error instanceof CommandFailed) || !error.problem?.errors) throw error;
    nameRows(error.problem, options.json ?? false);
    // The rows are listed already, and the problem's title would only repeat them.
    throw new CommandFailed(error.problem.detail, 1, error.problem);
  }
}

async function receiptOf(response: Response): Promise<ImportReceiptView> {
  const progress = new ProgressLine();
  try {
    for await (const line of linesOf(response)) {
      switch (line.phase) {
        case 'checking':
          progress.show(`checked ${readable(line.rows, '')} rows`);
          break;
        case 'recording':
          progress.show(`recorded ${readable(line.rows, '')} of ${readable(line.of, '')} rows`);
          break;
        case 'done':
          return line.receipt;
        case 'failed':
          throw new CommandFailed(`${line.problem.title}: ${line.problem.detail}`, 1, line.problem);
      }
    }
  } finally {
    progress.end();
  }
  throw new CommandFailed(
    'the connection ended before the import did: run the same command again, nothing is counted twice',
  );
}

/** The lines that arrived whole; a connection that is lost ends them. */
async function* linesOf(response: Response): AsyncGenerator<ImportLine> {
  const input = Readable.fromWeb(response.body as ReadableStream);
  let lost = false;
  input.once('error', () => (lost = true));
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity }))
      yield parseForPeople(text) as ImportLine;
  } catch (error) {
    if (!lost) throw error;
  }
}

function told(file: string, { rows, recorded, repeated, dryRun }: ImportReceiptView): string {
  if (dryRun)
    return `${file}: all ${readable(rows, '')} rows can be recorded. Nothing was recorded: this was a dry run.`;
  const before = repeated === 0 ? '' : ` ${readable(repeated, '')} had been recorded before.`;
  return `${file}: recorded ${readable(recorded, '')} outcomes.${before}`;
}

function nameRows({ errors }: ProblemDocument, json: boolean): void {
  for (const fault of (errors ?? []) as readonly { line?: number; pointer?: string; detail: string }[]) {
    const field = fault.pointer === undefined || fault.pointer === '' ? '' : `${fault.pointer.slice(1)}: `;
    process.stderr.write(
      json ? `${JSON.stringify(fault)}\n` : `line ${fault.line ?? '?'}: ${field}${fault.detail}\n`,
    );
  }
}
