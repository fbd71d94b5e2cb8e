/** What changed between two moments (S1-A, S1-B, F5, B9), over HTTP and as a table. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Changes } from '../../src/figures/changes.views.js';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { correct, OUTCOME, record, registerProgramme, withdraw } from '../support/outcomes.js';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
});
afterAll(() => ledger.remove());

const run = (...args: string[]) => runCommand(args, { LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });
const year = (start: number) => ({ from: `${start}-04-01`, to: `${start + 1}-03-31` });

describe('what changed', () => {
  const changed = async (query: string) =>
    (await ledger.call<Changes>('GET', `/v1/totals/changes?${query}`)).body;
  const lines = ({ lines: all }: Pick<Changes['years'][number], 'lines'>) =>
    Object.fromEntries(
      all.filter(({ quantity }) => quantity !== 0).map(({ line, quantity }) => [line, quantity]),
    );

  test('adds up where a year lost its last outcome, and where one was re-dated (S1-A, F5)', async () => {
    const programme = await registerProgramme(ledger, 'emptied');
    const jobs = (quantity: number, start: number) => ({
      ...OUTCOME,
      measure: 'jobs-created',
      quantity,
      effective: year(start),
    });
    const { outcomes, sequence } = await record(
      ledger,
      programme,
      jobs(900, 2024),
      jobs(7, 2025),
      jobs(1, 2023),
    );
    await withdraw(ledger, outcomes[0]!.id, 0, 'another network counted them');
    await correct(ledger, outcomes[1]!.id, 0, { ...jobs(7, 2023), reason: 'wrong year' });
    const query = `measure=jobs&programme=${programme}&earlier=${sequence}`;
    const { years, since: whole, events } = await changed(query);
    expect(years.map((one) => [one.financialYear, lines(one), one.difference.amount])).toEqual([
      ['2023-24', { 're-dated': 7 }, '7'],
      ['2024-25', { withdrawn: -900 }, '-900'],
      ['2025-26', { 're-dated': -7 }, '-7'],
    ]);
    expect([whole!.opening.total, lines(whole!), whole!.closing.total]).toEqual([
      908,
      { withdrawn: -900 },
      8,
    ]);
    expect(events).toMatchObject([
      {
        sequence: sequence + 1,
        line: 'withdrawn',
        role: 'admin',
        reason: 'another network counted them',
        before: { measure: 'jobs-created', quantity: 900, amount: '900' },
        changes: [{ financialYear: '2024-25', quantity: -900, amount: '-900' }],
      },
      {
        sequence: sequence + 2,
        line: 're-dated',
        before: { effective: year(2025) },
        after: { effective: year(2023) },
        changes: [
          { financialYear: '2023-24', quantity: 7 },
          { financialYear: '2025-26', quantity: -7 },
        ],
      },
    ]);
    expect(events.some((event) => 'actor' in event)).toBe(false);
  });

  test('tells an event once, in order of sequence, whatever it moved, and none that changed no figure (B9)', async () => {
    const programme = await registerProgramme(ledger, 'moved');
    const { outcomes, sequence } = await record(ledger, programme, OUTCOME, {
      ...OUTCOME,
      organisation: 'east',
    });
    const [first, second] = outcomes.map(({ id }) => id) as [string, string];
    await correct(ledger, second, 0, { ...OUTCOME, organisation: 'wessex', reason: 'moved' });
    await correct(ledger, first, 0, { ...OUTCOME, note: 'a note', reason: 'noted' });
    await correct(ledger, first, 1, { ...OUTCOME, quantity: 5, reason: 'recount' });
    await record(ledger, programme, { ...OUTCOME, quantity: 3 });
    const query = `measure=${OUTCOME.measure}&programme=${programme}&earlier=${sequence}`;
    const told = async (more = '') => {
      const { years, events } = await changed(`${query}${more}`);
      return [lines(years[0]!), events.map(({ sequence: at, line }) => [at - sequence, line])];
    };
    const quantity = OUTCOME.quantity!;
    const recount = 5 - quantity;
    const events = [
      [1, 'moved'],
      [3, 'corrected'],
      [4, 'late'],
    ];
    expect(await told()).toEqual([{ corrected: recount, late: 3 }, events]);
    expect(await told('&organisation=wessex')).toEqual([
      { moved: quantity, corrected: recount, late: 3 },
      events,
    ]);
    expect(await told('&organisation=east')).toEqual([{ moved: -quantity }, [[1, 'moved']]]);
  });

  test('lists no year that did not change, though a part was defined in between (S1-B)', async () => {
    const programme = await registerProgramme(ledger, 'parts-defined');
    const measure = (id: string, rollsUpInto: string | null) => ({
      id,
      label: id,
      unit: 'places',
      kind: 'flow',
      eventType: rollsUpInto ? 'IndoorPlaceOpened' : 'PlaceOpened',
      countsPeople: false,
      rollsUpInto,
    });
    await ledger.call('POST', '/v1/measures', { body: measure('places', null) });
    const { sequence } = await record(ledger, programme, { ...OUTCOME, measure: 'places', quantity: 4 });
    await ledger.call('POST', '/v1/measures', { body: measure('places-indoors', 'places') });
    const changes = await changed(`measure=places&earlier=${sequence}`);
    expect(changes).toMatchObject({
      years: [],
      since: { opening: { total: 4 }, closing: { total: 4 }, difference: { quantity: 0 } },
      events: [{ sequence: sequence + 1, line: 'redefined', measure: 'places-indoors', changes: [] }],
    });
    expect(
      (await changed('measure=places&earlier=2018-04-01')).years.map(({ financialYear }) => financialYear),
    ).toEqual(['2023-24']);
  });

  test('in a ratio, or in a stock over years, is told without lines, and why', async () => {
    const programme = await registerProgramme(ledger, 'unadded');
    const share = {
      ...OUTCOME,
      quantity: undefined,
      measure: 'trusts-implementing',
      numerator: 1,
      denominator: 4,
    };
    const { outcomes, sequence } = await record(ledger, programme, share);
    await correct(ledger, outcomes[0]!.id, 0, { ...share, numerator: 2, reason: 'recount' });
    const changes = await changed(`measure=trusts-implementing&programme=${programme}&earlier=${sequence}`);
    expect(changes).toMatchObject({
      years: [
        {
          opening: { ratio: { percent: '25.0000' } },
          lines: [],
          closing: { ratio: { percent: '50.0000' } },
          difference: { quantity: null, amount: null },
        },
      ],
      since: null,
      notAdded: expect.stringMatching(/^trusts-implementing is a ratio: it is re-derived/),
      events: [{ before: { numerator: 1 }, after: { numerator: 2 }, changes: [{ quantity: null }] }],
    });
  });
});

describe('ledger changes', () => {
  test('tells lines that add up, and each event from what to what, why, and in which role', async () => {
    const programme = await registerProgramme(ledger, 'restated');
    const money = { measure: 'investment-leveraged', amount: '2500.50', basis: 'counted' };
    const outcomes = [
      { ...money, effective: { from: '2022-05-01' } },
      { ...money, amount: '10', effective: { from: '2023-05-01' } },
    ];
    const { outcomes: recorded, sequence } = await record(ledger, programme, ...outcomes);
    const [first, second] = recorded.map(({ id }) => id) as [string, string];
    const changed = { ...outcomes[0]!, amount: '2000.50', organisation: 'wessex' };
    await correct(ledger, first, 0, { ...changed, reason: 'grant was returned' });
    await withdraw(ledger, second, 0, 'not ours');
    const asked = [
      '--measure',
      'investment-leveraged',
      '--programme',
      programme,
      '--earlier',
      String(sequence),
    ];
    const { stdout } = await run('changes', ...asked);
    const cells = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(cells.slice(2, 8)).toEqual([
      ['2022-23', '2023-24', '2018-19 to 2023-24'],
      expect.arrayContaining(['─────────']),
      ['opening', '£2,500.50', '£10', '£2,510.50'],
      ['moved', '-£500', '-£500'],
      ['withdrawn', '-£10', '-£10'],
      ['closing', '£2,000.50', '–', '£2,000.50'],
    ]);
    expect(stdout).toMatch(
      /moved by admin  2022-23 -£500  investment-leveraged, restated, £2,500.50 → £2,000.50, none → wessex, .* — grant was returned/,
    );
    expect(stdout).toMatch(
      /withdrawn by admin  2023-24 -£10  .*, £10, 2023-05-01 to 2023-05-01, .* — not ours/,
    );
    const { stdout: json } = await run('changes', ...asked, '--json');
    expect(JSON.parse(json)).toMatchObject({
      events: [{ line: 'moved' }, { line: 'withdrawn' }],
      next: null,
    });
    const { stdout: ratio } = await run(
      'changes',
      '--measure',
      'trusts-implementing',
      '--earlier',
      String(sequence),
    );
    expect(ratio).toContain('No figure of a year changed.');
  });
});
