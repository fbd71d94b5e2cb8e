/**
 * Turns the rows of a file into outcomes in the form that the API takes, or into faults. The same bytes always make the
 * same rows, so that an import can be sent again.
 */
import type { ProblemFault } from '../kernel/refusals.js';
import { MalformedJson, parseJson } from '../kernel/strict-json.js';
import { isObject } from '../api/decorators.js';
import { validatorOf } from '../api/validation.js';
import { faultOfCell, outcomeOfRow, outOfExport, readHeader, type FileHeader } from '../files/csv-row.js';
import { recordsOf, type FileFormat, type FileRecord } from '../files/records.js';
import { ExportedDto } from './imports.dto.js';
import { OutcomeDto } from './submissions.dto.js';

export interface FileFault extends ProblemFault {
  readonly line: number;
}

export type FileRow =
  | {
      readonly line: number;
      readonly outcome: OutcomeDto;
      readonly exported: ExportedDto;
      readonly inFile: (fault: ProblemFault) => ProblemFault;
    }
  | { readonly line: number; readonly outcome: null; readonly faults: readonly ProblemFault[] };

export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';

  constructor(readonly faults: readonly FileFault[]) {
    super(faults[0]?.detail);
  }
}

/** So many rows are read without a turn of the event loop. */
const ROWS_AT_ONCE = 500;

/** @throws UnreadableFile where a CSV has no header that can be used */
export async function* rowsOf(
  pieces: AsyncIterable<Buffer>,
  format: FileFormat,
): AsyncGenerator<readonly FileRow[]> {
  let columns: FileHeader | null = null;
  for await (const records of recordsOf(pieces, format)) {
    let rows: FileRow[] = [];
    for (const record of records) {
      if (rows.length === ROWS_AT_ONCE) {
        yield rows;
        rows = [];
      }
      if (record.kind === 'row' && isBlank(record.fields)) continue;
      if (format === 'csv' && columns === null) columns = headerOf(record);
      else if (record.kind === 'fault') rows.push(faulty(record.line, [record.fault]));
      else if (record.kind === 'line') rows.push(rowOfJson(record));
      else rows.push(rowOfCells(record, columns!));
    }
    if (rows.length > 0) yield rows;
  }
}

/** A row of empty cells, or the line by which some spreadsheets say what separates the columns. */
const isBlank = (fields: readonly string[]) => /^(?:sep=)?,*$/.test(fields.join(','));

const outcomeFaults = validatorOf(OutcomeDto);
const exportFaults = validatorOf(ExportedDto);

function headerOf(record: FileRecord): FileHeader {
  const { line } = record;
  if (record.kind !== 'row') {
    throw new UnreadableFile(record.kind === 'fault' ? [{ line, ...record.fault }] : []);
  }
  const { columns, faults } = readHeader(record.fields);
  if (faults.length > 0) throw new UnreadableFile(faults.map((fault) => ({ line, ...fault })));
  return columns;
}

function rowOfCells({ line, fields }: Extract<FileRecord, { kind: 'row' }>, columns: FileHeader): FileRow {
  if (fields.length < columns.length || fields.slice(columns.length).some((cell) => cell !== '')) {
    const detail = `has ${fields.length} cells where the header has ${columns.length}: a cell with a comma in it must be quoted`;
    return faulty(line, [{ code: 'columns', detail }]);
  }
  const inFile = (fault: ProblemFault) => faultOfCell(fault, columns, fields);
  return checked(line, outcomeOfRow(columns, fields), inFile);
}

function rowOfJson({ line, bytes }: Extract<FileRecord, { kind: 'line' }>): FileRow {
  try {
    return checked(line, parseJson(bytes), (fault) => fault);
  } catch (error) {
    if (!(error instanceof MalformedJson)) throw error;
    const { reason, column, pointer } = error;
    const detail = `${reason}, at column ${column}`;
    return faulty(line, [{ code: 'malformed-json', detail, ...(pointer !== undefined && { pointer }) }]);
  }
}

function checked(line: number, row: unknown, inFile: (fault: ProblemFault) => ProblemFault): FileRow {
  const { outcome, exported = {} } = isObject(row) ? outOfExport(row) : { outcome: row };
  const faults = [...exportFaults(exported), ...outcomeFaults(outcome)];
  return faults.length === 0
    ? { line, outcome: outcome as OutcomeDto, exported: exported, inFile }
    : faulty(line, faults.map(inFile));
}

function faulty(line: number, faults: readonly ProblemFault[]): FileRow {
  return { line, outcome: null, faults };
}
