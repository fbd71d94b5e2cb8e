/**
 * Dates and financial years: 1 April to 31 March in Europe/London, written `2023-24`.
 *
 * A calendar date is `YYYY-MM-DD`, so that dates compare as text. An instant belongs to the date that London's
 * clocks showed: 2021-03-31T23:30Z is 1 April 2021 there, so in 2021-22.
 */
import type { Branded } from './ids.js';

export type CalendarDate = Branded<string, 'CalendarDate'>;
export type FinancialYear = Branded<string, 'FinancialYear'>;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
export const FINANCIAL_YEAR = /^\d{4}-\d{2}$/;

/** A calendar date exists, and lies between 1900 and 2999. */
export function isCalendarDate(text: string): boolean {
  const match = DATE.exec(text);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1900 || year > 2999 || month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** An instant is RFC 3339 with its offset, without leap seconds. */
export function isInstant(text: string): boolean {
  const match = INSTANT.exec(text);
  return match !== null && isCalendarDate(match[1]!) && !Number.isNaN(Date.parse(text));
}

export function isDateOrInstant(text: string): boolean {
  return isCalendarDate(text) || isInstant(text);
}

export function parseCalendarDate(text: string): CalendarDate {
  if (!isCalendarDate(text)) throw new TypeError(`not a date: ${text}`);
  return text as CalendarDate;
}

/** An instant becomes London's date at it. */
export function parseDateOrInstant(text: string): CalendarDate {
  return isInstant(text) ? londonDate(Date.parse(text)) : parseCalendarDate(text);
}

const londonClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The date in Europe/London at an instant, given in milliseconds since 1970. */
export function londonDate(instantMs: number): CalendarDate {
  // London is whole hours ahead of UTC, so its date changes only on the hour, and most calls ask about the same hour.
  const hour = Math.floor(instantMs / HOUR_MS);
  if (hour !== lastAsked.hour) {
    const [day, month, year] = londonClock.format(instantMs).split('/');
    lastAsked = { hour, date: `${year}-${month}-${day}` as CalendarDate };
  }
  return lastAsked.date;
}

const HOUR_MS = 3_600_000;
let lastAsked = { hour: NaN, date: '' as CalendarDate };

/** The last millisecond of a date in Europe/London: where clocks change, a day has 23 or 25 hours. */
export function endOfLondonDay(date: CalendarDate): number {
  const midnightUtc = Date.parse(`${date}T00:00:00Z`) + 86_400_000;
  // London is up to two hours ahead of UTC, as in the summers of the 1940s: the day ends at 22:00, 23:00 or 24:00 UTC.
  const ends = [2, 1, 0].map((hours) => midnightUtc - hours * 3_600_000);
  return ends.find((end) => londonDate(end) > date)! - 1;
}

export function parseFinancialYear(text: string): FinancialYear {
  if (!isFinancialYear(text)) throw new TypeError(`not a financial year: ${text}`);
  return text as FinancialYear;
}

export function isFinancialYear(text: string): boolean {
  if (!FINANCIAL_YEAR.test(text)) return false;
  const start = Number(text.slice(0, 4));
  return start >= 1900 && start <= 2998 && Number(text.slice(5)) === (start + 1) % 100;
}

export function financialYearStarting(startYear: number): FinancialYear {
  return `${startYear}-${String((startYear + 1) % 100).padStart(2, '0')}` as FinancialYear;
}

/** The calendar year in which a financial year starts: 2023 for `2023-24`. */
export function startYearOf(year: FinancialYear): number {
  return Number(year.slice(0, 4));
}

export function financialYearOf(date: CalendarDate): FinancialYear {
  const year = Number(date.slice(0, 4));
  return financialYearStarting(date.slice(5) >= '04-01' ? year : year - 1);
}

export function lastDayOf(year: FinancialYear): CalendarDate {
  return `${startYearOf(year) + 1}-03-31` as CalendarDate;
}

export function financialYearsBetween(from: FinancialYear, to: FinancialYear): FinancialYear[] {
  const [first, last] = [startYearOf(from), startYearOf(to)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    financialYearStarting(first + index),
  );
}
