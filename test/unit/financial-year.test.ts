import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  endOfLondonDay,
  financialYearOf,
  financialYearsBetween,
  financialYearStarting,
  isCalendarDate,
  isFinancialYear,
  isInstant,
  lastDayOf,
  londonDate,
  parseCalendarDate,
  parseDateOrInstant,
  parseFinancialYear,
  startYearOf,
} from '../../src/kernel/financial-year.js';

const utc = (text: string) => Date.parse(text);
/** 1 January 1900 to 31 December 2999: the dates that the ledger takes. */
const anyDate = fc
  .integer({ min: utc('1900-01-01T00:00Z') / 86_400_000, max: utc('2999-12-31T00:00Z') / 86_400_000 })
  .map((day) => parseCalendarDate(new Date(day * 86_400_000).toISOString().slice(0, 10)));

describe('an instant belongs to the date that London’s clocks showed', () => {
  test.each([
    ['2021-03-31T22:59:59.999Z', '2021-03-31', '2020-21'],
    ['2021-03-31T23:00:00Z', '2021-04-01', '2021-22'],
    ['2021-03-31T23:30:00Z', '2021-04-01', '2021-22'],
    ['2021-04-01T00:30:00+01:00', '2021-04-01', '2021-22'],
    ['2021-03-31T23:59:59.999+01:00', '2021-03-31', '2020-21'],
    ['2021-04-01T00:00:00+05:30', '2021-03-31', '2020-21'],
    ['2021-03-31T18:00:00-05:00', '2021-04-01', '2021-22'],
    ['2020-12-31T23:59:59Z', '2020-12-31', '2020-21'],
    ['2021-01-01T00:00:00Z', '2021-01-01', '2020-21'],
    // In 2018 the clocks had gone forward on 25 March, and in 2013 on 31 March itself.
    ['2018-03-31T23:30:00Z', '2018-04-01', '2018-19'],
    ['2013-03-31T00:59:59Z', '2013-03-31', '2012-13'],
    ['2013-03-31T22:59:59Z', '2013-03-31', '2012-13'],
    ['2013-03-31T23:00:00Z', '2013-04-01', '2013-14'],
    // British Standard Time: an hour ahead all the winter of 1970.
    ['1970-01-31T23:30:00Z', '1970-02-01', '1969-70'],
  ])('%s is %s there, in %s', (instant, date, year) => {
    expect(parseDateOrInstant(instant)).toBe(date);
    expect(londonDate(utc(instant))).toBe(date);
    expect(financialYearOf(parseDateOrInstant(instant))).toBe(year);
  });

  test('a date is that date, whatever the clock', () => {
    expect(parseDateOrInstant('2021-03-31')).toBe('2021-03-31');
  });
});

describe('a day in London ends', () => {
  test.each([
    ['2021-01-15', '2021-01-15T23:59:59.999Z', 'in winter at midnight UTC'],
    ['2021-07-15', '2021-07-15T22:59:59.999Z', 'in summer an hour before'],
    ['2021-03-27', '2021-03-27T23:59:59.999Z', 'on the eve of summer time'],
    ['2021-03-28', '2021-03-28T22:59:59.999Z', 'when clocks go forward, after 23 hours'],
    ['2021-10-30', '2021-10-30T22:59:59.999Z', 'on the eve of winter time'],
    ['2021-10-31', '2021-10-31T23:59:59.999Z', 'when clocks go back, after 25 hours'],
    ['2013-03-31', '2013-03-31T22:59:59.999Z', 'when clocks go forward on the last day of the year'],
    ['2024-02-29', '2024-02-29T23:59:59.999Z', 'on a leap day'],
  ])('%s: at %s, %s', (date, end) => {
    expect(new Date(endOfLondonDay(parseCalendarDate(date))).toISOString()).toBe(end);
  });

  test('two hours before UTC’s, in a summer of the 1940s', () => {
    expect(new Date(endOfLondonDay(parseCalendarDate('1945-07-14'))).toISOString()).toBe(
      '1945-07-14T21:59:59.999Z',
    );
  });

  test('in its last millisecond, after which it is the next day', () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        expect(londonDate(endOfLondonDay(date))).toBe(date);
        expect(londonDate(endOfLondonDay(date) + 1) > date).toBe(true);
      }),
    );
  });
});

