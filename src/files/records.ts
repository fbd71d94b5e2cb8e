/**
 * Cuts the bytes of a file into records: lines of NDJSON, or rows of CSV (RFC 4180), each with the line that it
 * begins on, counted from 1 as editors count.
 *
 * Memory is bounded whatever the bytes are: a record longer than `RECORD_BYTES_MAX` is a fault and is not kept.
 * After a fault, cutting goes on at the next line, so that a stray quote does not hide the rows behind it.
 * Lines end in LF or CRLF; a byte order mark at the start is dropped; empty lines are passed over.
 * Why this is not left to a library: docs/adr/0005-imports-all-checked-first.md.
 */
import { isUtf8 } from 'node:buffer';

/** An outcome with the longest texts that are allowed has less than half of this. */
export const RECORD_BYTES_MAX = 64 * 1024;

export const FILE_FORMATS = ['csv', 'ndjson'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export interface RecordFault {
  readonly code: 'encoding' | 'length' | 'quoting';
  readonly detail: string;
}

/** The bytes of a line of NDJSON, the fields of a row of CSV, or why it is neither. */
export type FileRecord = { readonly line: number } & (
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'row'; readonly fields: readonly string[] }
  | { readonly kind: 'fault'; readonly fault: RecordFault }
);

const TOO_LONG: RecordFault = {
  code: 'length',
  detail: `must be at most ${RECORD_BYTES_MAX} bytes, which is more than any outcome needs: a line break may be missing`,
};
const WRONGLY_QUOTED: RecordFault = {
  code: 'quoting',
  detail:
    'has a quote that is never closed, or that is in the middle of a cell: a cell with a quote in it is quoted as a ' +
    'whole, and the quote inside it is written twice',
};
const NOT_UTF8: RecordFault = {
  code: 'encoding',
  detail: 'has bytes that are not UTF-8: save the file as UTF-8 (in a spreadsheet: as "CSV UTF-8")',
};

const WORKBOOK: RecordFault = {
  code: 'encoding',
  detail: 'is the beginning of a workbook, which is no text: save it as "CSV UTF-8"',
};

/** The records of a file, a list for each piece of it as it is read. */
export async function* recordsOf(
  pieces: AsyncIterable<Buffer>,
  format: FileFormat,
): AsyncGenerator<readonly FileRecord[]> {
  const cutter = new Cutter(format);
  for await (const piece of pieces) yield cutter.cut(piece, false);
  yield cutter.cut(Buffer.alloc(0), true);
}

/** The records of a file that is read whole. */
export const recordsIn = (bytes: Buffer, format: FileFormat): FileRecord[] =>
  new Cutter(format).cut(bytes, true);

const [LF, CR, QUOTE, COMMA] = [0x0a, 0x0d, 0x22, 0x2c];
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
/** A workbook is a ZIP file, which begins so. */
const ZIP = Buffer.from('PK\u0003\u0004');

/** Where a record ends, and where and on which line the next one begins. */
interface Cut {
  readonly end: number;
  readonly next: number;
  readonly lines: number;
  readonly fields?: readonly string[];
  readonly fault?: RecordFault;
}

class Cutter {
  private rest: Buffer = Buffer.alloc(0);
  private line = 1;
  private atStart = true;
  /** True inside a line that is too long and was already reported. */
  private passingOver = false;

  constructor(private readonly format: FileFormat) {}

  cut(piece: Buffer, last: boolean): FileRecord[] {
    const bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    const records: FileRecord[] = [];
    let start = 0;
    if (this.atStart && (last || bytes.length >= BOM.length)) {
      if (bytes.subarray(0, BOM.length).equals(BOM)) start = BOM.length;
      this.atStart = false;
    }
    while (start < bytes.length && !this.atStart) {
      const cut = this.cutAt(bytes, start, last);
      if (cut === 'incomplete') break;
      const record = this.passingOver ? null : this.recordOf(bytes, start, cut);
      if (record) records.push(record);
      this.passingOver = cut.lines === 0;
      this.line += cut.lines;
      start = cut.next;
    }
    this.rest = bytes.subarray(start);
    return records;
  }

