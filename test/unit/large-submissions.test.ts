/**
 * H2: a submission is checked and sealed in turns, by the length of its texts, so that no text that is slow to look at
 * keeps others waiting.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SentOutcome } from '../../src/domain/outcome.js';
import { Clock } from '../../src/kernel/clock.js';
import { parseMeasureId, parseProgrammeId, placeOfOutcome, type SubmissionId } from '../../src/kernel/ids.js';
import { asking, AskerGone } from '../../src/kernel/turns.js';
import { CatalogueTurns } from '../../src/read-models/catalogue-turns.js';
import { CatalogueView } from '../../src/read-models/catalogue-view.js';
import { CatalogueReader } from '../../src/submissions/catalogue-reader.js';
import { OutcomeCheck } from '../../src/submissions/outcome-input.js';
import { RecordOutcomes, RecordOutcomesHandler } from '../../src/submissions/submissions.handler.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';

const CHARACTERS = 2_000;
const OUTCOMES = 500;
/** So many characters are looked at in one turn, and the rest of a text that began in it. */
const CHARACTERS_A_TURN = 10_000 + CHARACTERS;
const SLOW = 'SW1A 1AA '.padEnd(CHARACTERS, '\ufdfa');
const programmeId = parseProgrammeId('lipid-management');
const outcomes: readonly SentOutcome[] = Array.from({ length: OUTCOMES }, () => ({
  measureId: parseMeasureId('jobs'),
  quantity: 1,
  effective: { from: '2023-06-01', to: '2023-06-01' } as never,
  basis: 'counted',
  note: SLOW,
}));
const PROVENANCE = { actor: 'key:a', role: 'programme', correlationId: 'one', source: 'api' } as const;

let lived: LivedLedger;
let catalogue: CatalogueReader;
let handler: RecordOutcomesHandler;
beforeAll(async () => {
  lived = await LivedLedger.of(longHistory(50));
  const { store, readModels } = lived;
  const turns = new CatalogueTurns(store, readModels);
  catalogue = new CatalogueReader(new CatalogueView(readModels), store, turns);
  handler = new RecordOutcomesHandler(store, new Clock(), readModels, catalogue);
});
afterAll(() => lived.remove());

async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  await asking.run({ actor: 'key:a', hasGone: () => ++turns < 0 }, work);
  return turns;
}

const submissionId = (last: number) => `0b8f5a52-6d3c-4f0e-9d0a-00000000000${last}` as SubmissionId;
const submit = (last: number, personalDataOverride?: { reason: string }) =>
  handler.execute(
    new RecordOutcomes(
      { kind: 'submit', submissionId: submissionId(last), programmeId, outcomes, personalDataOverride },
      PROVENANCE,
    ),
  );
const LEAST = (OUTCOMES * CHARACTERS) / CHARACTERS_A_TURN;

test('a submission of slow texts is decided in turns, and so is one with an override', async () => {
  const turns = await turnsOf(() => submit(1));
  expect(turns).toBeGreaterThanOrEqual(LEAST);
  expect(await turnsOf(() => submit(2, { reason: 'approved' }))).toBeGreaterThanOrEqual(LEAST);
});

test('a submission that is sent again is read in turns, and none of its texts is looked at', async () => {
  const turns = await turnsOf(async () => expect((await submit(1)).repeated).toBe(true));
  // The first try, on a stream that is not read yet, looks at them once more.
  expect(turns).toBeLessThan(2 * LEAST);
});

test('a submission whose caller has gone while it is looked at is not recorded', async () => {
  let turns = 0;
  const asker = { actor: 'key:a', hasGone: () => ++turns === 3 };
  await expect(asking.run(asker, () => submit(3))).rejects.toThrow(AskerGone);
  expect(await lived.store.readStream(placeOfOutcome(submissionId(3), 1).stream)).toEqual([]);
});

test('the rows of a file are checked in turns', async () => {
  const check = new OutcomeCheck(catalogue, new Clock());
  const turns = await turnsOf(() => check.rulesBroken(programmeId, outcomes, undefined));
  expect(turns).toBeGreaterThanOrEqual(LEAST);
});