describe('a calendar date', () => {
  test.each([
    '2026-02-30',
    '2023-02-29',
    '1900-02-29',
    '2100-02-29',
    '2021-04-31',
    '2021-00-10',
    '2021-13-10',
    '2021-01-00',
    '2021-01-32',
    '1899-12-31',
    '3000-01-01',
    '0000-01-01',
    '21-01-01',
    '2021-1-1',
    '2021/01/01',
    '20210101',
    ' 2021-01-01',
    '2021-01-01\n',
    '2021-01-01T00:00:00Z',
    '２０２１-01-01',
    '',
  ])('is not %j', (text) => {
    expect(isCalendarDate(text)).toBe(false);
    expect(() => parseCalendarDate(text)).toThrow(TypeError);
  });

  test.each(['1900-01-01', '2000-02-29', '2024-02-29', '2021-12-31', '2999-12-31'])('is %s', (text) => {
    expect(parseCalendarDate(text)).toBe(text);
  });

  test('is every date that there is, and no other day of a month', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1900, max: 2999 }), fc.nat(13), fc.nat(32), (year, month, day) => {
        const text = [year, String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
        const real = new Date(Date.UTC(year, month - 1, day)).toISOString().startsWith(text);
        expect(isCalendarDate(text)).toBe(real);
      }),
    );
  });
});

describe('an instant', () => {
  test.each([
    '2021-03-31T23:30:00Z',
    '2021-03-31T23:30:00.5Z',
    '2021-03-31T23:30:00.123456789Z',
    '2021-03-31T00:00:00+00:00',
    '2024-02-29T12:00:00-23:59',
  ])('is %s', (text) => expect(isInstant(text)).toBe(true));

  test.each([
    ['a date', '2021-03-31'],
    ['a time without an offset, which says nothing for certain', '2021-03-31T23:30:00'],
    ['minutes alone', '2021-03-31T23:30Z'],
    ['an impossible date', '2021-02-29T12:00:00Z'],
    ['24 o’clock', '2021-03-31T24:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['minute 60', '2021-03-31T23:60:00Z'],
    ['an offset of a day', '2021-03-31T23:30:00+24:00'],
    ['lower case', '2021-03-31t23:30:00z'],
    ['a space', '2021-03-31 23:30:00Z'],
    ['ten decimals', '2021-03-31T23:30:00.1234567890Z'],
    ['a year before 1900', '1899-12-31T23:30:00Z'],
  ])('is not %s', (_what, text) => {
    expect(isInstant(text)).toBe(false);
    if (!isCalendarDate(text)) expect(() => parseDateOrInstant(text)).toThrow(TypeError);
  });
});

describe('a financial year', () => {
  test.each(['1900-01', '1999-00', '2000-01', '2018-19', '2098-99', '2099-00', '2998-99'])(
    'is %s',
    (text) => {
      expect(parseFinancialYear(text)).toBe(text);
      expect(financialYearStarting(startYearOf(parseFinancialYear(text)))).toBe(text);
    },
  );

  test.each([
    '2018-18',
    '2018-20',
    '2018-2019',
    '1999-100',
    '1999-01',
    '2018/19',
    '2018-9',
    '18-19',
    '1899-00',
    '2999-00',
    ' 2018-19',
    '2018-19\n',
    '',
  ])('is not %j', (text) => {
    expect(isFinancialYear(text)).toBe(false);
    expect(() => parseFinancialYear(text)).toThrow(TypeError);
  });

  test.each([
    ['2021-03-31', '2020-21'],
    ['2021-04-01', '2021-22'],
    ['2024-02-29', '2023-24'],
    ['2024-12-31', '2024-25'],
    ['2000-01-01', '1999-00'],
    ['2000-03-31', '1999-00'],
    ['2000-04-01', '2000-01'],
    ['1999-04-01', '1999-00'],
  ])('holds %s: it is in %s', (date, year) => {
    expect(financialYearOf(parseCalendarDate(date))).toBe(year);
  });

  test('begins on 1 April, ends on 31 March, and holds all days between', () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        const year = financialYearOf(date);
        expect(`${startYearOf(year)}-04-01` <= date && date <= lastDayOf(year)).toBe(true);
      }),
    );
    expect(lastDayOf(parseFinancialYear('1999-00'))).toBe('2000-03-31');
  });

  test('runs to another over a turn of the century, both included, and not backwards', () => {
    const [from, to] = ['1998-99', '2001-02'].map(parseFinancialYear) as [never, never];
    expect(financialYearsBetween(from, to)).toEqual(['1998-99', '1999-00', '2000-01', '2001-02']);
    expect(financialYearsBetween(from, from)).toEqual(['1998-99']);
    expect(financialYearsBetween(to, from)).toEqual([]);
  });
});
