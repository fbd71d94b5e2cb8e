/** The rules that a single outcome keeps, submitted or corrected. */
import { describe, test } from '@jest/globals';
import { parseMeasureId, parseOrganisationId } from '../../src/kernel/ids.js';
import type { Organisation } from '../../src/domain/organisation.js';
import type { SentOutcome } from '../../src/domain/outcome.js';
import type { ExpectedRefusal } from '../support/given.js';
import {
  given,
  date,
  closedProgramme,
  content,
  uncounted,
  uptake,
  wessex,
  submit,
  correct,
  wholly,
  afterRecount,
  recorded,
  correctedTwice,
} from '../support/submissions.js';

describe('faults of an outcome, the first of them first:', () => {
  const reversed = { from: date('2023-06-30'), to: date('2023-04-01') };
  test.each<[string, SentOutcome, ExpectedRefusal[]]>([
    [
      'an unknown measure',
      { ...content, measureId: parseMeasureId('unheard-of') },
      ['measure-unknown /measure'],
    ],
    [
      'an unknown organisation',
      { ...content, organisationId: parseOrganisationId('nowhere') },
      ['organisation-unknown /organisation'],
    ],
    ['a flow without a quantity', uncounted, ['quantity-does-not-fit-kind /quantity']],
    ['a flow with a percent', { ...content, percent: '12.5' }, ['quantity-does-not-fit-kind /percent']],
    [
      'a flow as a ratio',
      { ...uncounted, numerator: 1, denominator: 2 },
      [
        'quantity-does-not-fit-kind /quantity',
        'quantity-does-not-fit-kind /numerator',
        'quantity-does-not-fit-kind /denominator',
      ],
    ],
    [
      'a stock without a quantity',
      { ...uncounted, measureId: parseMeasureId('sites') },
      ['quantity-does-not-fit-kind /quantity'],
    ],
    [
      'a ratio as a quantity',
      { ...uncounted, measureId: uptake.measureId, quantity: 5 },
      [
        'quantity-does-not-fit-kind /quantity',
        'quantity-does-not-fit-kind /numerator',
        'quantity-does-not-fit-kind /denominator',
      ],
    ],
    [
      'a percent beside a ratio’s parts',
      { ...uptake, percent: '75' },
      ['quantity-does-not-fit-kind /percent'],
    ],
    ['a rate beside a quantity', { ...content, rate: '3' }, ['quantity-does-not-fit-kind /rate']],
    [
      'a rate as a quantity',
      { ...uncounted, measureId: parseMeasureId('return'), quantity: 3 },
      ['quantity-does-not-fit-kind /quantity', 'quantity-does-not-fit-kind /rate'],
    ],
    ['more than all', { ...uptake, numerator: 41 }, ['numerator-exceeds-denominator /numerator']],
    [
      'a percent above a hundred',
      { ...uncounted, measureId: uptake.measureId, percent: '100.000001' },
      ['percent-above-hundred /percent'],
    ],
    ['bounds below', { ...content, bounds: { low: 1, high: 1_199 } }, ['bounds-exclude-quantity /bounds']],
    ['a bound above', { ...content, bounds: { low: 1_201 } }, ['bounds-exclude-quantity /bounds']],
    ['bounds that say nothing', { ...content, bounds: {} }, ['bounds-exclude-quantity /bounds']],
    [
      'bounds upside down',
      { ...content, bounds: { low: 1_300, high: 1_100 } },
      ['bounds-exclude-quantity /bounds'],
    ],
    [
      'bounds around a ratio',
      { ...uptake, bounds: { low: 1, high: 2 } },
      ['quantity-does-not-fit-kind /bounds'],
    ],
    ['less than nothing', { ...uncounted, quantity: -1 }, ['quantity-negative /quantity']],
    ['a bound below nought', { ...content, bounds: { low: -1 } }, ['quantity-negative /bounds/low']],
    ['an amount with decimals', { ...uncounted, amount: '12.5' }, ['amount-does-not-fit /amount']],
    [
      'an amount past what is exact',
      { ...uncounted, amount: '9007199254740992' },
      ['amount-does-not-fit /amount'],
    ],
    [
      'a quantity and another amount',
      { ...uncounted, quantity: 12, amount: '13' },
      ['amount-does-not-fit /amount'],
    ],
    [
      'bounds in another unit than the quantity',
      { ...content, bounds: { low: '1100', high: 1_300 } },
      ['amount-does-not-fit /bounds/low'],
    ],
    [
      'bounds in another unit than the amount',
      { ...uncounted, amount: '1200', bounds: { low: '1100', high: 1_300 } },
      ['amount-does-not-fit /bounds/high'],
    ],
    ['an amount of a ratio', { ...uptake, amount: '3' }, ['quantity-does-not-fit-kind /amount']],
    [
      'a breakdown that the measure has not',
      { ...content, breakdown: { 'age-band': '60-plus' } },
      ['breakdown-does-not-fit /breakdown'],
    ],
    ['a year to date', { ...content, counting: 'year-to-date' }, ['not-counted-yet /counting']],
    [
      'a period the wrong way round',
      { ...content, effective: reversed },
      ['effective-period-reversed /effective'],
    ],
    [
      'a period over the end of a year',
      { ...content, effective: { from: date('2023-03-31'), to: date('2023-04-01') } },
      ['effective-period-spans-years /effective'],
    ],
    [
      'tomorrow',
      { ...content, effective: { from: date('2024-05-01'), to: date('2024-05-02') } },
      ['effective-in-future /effective/to'],
    ],
    [
      'before the programme started',
      { ...content, effective: { from: date('2020-03-31'), to: date('2020-03-31') } },
      ['outside-programme-life /effective/from'],
    ],
    [
      'all at once',
      {
        measureId: parseMeasureId('patients'),
        organisationId: parseOrganisationId('nowhere'),
        numerator: 3,
        denominator: 2,
        percent: '101',
        bounds: { low: 2, high: 1 },
        effective: { from: date('2020-03-31'), to: date('2024-05-02') },
        basis: 'counted',
      },
      [
        'organisation-unknown /organisation',
        'quantity-does-not-fit-kind /quantity',
        'quantity-does-not-fit-kind /numerator',
        'quantity-does-not-fit-kind /denominator',
        'quantity-does-not-fit-kind /percent',
        'percent-above-hundred /percent',
        'numerator-exceeds-denominator /numerator',
        'quantity-does-not-fit-kind /bounds',
        'effective-period-spans-years /effective',
        'effective-in-future /effective/to',
        'outside-programme-life /effective/from',
      ],
    ],
  ])('%s', (_what, of, [first, ...others]) => {
    given()
      .when(submit([of]))
      .refuses(inLine(0)(first!), ...others.map(inLine(0)));
    given(...correctedTwice)
      .when(correct(wholly(of), 2))
      .refuses(first!, ...others);
  });

  test('files B11: none of what lies within the life of a closed programme, however late it is told', () => {
    given()
      .when(submit([content], { programme: closedProgramme }))
      .then(recorded(1, content));
  });

  test('after the day on which the programme closed', () => {
    const after = { ...content, effective: { from: date('2024-01-01'), to: date('2024-01-01') } };
    const refusal = 'outside-programme-life /outcomes/0/effective/to';
    given()
      .when(submit([after], { programme: closedProgramme }))
      .refuses(refusal);
    given(...afterRecount)
      .when(correct(after, 1, { programme: closedProgramme }))
      .refuses('outside-programme-life /effective/to');
  });

  test('before the organisation began, or after it ended', () => {
    const from = date('2023-05-01');
    const organisations = (life: Partial<Organisation>) => ({
      organisations: new Map([[wessex.id, { ...wessex, ...life }]]),
    });
    const refusal = 'outside-organisation-life /outcomes/0/effective';
    given()
      .when(submit([content], organisations({ from })))
      .refuses(`${refusal}/from`);
    given()
      .when(submit([content], organisations({ to: from })))
      .refuses(`${refusal}/to`);
    given(...afterRecount)
      .when(correct(content, 1, organisations({ to: from })))
      .refuses('outside-organisation-life /effective/to');
  });

  test('a submission says those of all its outcomes', () => {
    const unknown = { ...content, measureId: parseMeasureId('unheard-of') };
    given()
      .when(submit([unknown, content, { ...content, bounds: { low: 0, high: 0 } }, unknown]))
      .refuses(
        'measure-unknown /outcomes/0/measure',
        'bounds-exclude-quantity /outcomes/2/bounds',
        'measure-unknown /outcomes/3/measure',
      );
  });

  test('500 outcomes with a fault each are 500 refusals', () => {
    const outcomes = Array.from({ length: 500 }, () => uncounted);
    const [first, ...others] = outcomes.map((_, index) =>
      inLine(index)('quantity-does-not-fit-kind /quantity'),
    );
    given()
      .when(submit(outcomes))
      .refuses(first!, ...others);
  });
});

/** The same refusal, of an outcome in a submission. */
const inLine =
  (index: number) =>
  (refusal: ExpectedRefusal): ExpectedRefusal =>
    refusal.replace(' /', ` /outcomes/${index}/`) as ExpectedRefusal;
