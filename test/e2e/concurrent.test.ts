import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ledger } from '../support/ledger.js';
import { correct, OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger);
});
afterAll(() => ledger.remove());

const FIFTY = [...Array(50).keys()];
const total = async () =>
  (await ledger.call<{ total: number }>('GET', '/v1/totals/since?measure=patients-benefited')).body.total;

test('of fifty identical submissions at once one is recorded, and all get its receipt', async () => {
  const key = '50505050-0000-4000-8000-000000000001';
  const answers = await Promise.all(FIFTY.map(() => submit(ledger, 'asthma-care', [OUTCOME, OUTCOME], key)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...FIFTY.slice(1).map(() => 200), 201]);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(await total()).toBe(2 * OUTCOME.quantity!);
});

test('of two contents under one key at once one is recorded, and the other is refused each time', async () => {
  const key = '50505050-0000-4000-8000-000000000002';
  const contents = [OUTCOME, { ...OUTCOME, quantity: 7 }];
  const before = await total();
  const answers = await Promise.all(
    FIFTY.map((index) => submit(ledger, 'asthma-care', [contents[index % 2]!], key)),
  );
  const accepted = answers.flatMap(({ status }, index) => (status === 409 ? [] : [index % 2]));
  expect(accepted).toHaveLength(25);
  expect(new Set(accepted).size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(await total()).toBe(before + contents[accepted[0]!]!.quantity!);
});

test('of fifty different corrections of one outcome at once one is made, and the others are stale', async () => {
  const { outcomes } = await record(ledger, 'asthma-care', OUTCOME);
  const { id } = outcomes[0]!;
  const before = await total();
  const answers = await Promise.all(
    FIFTY.map((index) => correct(ledger, id, 0, { ...OUTCOME, quantity: index, reason: 'recount' })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...FIFTY.slice(1).map(() => 412)]);
  const made = answers.findIndex(({ status }) => status === 200);
  expect(await total()).toBe(before - OUTCOME.quantity! + made);
});

test('M5: corrections of different outcomes of one submission by twenty callers at once are all made', async () => {
  const { outcomes } = await record(ledger, 'asthma-care', ...Array.from({ length: 200 }, () => OUTCOME));
  const left = outcomes.map(({ id }) => id);
  const statuses: number[] = [];
  const correctOneByOne = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop())
      statuses.push((await correct(ledger, id, 0, { ...OUTCOME, quantity: 7, reason: 'recount' })).status);
  };
  await Promise.all(Array.from({ length: 20 }, correctOneByOne));
  expect(statuses).toEqual(outcomes.map(() => 200));
});

test.each([0, 20, 39])(
  'M4: no outcome is recorded after the closure that forbids it, sent beside forty of them at place %i',
  async (place) => {
    const programme = await registerProgramme(ledger, `closing-${place}`);
    const outcome = { ...OUTCOME, effective: { from: '2024-06-01' } };
    const closing = { body: { closedOn: '2023-12-31', reason: 'funding ended' } };
    const asked = Array.from({ length: 40 }, (_, index) =>
      index === place
        ? ledger.call('POST', `/v1/programmes/${programme}/closure`, closing)
        : submit(ledger, programme, [outcome]),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    const [closed] = statuses.splice(place, 1);
    // Outcomes that came first keep the closure from being made; once it is made none is recorded.
    const recorded = statuses.filter((status) => status === 201).length;
    expect([closed, recorded === 0, new Set(statuses)]).toEqual(
      closed === 201 ? [201, true, new Set([422])] : [409, false, new Set([201])],
    );
  },
);
