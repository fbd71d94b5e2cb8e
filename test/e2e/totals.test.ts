import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AnnualTotals, TotalSince } from '../../src/figures/figures.views.js';
import type { Changes } from '../../src/figures/changes.views.js';
import type { OutcomesPage } from '../../src/figures/outcome.views.js';
import { Ledger } from '../support/ledger.js';
import { correct, OUTCOME, record, registerProgramme, withdraw } from '../support/outcomes.js';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
});
afterAll(() => ledger.remove());

const get = async <Body>(path: string) => (await ledger.call<Body>('GET', path)).body;
const annual = (query: string) => get<AnnualTotals>(`/v1/totals/annual?${query}`);
const since = (query: string) => get<TotalSince>(`/v1/totals/since?${query}`);
const year = (start: number) => ({ from: `${start}-04-01`, to: `${start + 1}-03-31` });

describe('a flow', () => {
  test('is summed by year and since a year, by basis, with its bounds, and a year without data is null', async () => {
    const programme = await registerProgramme(ledger, 'flows');
    await record(
      ledger,
      programme,
      { ...OUTCOME, quantity: 100, effective: year(2020) },
      { ...OUTCOME, quantity: 50, basis: 'modelled', bounds: { low: 40, high: 70 }, effective: year(2020) },
      { ...OUTCOME, quantity: 7, effective: year(2022) },
    );
    const { years } = await annual(
      `measure=patients-benefited&programme=${programme}&from=2020-21&to=2022-23`,
    );
    expect(years.map(({ financialYear, total, outcomes }) => [financialYear, total, outcomes])).toEqual([
      ['2020-21', 150, 2],
      ['2021-22', null, 0],
      ['2022-23', 7, 1],
    ]);
    expect(years[0]).toMatchObject({
      byBasis: { counted: 100, modelled: 50 },
      bounds: { low: 140, high: 170, lowAmount: '140', highAmount: '170' },
    });
    const asked = `measure=patients-benefited&programme=${programme}&from=2020-21&to=2022-23`;
    expect(await since(asked)).toMatchObject({
      since: '2020-21',
      through: '2022-23',
      total: 157,
      missingYears: ['2021-22'],
      flags: [
        { code: 'periods-overlap' },
        {
          code: 'people-may-be-counted-more-than-once',
          sentence: 'The same people may come in several of the periods and years that are added here.',
        },
      ],
    });
  });

  test('beyond the safe integers stays exact, as a string of digits', async () => {
    const programme = await registerProgramme(ledger, 'large');
    const quantity = Number.MAX_SAFE_INTEGER;
    await record(
      ledger,
      programme,
      ...Array.from({ length: 3 }, () => ({ ...OUTCOME, quantity, effective: year(2020) })),
    );
    const { total } = await since(`measure=patients-benefited&programme=${programme}`);
    expect(total).toBe(String(3n * BigInt(quantity)));
  });

  test('of a measure that others roll up into is its own and theirs, told apart', async () => {
    const programme = await registerProgramme(ledger, 'jobs-programme');
    const job = (measure: string, quantity: number) => ({
      ...OUTCOME,
      measure,
      quantity,
      effective: year(2021),
    });
    await record(ledger, programme, job('jobs', 1), job('jobs-created', 20), job('jobs-safeguarded', 300));
    const { total, parts } = await since(`measure=jobs&programme=${programme}`);
    expect(total).toBe(321);
    expect(parts!.map(({ measure, total: part }) => [measure, part])).toEqual([
      ['jobs', 1],
      ['jobs-created', 20],
      ['jobs-created-or-safeguarded', null],
      ['jobs-safeguarded', 300],
    ]);
  });
});

