/**
 * Turns a row of the CSV template, or of an export, into an outcome: which column is which field, and what a person is
 * told when a spreadsheet has changed a cell from what was typed. Cells are never repaired or guessed at: 01/04/2023 may
 * be a day in April or in January.
 */
import type { ProblemFault } from '../kernel/refusals.js';
import { personalDataIn } from '../kernel/personal-data.js';
import { pointerOf } from '../kernel/strict-json.js';
import { unguarded, type CsvColumns } from './csv-out.js';

type CellKind = 'whole number' | 'decimal' | 'bound' | 'date' | 'word' | 'text';

interface Column {
  /** The names of the field, from the outcome down. */
  readonly field: readonly [string] | readonly [string, string];
  readonly kind: CellKind;
}

/** The columns in the order of the template; a file may have them in any order. */
const COLUMNS = {
  measure: { field: ['measure'], kind: 'word' },
  quantity: { field: ['quantity'], kind: 'whole number' },
  amount: { field: ['amount'], kind: 'decimal' },
  numerator: { field: ['numerator'], kind: 'whole number' },
  denominator: { field: ['denominator'], kind: 'whole number' },
  percent: { field: ['percent'], kind: 'decimal' },
  rate: { field: ['rate'], kind: 'decimal' },
  organisation: { field: ['organisation'], kind: 'word' },
  from: { field: ['effective', 'from'], kind: 'date' },
  to: { field: ['effective', 'to'], kind: 'date' },
  basis: { field: ['basis'], kind: 'word' },
  bounds_low: { field: ['bounds', 'low'], kind: 'bound' },
  bounds_high: { field: ['bounds', 'high'], kind: 'bound' },
  evidence_title: { field: ['evidence', 'title'], kind: 'text' },
  evidence_uri: { field: ['evidence', 'uri'], kind: 'word' },
  evidence_sha256: { field: ['evidenceSha256'], kind: 'word' },
  counting: { field: ['counting'], kind: 'word' },
  reference: { field: ['reference'], kind: 'word' },
  note: { field: ['note'], kind: 'text' },
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof COLUMNS;

export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly ColumnName[];

/** An export tells these of each outcome, too. Where it is read again they are no part of what is recorded. */
const TOLD_BEFORE = {
  id: 'id',
  version: 'version',
  programme: 'programme',
  programme_name: 'programmeName',
  measure_label: 'measureLabel',
  unit: 'unit',
  organisation_name: 'organisationName',
} as const;
const TOLD_AFTER = {
  bounds_low_amount: 'bounds.lowAmount',
  bounds_high_amount: 'bounds.highAmount',
  contributes: 'contributes',
  recorded_at: 'recordedAt',
  actor: 'actor',
  sequence: 'sequence',
} as const;

/** The columns of an export of outcomes: those of the template, among what else is told. */
export const OUTCOME_COLUMNS: CsvColumns = {
  ...TOLD_BEFORE,
  ...Object.fromEntries(COLUMN_NAMES.map((name) => [name, COLUMNS[name].field.join('.')])),
  ...TOLD_AFTER,
};

const TOLD = { ...TOLD_BEFORE, ...TOLD_AFTER };
const TOLD_MEMBERS: ReadonlySet<string> = new Set(Object.values(TOLD));
type FileColumn = ColumnName | keyof typeof TOLD;
/** The columns of a file, in its order. */
export type FileHeader = readonly FileColumn[];

const isTold = (name: FileColumn): name is keyof typeof TOLD => Object.hasOwn(TOLD, name);

const REQUIRED: readonly ColumnName[] = ['measure', 'from', 'basis'];

/** The column of a field; for an object its first column. */
const COLUMN_OF = new Map<string, ColumnName>();
for (const name of COLUMN_NAMES) {
  const [outer] = COLUMNS[name].field;
  if (!COLUMN_OF.has(pointerOf([outer]))) COLUMN_OF.set(pointerOf([outer]), name);
  COLUMN_OF.set(pointerOf(COLUMNS[name].field), name);
}

const WHOLE = /^(?:0|-?[1-9]\d*)$/;

/** The columns that a header names, or the header's faults. */
export function readHeader(cells: readonly string[]): {
  columns: FileHeader;
  faults: readonly ProblemFault[];
} {
  const faults: ProblemFault[] = [];
  const columns: FileColumn[] = [];
  const names: readonly string[] = [...COLUMN_NAMES, ...(cells.includes('id') ? Object.keys(TOLD) : [])];
  const form = formFault(cells);
  if (form !== undefined) return { columns, faults: [{ code: 'columns', detail: form }] };
  // Spreadsheets write empty columns behind the last one that has a name.
  for (const cell of cells.slice(0, cells.findLastIndex((name) => name !== '') + 1)) {
    const near = cell
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_');
    const name = names.find((known) => known === cell) as FileColumn | undefined;
    if (name && columns.includes(name))
      faults.push({ code: 'repeated', detail: `there are two columns ${name}` });
    else if (name) columns.push(name);
    else if (COLUMN_NAMES.includes(near as ColumnName)) {
      faults.push({ code: 'unknown-field', detail: `there is no column ${echo(cell)}: write it ${near}` });
    } else {
      const detail = `there is no column ${echo(cell)}: the columns are ${COLUMN_NAMES.join(', ')}`;
      faults.push({ code: 'unknown-field', detail });
    }
  }
  for (const name of REQUIRED) {
    if (faults.length === 0 && !columns.includes(name)) {
      faults.push({ code: 'required', detail: `there is no column ${name}, which every row needs` });
    }
  }
  return { columns, faults };
}

function formFault(cells: readonly string[]): string | undefined {
  if (cells.length === 1 && /[;\t]/.test(cells[0]!)) return 'the columns must be separated by commas';
  if (cells.some((cell) => cell.includes('\r')))
    return 'the lines end in CR alone, as old Macintosh files do: save the file as "CSV UTF-8"';
  return undefined;
}

/** The outcome in the cells; a cell that does not fit its kind is left as text, which its rule refuses. */
export function outcomeOfRow(columns: FileHeader, cells: readonly string[]): Record<string, unknown> {
  // Every row gets a period, so that a row without dates is told which column is empty.
  const effective = {};
  const outcome: Record<string, unknown> = { effective };
  const has = (name: FileColumn) => (cells[columns.indexOf(name)] ?? '') !== '';
  // A bound is in the unit of what it goes around: a number beside a quantity, text beside an amount alone.
  const boundsAreWhole = has('quantity') || !has('amount');
  const isExport = columns.includes('id');
  columns.forEach((name, index) => {
    const cell = isExport ? unguarded(cells[index]!) : cells[index]!;
    if (cell === '') return;
    if (name === 'id' || name === 'programme') outcome[name] = cell;
    if (isTold(name)) return;
    const { field, kind }: Column = COLUMNS[name];
    const isWhole = kind === 'whole number' || (kind === 'bound' && boundsAreWhole);
    const value = isWhole && WHOLE.test(cell) ? Number(cell) : cell;
    const [outer, inner] = field;
    if (inner === undefined) outcome[outer] = value;
    else ((outcome[outer] ??= {}) as Record<string, unknown>)[inner] = value;
  });
  return outcome;
}

/**
 * Takes out of a row what an export tells beside the outcome, and tells which outcome it was. A row that names none,
 * and no programme, is left as it is.
 */
export function outOfExport(row: object): { readonly outcome: object; readonly exported?: object } {
  const { id, programme, bounds } = row as Readonly<Record<string, unknown>>;
  if (id === undefined && programme === undefined) return { outcome: row };
  const without = (whole: object, at: string) =>
    Object.fromEntries(Object.entries(whole).filter(([name]) => !TOLD_MEMBERS.has(`${at}${name}`)));
  return {
    outcome: {
      ...without(row, ''),
      ...(typeof bounds === 'object' && bounds !== null && { bounds: without(bounds, 'bounds.') }),
    },
    exported: { ...(id !== undefined && { id }), ...(programme !== undefined && { programme }) },
  };
}

/** A fault of an outcome as a fault of its row: named by column, with a hint where the cell gives one away. */
export function faultOfCell(
  fault: ProblemFault,
  columns: FileHeader,
  cells: readonly string[],
): ProblemFault {
  const name = COLUMN_OF.get(fault.pointer ?? '');
  if (!name) return fault;
  const cell = cells[columns.indexOf(name)] ?? '';
  const hint = cell === '' ? undefined : hintFor(COLUMNS[name].kind, cell);
  return {
    code: fault.code,
    detail: hint === undefined ? fault.detail : `${fault.detail}: ${hint}`,
    pointer: pointerOf([name]),
  };
}

function hintFor(kind: CellKind, cell: string): string | undefined {
  if (kind !== 'text' && cell !== cell.trim()) return `there is a space before or after ${echo(cell.trim())}`;
  switch (kind) {
    case 'whole number':
    case 'bound':
      if (WHOLE.test(cell)) return undefined;
      if (/^-?0+\d*$/.test(cell))
        return `write ${Number(cell) || 0}, without the zeros before it, for ${cell}`;
      if (/^\d{1,3}(?:[,\u00a0' ]\d{3})+$/.test(cell)) {
        return `write plain digits, ${cell.replaceAll(/\D/g, '')} for ${cell}`;
      }
      if (/^\d+\.\d*$/.test(cell))
        return `write plain digits, without a decimal point, for ${echo(cell)}, or write it under amount`;
      if (/^\d+(?:\.\d+)?e[+-]?\d+$/i.test(cell))
        return `write all the digits of ${echo(cell)}, without an exponent`;
      if (/^[(−]/.test(cell)) return 'write what is below nought with a hyphen, such as -12';
      if (/[£$€]/.test(cell))
        return 'write plain digits, in pence, without a sign of currency, or pounds under amount';
      return `write plain digits, such as 1200, not ${echo(cell)}`;
    case 'decimal':
      return cell.includes('%') ? 'write the number without its sign' : undefined;
    case 'date':
      if (/^\d{4}-\d{2}-\d{2}/.test(cell)) return undefined;
      if (/^\d{5}$/.test(cell)) return `write it as YYYY-MM-DD: ${cell} is how a spreadsheet counts days`;
      return `write it as YYYY-MM-DD, not ${echo(cell)}`;
    case 'word':
    case 'text':
      return undefined;
  }
}

const ECHO_MAX = 40;

/** A cell in the wrong column may be anything: text that looks like personal data is not repeated. */
function echo(text: string): string {
  if (personalDataIn(text).length > 0) return 'what is there';
  return JSON.stringify(text.length > ECHO_MAX ? `${text.slice(0, ECHO_MAX)}…` : text);
}
