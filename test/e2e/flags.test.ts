/** What is added where the same may be counted twice is flagged, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AnnualTotals } from '../../src/figures/figures.views.js';
import { Ledger } from '../support/ledger.js';
import { correct, OUTCOME, record, registerProgramme, withdraw } from '../support/outcomes.js';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
});
afterAll(() => ledger.remove());

/** The codes of the flags of a figure of 2023-24. */
async function flagsOf(query: string): Promise<readonly string[]> {
  const path = `/v1/totals/annual?${query}&from=2023-24&to=2023-24`;
  const { body } = await ledger.call<AnnualTotals>('GET', path);
  return body.years[0]!.flags.map(({ code }) => code);
}

describe('periods that overlap', () => {
  const views = { ...OUTCOME, measure: 'views' };
  const half = { ...views, effective: { from: '2023-04-01', to: '2023-09-30' } };
  const quarter = { ...views, effective: { from: '2023-07-01', to: '2023-09-30' } };
  const codesAt = (programme: string, more = '') => flagsOf(`measure=views&programme=${programme}${more}`);

  test('are flagged, whatever their basis, until one is withdrawn or corrected, and as at a moment as they were', async () => {
    const programme = await registerProgramme(ledger, 'overlapping');
    await record(ledger, programme, views, quarter, { ...half, organisation: 'east' });
    expect(await codesAt(programme)).toEqual([]);
    const { outcomes, sequence } = await record(ledger, programme, { ...half, basis: 'estimated' });
    expect(await codesAt(programme)).toEqual(['periods-overlap']);
    expect(await codesAt(programme, '&organisation=east')).toEqual([]);
    expect(await codesAt(programme, `&asAtSequence=${sequence - 1}`)).toEqual([]);
    const { id } = outcomes[0]!;
    await correct(ledger, id, 0, {
      effective: { from: '2023-10-01', to: '2023-12-31' },
      reason: 'quarter 3',
    });
    expect(await codesAt(programme)).toEqual([]);
    await correct(ledger, id, 1, {
      effective: { from: '2023-09-30', to: '2023-12-31' },
      reason: 'a day more',
    });
    expect(await codesAt(programme)).toEqual(['periods-overlap']);
    await withdraw(ledger, id, 2, 'sent twice');
    expect(await codesAt(programme)).toEqual([]);
    expect(await codesAt(programme, `&asAtSequence=${sequence}`)).toEqual(['periods-overlap']);
  });

  test('are not flagged of rows that their sender tells apart by a reference, nor of a stock', async () => {
    const programme = await registerProgramme(ledger, 'referenced');
    await record(ledger, programme, { ...half, reference: 'row-1' }, { ...quarter, reference: 'row-2' });
    expect(await codesAt(programme)).toEqual([]);
    await record(ledger, programme, { ...quarter, reference: 'row-1' });
    expect(await codesAt(programme)).toEqual(['periods-overlap']);
    const homes = { ...half, measure: 'care-homes-supported' };
    await record(ledger, programme, homes, homes);
    expect(await flagsOf(`measure=care-homes-supported&programme=${programme}`)).toEqual([]);
  });
});

describe('a whole beside its parts', () => {
  test('is flagged: a measure beside those that roll up into it', async () => {
    const programme = await registerProgramme(ledger, 'wholes');
    await record(ledger, programme, { ...OUTCOME, measure: 'jobs' });
    expect(await flagsOf(`measure=jobs&programme=${programme}`)).toEqual([]);
    const other = await registerProgramme(ledger, 'other-parts');
    await record(ledger, other, { ...OUTCOME, measure: 'jobs-created' });
    expect(await flagsOf(`measure=jobs&programme=${other}`)).toEqual([]);
    await record(ledger, programme, { ...OUTCOME, measure: 'jobs-created' });
    expect(await flagsOf(`measure=jobs&programme=${programme}`)).toEqual(['whole-beside-parts']);
    expect(await flagsOf(`measure=jobs-created&programme=${programme}`)).toEqual([]);
  });

  test('is flagged: an organisation beside a body within it, and a programme beside its organisations', async () => {
    const programme = await registerProgramme(ledger, 'bodies');
    const hub = { id: 'wessex-hub', name: 'Wessex hub', parent: 'wessex' };
    expect((await ledger.call('POST', '/v1/organisations', { body: hub })).status).toBe(201);
    const view = { ...OUTCOME, measure: 'views' };
    const ask = () => flagsOf(`measure=views&programme=${programme}`);
    await record(ledger, programme, { ...view, organisation: 'east' }, { ...view, organisation: hub.id });
    expect(await ask()).toEqual([]);
    const { outcomes } = await record(ledger, programme, { ...view, organisation: 'wessex' });
    expect(await ask()).toEqual(['whole-beside-parts']);
    await withdraw(ledger, outcomes[0]!.id, 0, 'the hub counts for it');
    expect(await ask()).toEqual([]);
    const { organisation: _, ...ofNone } = view;
    await record(ledger, programme, ofNone);
    expect(await ask()).toEqual(['whole-beside-parts']);
    expect(await flagsOf(`measure=views&programme=${programme}&organisation=east`)).toEqual([]);
  });
});
