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