  private cutAt(bytes: Buffer, start: number, last: boolean): Cut | 'incomplete' {
    const lineFeed = bytes.indexOf(LF, start);
    if (lineFeed === -1 && !last) {
      const whole = bytes.length - start <= RECORD_BYTES_MAX && !this.passingOver;
      return whole ? 'incomplete' : { end: bytes.length, next: bytes.length, lines: 0, fault: TOO_LONG };
    }
    const line = lineEndingAt(bytes, start, lineFeed === -1 ? bytes.length : lineFeed);
    if (this.passingOver) return line;
    if (line.end - start > RECORD_BYTES_MAX) return { ...line, fault: TOO_LONG };
    if (this.format === 'ndjson' || !bytes.subarray(start, line.end).includes(QUOTE)) return line;
    const row = cutQuotedRow(bytes, start, last);
    if (row === 'incomplete' && bytes.length - start <= RECORD_BYTES_MAX) return 'incomplete';
    if (row === 'incomplete' || row === 'wrongly quoted') return { ...line, fault: WRONGLY_QUOTED };
    return row.end - start > RECORD_BYTES_MAX ? { ...row, fault: TOO_LONG } : row;
  }

  private recordOf(bytes: Buffer, start: number, { end, fields, fault }: Cut): FileRecord | null {
    const { line } = this;
    if (end === start) return null;
    if (bytes.subarray(start, start + ZIP.length).equals(ZIP))
      return { kind: 'fault', line, fault: WORKBOOK };
    if (fault) return { kind: 'fault', line, fault };
    const record = bytes.subarray(start, end);
    if (!isUtf8(record)) return { kind: 'fault', line, fault: NOT_UTF8 };
    if (this.format === 'ndjson') return { kind: 'line', line, bytes: record };
    return { kind: 'row', line, fields: fields ?? record.toString('utf8').split(',') };
  }
}

/** @param lineEnd the index of the LF, or of the end of the file */
function lineEndingAt(bytes: Buffer, start: number, lineEnd: number): Cut {
  const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
  return { end, next: lineEnd + 1, lines: 1 };
}

/** The row that begins at `start` and has quotes in it; line breaks inside quotes belong to the cell. */
function cutQuotedRow(bytes: Buffer, start: number, last: boolean): Cut | 'incomplete' | 'wrongly quoted' {
  const fields: string[] = [];
  let lines = 1;
  for (let at = start; ;) {
    let end: number;
    if (bytes[at] === QUOTE) {
      const closing = closingQuote(bytes, at);
      if (closing === -1) return last ? 'wrongly quoted' : 'incomplete';
      const text = bytes.toString('utf8', at + 1, closing);
      fields.push(text.replaceAll('""', '"'));
      lines += text.split('\n').length - 1;
      end = closing + 1;
    } else {
      end = at;
      while (end < bytes.length && bytes[end] !== COMMA && bytes[end] !== LF) {
        if (bytes[end++] === QUOTE) return 'wrongly quoted';
      }
      const isLast = bytes[end] !== COMMA;
      fields.push(bytes.toString('utf8', at, isLast && bytes[end - 1] === CR && end > at ? end - 1 : end));
    }
    if (bytes[end] === COMMA) {
      at = end + 1;
      continue;
    }
    const lineEnd = bytes[end] === CR ? end + 1 : end;
    if (lineEnd >= bytes.length && !last) return 'incomplete';
    if (lineEnd < bytes.length && bytes[lineEnd] !== LF) return 'wrongly quoted';
    return { end, next: lineEnd + 1, lines, fields };
  }
}

/** The quote that closes the one at `opening`: not one of a pair, which stands for a quote in the text. */
function closingQuote(bytes: Buffer, opening: number): number {
  let at = bytes.indexOf(QUOTE, opening + 1);
  while (at !== -1 && bytes[at + 1] === QUOTE) at = bytes.indexOf(QUOTE, at + 2);
  return at;
}
