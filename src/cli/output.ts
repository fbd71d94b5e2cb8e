/** The output of commands: tables for people, lines of JSON for programs, progress on standard error, and files. */
import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { CommandFailed } from './client.js';
import type { Texts } from './connection.js';

export type Align = 'left' | 'right';

/** Lays out columns as wide as their widest cell, two spaces apart, each to the left where nothing else is said. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        align[column] === 'right' ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Writes "1228000" as 1,228,000, "2500.50" pounds as £2,500.50, "2500.00" as £2,500, and no data as a dash. */
export function readable(amount: number | string | null, unit: string): string {
  if (amount === null) return '–';
  const [, sign, whole, fraction] = /^(-?)(\d+)(\.\d+)?$/.exec(String(amount))!;
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  const decimals = fraction === undefined || /^\.0+$/.test(fraction) ? '' : fraction;
  return `${sign}${unit === 'pounds' ? '£' : ''}${grouped}${decimals}`;
}

/** The figure of an outcome: the amount, the ratio, the percentage or the rate that it has. */
export function figureText(told: FigureTold, unit: string): string {
  const { amount, numerator, denominator, percent, rate } = told;
  const share = percent === undefined ? `${numerator}/${denominator}` : `${percent}%`;
  return amount === undefined ? (rate ?? share) : readable(amount, unit);
}

export type FigureTold = Texts<'amount' | 'percent' | 'rate'> &
  Readonly<Partial<Record<'numerator' | 'denominator', number | undefined>>>;

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a file under another name and renames it when it is whole. A pipe or a device is written to directly. */
export async function intoFile(out: string, write: (target: Writable) => Promise<void>): Promise<void> {
  const isWritten = statSync(out, { throwIfNoEntry: false })?.isFile() ?? true;
  const part = isWritten ? `${out}.part` : out;
  try {
    await write(createWriteStream(part));
    if (isWritten) renameSync(part, out);
  } catch (error) {
    if (isWritten) rmSync(part, { force: true });
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`${out} could not be written: ${(error as Error).message}`);
  }
}

/** Rewrites one line on a terminal; in a log it writes a plain line now and then. */
export class ProgressLine {
  private lastMs = 0;
  private shown = false;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stderr,
    private readonly now: () => number = () => performance.now(),
  ) {}

  show(text: string): void {
    const everyMs = this.out.isTTY ? 100 : 5_000;
    if (this.now() - this.lastMs < everyMs) return;
    this.lastMs = this.now();
    this.out.write(this.out.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
    this.shown = true;
  }

  end(): void {
    if (this.shown && this.out.isTTY) this.out.write('\r\u001b[2K');
  }
}
