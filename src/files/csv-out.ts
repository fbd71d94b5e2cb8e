/**
 * Writes rows as CSV (RFC 4180) that a spreadsheet opens without taking a cell for a formula.
 *
 * A text that might be one gets an apostrophe before it, after which spreadsheets show the rest as text. One that
 * reads as if it had been guarded gets another, so that `unguarded` gives every text back. A plain number below
 * nought is no formula, and stays a number.
 */
import { stringify } from 'csv-stringify';
import type { Duplex } from 'node:stream';

/** The path of each column's value in a row, by the name of the column. */
export type CsvColumns = Readonly<Record<string, string>>;

/** Blanks and invisible characters before a formula do not keep every program from reading it. */
const FORMULA = /^'*[\p{White_Space}\p{C}]*(?!-\d+(?:\.\d+)?$)[=+\-@＝＋－＠]/u;

export const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

export const unguarded = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;

/** @param bom whether the file begins with a byte order mark, by which Excel knows UTF-8 */
export function csvOf(columns: CsvColumns, { bom }: { readonly bom: boolean }): Duplex {
  return stringify({
    bom,
    header: true,
    columns: Object.entries(columns).map(([header, key]) => ({ header, key })),
    cast: { boolean: String, string: guarded },
    record_delimiter: 'windows',
    // This option is needed beside a delimiter of our own: without it a line break within a cell would begin a
    // row, and let a formula begin it.
    quote_record_delimiter: true,
  });
}
