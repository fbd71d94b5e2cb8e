/** Figures as a table in Markdown, so that a run can be pasted into docs/benchmarks.md as it is. */

/** The cells of a row by the headings of their columns. */
export type Row = Readonly<Record<string, string>>;

/** Three significant digits at most; thousands grouped. */
export function figure(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en-GB', { maximumSignificantDigits: 3 });
}

export function ratio(value: number, of: number): string {
  return (value / of).toFixed(2);
}

export function printTable(title: string, rows: readonly Row[]): void {
  const headings = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [headings, ...rows.map((row) => headings.map((heading) => row[heading] ?? ''))];
  const widths = headings.map((_, column) => Math.max(3, ...cells.map((line) => line[column]!.length)));
  const lineOf = (line: readonly string[]) =>
    `| ${line.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [head, ...body] = cells.map(lineOf);
  process.stdout.write(`\n${title}\n\n${[head, rule, ...body].join('\n')}\n`);
}