describe('a stock', () => {
  test('shows the latest value of the year, goes back to the one before when it is withdrawn, and is not summed', async () => {
    const programme = await registerProgramme(ledger, 'stocks');
    const stock = (quantity: number, date: string) => ({
      ...OUTCOME,
      measure: 'care-homes-supported',
      quantity,
      effective: { from: date },
    });
    const { outcomes } = await record(
      ledger,
      programme,
      stock(10, '2022-06-30'),
      stock(30, '2022-12-31'),
      stock(20, '2022-09-30'),
    );
    const query = `measure=care-homes-supported&programme=${programme}`;
    expect((await annual(`${query}&from=2022-23`)).years[0]).toMatchObject({ total: 30, outcomes: 3 });
    await withdraw(ledger, outcomes[1]!.id, 0, 'not a care home');
    expect((await annual(`${query}&from=2022-23`)).years[0]).toMatchObject({ total: 20, outcomes: 2 });
    const listed = await get<OutcomesPage>(`/v1/outcomes?${query}`);
    expect(listed.outcomes.map(({ quantity, contributes }) => [quantity, contributes])).toEqual([
      [10, false],
      [20, true],
    ]);
    const refused = await ledger.call<{ type: string }>('GET', `/v1/totals/since?${query}`);
    expect([refused.status, refused.body.type]).toEqual([
      422,
      'urn:outcome-ledger:problem:not-summable-over-time',
    ]);
  });
});

describe('of two values of a stock on one day', () => {
  test('the one first recorded later stands, whatever is corrected since', async () => {
    const programme = await registerProgramme(ledger, 'same-day');
    const homes = (quantity: number, note: string) => ({
      ...OUTCOME,
      measure: 'care-homes-supported',
      quantity,
      effective: { from: '2024-03-31' },
      note,
    });
    const query = `measure=care-homes-supported&programme=${programme}&from=2023-24`;
    const total = async () => (await annual(query)).years[0]!.total;
    const { outcomes } = await record(ledger, programme, homes(10, 'first count, typo heer'));
    await record(ledger, programme, homes(25, 'recount'));
    expect(await total()).toBe(25);
    await correct(ledger, outcomes[0]!.id, 0, { ...homes(10, 'first count, typo here'), reason: 'typo' });
    expect(await total()).toBe(25);
    // It keeps its place, too, when it was of another measure meanwhile.
    const elsewhere = { ...homes(10, ''), measure: 'programmes-delivered', note: 'moved' };
    await correct(ledger, outcomes[0]!.id, 1, { ...elsewhere, reason: 'wrong measure' });
    await correct(ledger, outcomes[0]!.id, 2, { ...homes(11, 'moved back'), reason: 'right measure' });
    expect(await total()).toBe(25);
    const listed = await get<OutcomesPage>(`/v1/outcomes?${query}`);
    expect(listed.outcomes.map(({ quantity, contributes }) => [quantity, contributes])).toEqual([
      [25, true],
      [11, false],
    ]);
  });
});

describe('amounts and bounds', () => {
  test('of money are in pounds, exact to the penny, and an open side opens the total’s', async () => {
    const programme = await registerProgramme(ledger, 'money');
    const money = { measure: 'investment-leveraged', effective: year(2021), basis: 'not-stated' };
    await record(
      ledger,
      programme,
      { ...money, amount: '2500.50' },
      { ...money, amount: '1000', bounds: { low: '1000' } },
      { ...money, quantity: 7, bounds: { high: 7 } },
    );
    const { years } = await annual(`measure=investment-leveraged&programme=${programme}&from=2021-22`);
    expect(years[0]).toMatchObject({
      total: 350_057,
      amount: '3500.57',
      byBasis: { 'not-stated': 350_057 },
      amountByBasis: { 'not-stated': '3500.57' },
      bounds: { low: null, high: null },
    });
    const listed = await get<OutcomesPage>(
      `/v1/outcomes?measure=investment-leveraged&programme=${programme}`,
    );
    expect(listed.outcomes.map(({ quantity, amount, bounds }) => [quantity, amount, bounds])).toEqual([
      [250_050, '2500.50', undefined],
      [100_000, '1000.00', { low: 100_000, lowAmount: '1000.00' }],
      [7, '0.07', { high: 7, highAmount: '0.07' }],
    ]);
  });
});

describe('a ratio', () => {
  test('is re-derived from its parts, and a percentage alone is shown and never combined', async () => {
    const programme = await registerProgramme(ledger, 'ratios');
    const ratio = { measure: 'trusts-implementing', effective: year(2020), basis: 'counted' };
    await record(
      ledger,
      programme,
      { ...ratio, numerator: 1, denominator: 3 },
      { ...ratio, numerator: 1, denominator: 1 },
      { ...ratio, percent: '99.3' },
    );
    const { years } = await annual(`measure=trusts-implementing&programme=${programme}&from=2020-21`);
    expect(years[0]).toMatchObject({
      total: null,
      outcomes: 3,
      ratio: { numerator: 2, denominator: 4, percent: '50.0000' },
      percentages: [{ programme, percent: '99.3' }],
      flags: [{ code: 'periods-overlap' }, { code: 'percentages-not-combined' }],
    });
    expect((await ledger.call('GET', '/v1/totals/since?measure=trusts-implementing')).status).toBe(422);
  });
});

describe('a rate', () => {
  test('is shown as it was said, and is neither summed over programmes nor over years', async () => {
    const programme = await registerProgramme(ledger, 'rates');
    const measure = { id: 'return-on-investment', label: 'Return on investment', unit: '£ for each £' };
    const body = {
      ...measure,
      kind: 'rate',
      eventType: 'ReturnReckoned',
      countsPeople: false,
      rollsUpInto: null,
    };
    await ledger.call('POST', '/v1/measures', { body });
    const rate = { measure: measure.id, effective: year(2020), basis: 'modelled' };
    await record(ledger, programme, { ...rate, rate: '3' }, { ...rate, rate: '2.5' });
    const { years } = await annual(`measure=${measure.id}&from=2020-21`);
    expect(years[0]).toMatchObject({
      total: null,
      outcomes: 2,
      ratio: null,
      rates: [
        { programme, rate: '3' },
        { programme, rate: '2.5' },
      ],
      flags: [{ code: 'rates-not-combined' }],
    });
    const refused = await ledger.call<{ detail: string }>('GET', `/v1/totals/since?measure=${measure.id}`);
    expect(refused).toMatchObject({ status: 422, body: { detail: expect.stringContaining('is a rate') } });
  });
});

describe('a figure as at a past moment', () => {
  test('is what the ledger knew then, by sequence and by instant, and so are the outcomes behind it', async () => {
    const programme = await registerProgramme(ledger, 'past');
    const first = await record(ledger, programme, { ...OUTCOME, quantity: 100 });
    const { id } = first.outcomes[0]!;
    await correct(ledger, id, 0, { ...OUTCOME, quantity: 90, organisation: 'east', reason: 'recount' });
    const query = `measure=patients-benefited&programme=${programme}`;
    expect((await since(query)).total).toBe(90);
    const then = await since(`${query}&asAtSequence=${first.sequence}`);
    expect([then.total, then.sequence]).toEqual([100, first.sequence]);
    expect((await since(`${query}&asAt=${then.asAt}`)).total).toBe(100);
    const listed = await get<OutcomesPage>(`/v1/outcomes?${query}&asAtSequence=${first.sequence}`);
    expect(listed.outcomes.map(({ version, quantity }) => [version, quantity])).toEqual([[0, 100]]);

    const changes = await get<Changes>(`/v1/totals/changes?${query}&earlier=${first.sequence}`);
    expect(
      changes.years.map(({ financialYear, difference }) => [financialYear, difference.quantity]),
    ).toEqual([['2023-24', -10]]);
    expect(changes.events.map(({ type, outcome, reason }) => `${type} ${outcome} ${reason}`)).toEqual([
      `OutcomeCorrected ${id} recount`,
    ]);
    expect((await since(`${query}&asAt=2018-04-01`)).total).toBeNull();
  });

  test('names an organisation as it was called then', async () => {
    const programme = await registerProgramme(ledger, 'names');
    await record(
      ledger,
      programme,
      { ...OUTCOME, effective: year(2020) },
      { ...OUTCOME, effective: year(2023) },
    );
    const query = `measure=patients-benefited&programme=${programme}&groupBy=organisation`;
    const name = async (to: string) => (await annual(`${query}&to=${to}`)).groups![0]!.organisation!.name;
    expect(await name('2020-21')).toBe('Wessex AHSN');
    expect(await name('2023-24')).toBe('Health Innovation Wessex');
  });
});

describe('a measure that was redefined', () => {
  test('is not added across the break unless asked, and then flagged', async () => {
    const programme = await registerProgramme(ledger, 'redefining');
    const measure = {
      id: 'reviews',
      label: 'Reviews',
      unit: 'reviews',
      kind: 'flow',
      eventType: 'ReviewHeld',
      countsPeople: false,
      rollsUpInto: null,
    };
    await ledger.call('POST', '/v1/measures', { body: measure });
    const review = (quantity: number, start: number) => ({
      ...OUTCOME,
      measure: 'reviews',
      quantity,
      effective: year(start),
    });
    await record(ledger, programme, review(10, 2020));
    const revision = {
      from: '2021-22',
      label: 'Full reviews',
      comparable: false,
      reason: 'short ones no longer count',
    };
    await ledger.call('POST', '/v1/measures/reviews/revisions', { body: revision });
    await record(ledger, programme, review(5, 2021));
    const { years } = await annual('measure=reviews&from=2020-21');
    expect(years.map(({ total }) => total)).toEqual([10, 5]);
    const refused = await ledger.call<{ type: string }>('GET', '/v1/totals/since?measure=reviews');
    expect([refused.status, refused.body.type]).toEqual([422, 'urn:outcome-ledger:problem:definition-break']);
    expect(await since('measure=reviews&allowBreaks=true')).toMatchObject({
      total: 15,
      flags: [{ code: 'definition-break', sentence: expect.stringContaining('of reviews changed') }],
    });
    // A late return of an old year is counted by that year's definition, whoever sends it.
    const late = await registerProgramme(ledger, 'late');
    const { outcomes } = await record(ledger, late, review(7, 2020));
    expect((await annual('measure=reviews&from=2020-21')).years.map(({ total }) => total)).toEqual([17, 5]);
    expect((await annual('measure=reviews&from=2020-21')).measure.label).toBe('Full reviews');
    expect((await annual('measure=reviews&from=2020-21&to=2020-21')).measure.label).toBe('Reviews');
    // And so is one that was re-dated into the year of the new definition.
    await correct(ledger, outcomes[0]!.id, 0, { ...review(7, 2021), reason: 'wrong year' });
    expect((await annual('measure=reviews&from=2020-21')).years.map(({ total }) => total)).toEqual([10, 12]);
  });

  test('breaks what it is part of, and is broken by it, though only parts report after', async () => {
    const programme = await registerProgramme(ledger, 'families');
    const measure = (id: string, rollsUpInto: string | null) => ({
      body: {
        id,
        label: id,
        unit: 'visits',
        kind: 'flow',
        eventType: rollsUpInto ? 'HomeVisitMade' : 'VisitMade',
        countsPeople: false,
        rollsUpInto,
      },
    });
    await ledger.call('POST', '/v1/measures', measure('visits', null));
    await ledger.call('POST', '/v1/measures', measure('home-visits', 'visits'));
    const visit = (id: string, quantity: number, start: number) => ({
      ...OUTCOME,
      measure: id,
      quantity,
      effective: year(start),
    });
    await record(ledger, programme, visit('visits', 1, 2022), visit('home-visits', 2, 2022));
    await record(ledger, programme, visit('home-visits', 4, 2023));
    expect(await since('measure=visits')).toMatchObject({
      total: 7,
      flags: [{ code: 'whole-beside-parts' }],
    });
    const revision = { from: '2023-24', label: 'Visits', comparable: false, reason: 'calls count too' };
    await ledger.call('POST', '/v1/measures/visits/revisions', { body: revision });
    const ask = async (id: string) => (await ledger.call('GET', `/v1/totals/since?measure=${id}`)).status;
    expect([await ask('visits'), await ask('home-visits')]).toEqual([422, 200]);
    await ledger.call('POST', '/v1/measures/visits/revisions', { body: { ...revision, comparable: true } });
    await ledger.call('POST', '/v1/measures/home-visits/revisions', {
      body: { ...revision, label: 'Home visits' },
    });
    expect([await ask('visits'), await ask('home-visits')]).toEqual([422, 422]);
  });
});

test('the pages of outcomes behind a figure add up to it, whatever is recorded meanwhile', async () => {
  const programme = await registerProgramme(ledger, 'paged');
  const outcomes = Array.from({ length: 25 }, (_, index) => ({
    ...OUTCOME,
    quantity: index + 1,
    organisation: index % 2 ? 'east' : 'wessex',
  }));
  await record(ledger, programme, ...outcomes);
  const query = `measure=patients-benefited&programme=${programme}`;
  const { total } = await since(query);
  let sum = 0;
  for (let after: string | null = ''; after !== null;) {
    const path: string = `/v1/outcomes?${query}&limit=4${after && `&after=${after}`}`;
    const page = await get<OutcomesPage>(path);
    sum += page.outcomes.reduce((total, { quantity }) => total + quantity!, 0);
    after = page.next;
    await record(ledger, programme, { ...OUTCOME, quantity: 1_000 });
  }
  expect(sum).toBe(total);
});
