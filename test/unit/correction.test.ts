/** A correction says only what changes, and a withdrawal can be taken back (files A1, B10). */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { outcomeIdOf, parseMeasureId, parseOrganisationId } from '../../src/kernel/ids.js';
import type { OutcomeChanges } from '../../src/domain/correction.js';
import type { OutcomeContent } from '../../src/domain/outcome.js';
import { changesBy } from '../../src/domain/outcome-story.js';
import { submissionDecider, type SubmissionCommand } from '../../src/domain/submission.js';
import type { SubmissionEvent } from '../../src/domain/submission-event.js';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { fold } from '../../src/kernel/decider.js';
import { Refused } from '../../src/kernel/refusals.js';
import type { ExpectedRefusal } from '../support/given.js';
import {
  closedProgramme,
  content,
  correct,
  corrected,
  correctedTwice,
  date,
  given,
  measure,
  MEASURES,
  programmeId,
  recorded,
  replacing,
  submissionId,
  uptake,
  withdraw,
  withdrawn,
} from '../support/submissions.js';

type CorrectedEvent = Extract<SubmissionEvent, { readonly schema: 'outcome-corrected@2' }>;

const pounds = measure('pounds', 'flow', { unit: 'pounds', decimals: 2 });
const measures = new Map([...MEASURES, pounds].map((known) => [known.id, known]));
const money: OutcomeContent = {
  ...content,
  measureId: pounds.id,
  quantity: 250_050,
  bounds: { low: 250_000, high: 260_000 },
};
const share: OutcomeContent = (({ numerator: _n, denominator: _d, ...rest }) => ({ ...rest, percent: '75' }))(
  uptake,
);
const sites: OutcomeContent = {
  ...content,
  measureId: parseMeasureId('sites'),
  quantity: 120,
  bounds: { low: 1 },
};

describe('a correction leaves as it stands what it does not say:', () => {
  test.each<[string, OutcomeContent, OutcomeChanges, Partial<OutcomeContent>, (keyof OutcomeContent)[]]>([
    ['the organisation of a stock (files A1)', sites, { quantity: 125 }, { quantity: 125 }, []],
    ['everything but a note', content, { note: 'three sites' }, { note: 'three sites' }, []],
    ['a note that it takes away', content, { note: null }, {}, ['note']],
    ['an organisation that it takes away', content, { organisationId: null }, {}, ['organisationId']],
    ['bounds that it takes away', content, { bounds: null, quantity: 5 }, { quantity: 5 }, ['bounds']],
    ['one side of a ratio', uptake, { numerator: 31 }, { numerator: 31 }, []],
    [
      'nothing of a figure that is told in another way',
      share,
      { numerator: 3, denominator: 4 },
      { numerator: 3, denominator: 4 },
      ['percent'],
    ],
    ['bounds, in the unit of an amount', money, { amount: '2500.25' }, { quantity: 250_025 }, []],
    [
      'the quantity, with bounds as amounts',
      money,
      { bounds: { low: '2400.00' } },
      { bounds: { low: 240_000 } },
      [],
    ],
    ['the quantity, with bounds as numbers', money, { bounds: { low: 1 } }, { bounds: { low: 1 } }, []],
    [
      'all but its period',
      content,
      { effective: { from: date('2023-07-01'), to: date('2023-09-30') } },
      { effective: { from: date('2023-07-01'), to: date('2023-09-30') } },
      [],
    ],
  ])('%s', (_what, stands, changes, becomes, gone) => {
    const after = { ...stands, ...becomes };
    for (const member of gone) delete (after as Record<string, unknown>)[member];
    given(recorded(1, stands))
      .when(correct(changes, 0, { measures }))
      .then(corrected(after, replacing(stands, 0, 0), { evidence: stands.evidence!, note: stands.note! }));
  });

  test('words that were admitted with a reason stay with that reason', () => {
    const [event] = submissionDecider.decide(submissionDecider.initialState, {
      kind: 'submit',
      submissionId,
      programmeId,
      outcomes: [{ ...content, note: 'write to switchboard@example.org' }],
      facts: { ...(correct({}, 0) as Extract<SubmissionCommand, { kind: 'correct' }>).facts },
      personalDataOverride: { reason: 'the address of an office' },
    });
    const [next] = submissionDecider.decide(
      fold(submissionDecider, [event!]),
      correct({ quantity: 1_200 + 1 }, 0),
    );
    expect(next!.data.words).toMatchObject({
      note: 'write to switchboard@example.org',
      personalDataOverride: { reason: 'the address of an office' },
    });
  });
});

describe('a correction is refused', () => {
  test.each<[string, OutcomeChanges, ExpectedRefusal]>([
    [
      'that says what stands already (files B10)',
      { quantity: 1_200, note: 'two sites' },
      'nothing-to-correct',
    ],
    ['that says nothing', {}, 'nothing-to-correct'],
    ['whose quantity lies outside the bounds that stay', { quantity: 9 }, 'bounds-exclude-quantity /bounds'],
    ['that takes the figure away', { quantity: null, bounds: null }, 'quantity-does-not-fit-kind /quantity'],
  ])('%s', (_what, changes, refusal) =>
    given(recorded(1, content)).when(correct(changes, 0)).refuses(refusal),
  );
  test('to a measure of other decimals without its figure', () =>
    given(recorded(1, content))
      .when(correct({ measureId: pounds.id }, 0, { measures }))
      .refuses('quantity-does-not-fit-kind /quantity'));
});

test('a correction never changes the programme', () => {
  const [event] = submissionDecider.decide(
    fold(submissionDecider, [recorded(1, content)]),
    correct({ quantity: 1_150, programmeId: 'another' } as OutcomeChanges, 0),
  );
  expect(event!.data.facts.programmeId).toBe(programmeId);
});

test('an event of a correction names every member that changed, from what, to what', () => {
  const changes = {
    quantity: 1_150,
    organisationId: null,
    bounds: { high: 1_300 },
    evidence: { title: 'Recount' },
    effective: { from: date('2023-04-01'), to: date('2023-09-30') },
    reference: 'row-1',
  };
  const [event] = submissionDecider.decide(
    fold(submissionDecider, [recorded(1, content)]),
    correct(changes, 0),
  ) as CorrectedEvent[];
  expect(changesBy(event!.data)).toEqual([
    { member: 'bounds/low', from: '1100', to: null },
    { member: 'effective/to', from: '2023-06-30', to: '2023-09-30' },
    { member: 'evidence/title', from: 'Quarter 1 return', to: 'Recount' },
    { member: 'organisation', from: 'wessex', to: null },
    { member: 'quantity', from: '1200', to: '1150' },
    { member: 'reference', from: null, to: 'row-1' },
  ]);
});

const reinstate = (expectedVersion: number, reason = 'the wrong row was withdrawn'): SubmissionCommand => {
  const { changes: _, ...command } = correct({}, expectedVersion, { reason }) as Extract<
    SubmissionCommand,
    { kind: 'correct' }
  >;
  return { ...command, kind: 'reinstate' };
};

describe('a withdrawal', () => {
  const { evidence: _e, note: _n, ...figures } = content;
  const gone = [recorded(1, content), withdrawn(replacing(content, 0, 0))];
  const back: SubmissionEvent = {
    schema: 'outcome-reinstated@2',
    type: 'OutcomeReinstated',
    data: {
      facts: { outcomeId: outcomeIdOf(submissionId, 1), programmeId, ...figures, firstSequence: 40 },
      words: { evidence: content.evidence!, note: content.note!, reason: 'the wrong row was withdrawn' },
    },
  };
  test('is taken back, in a closed programme too', () => {
    given(...gone)
      .when(reinstate(1))
      .then(back);
    given(...gone)
      .when({
        ...reinstate(1),
        facts: { ...factsOf(reinstate(1)), programme: closedProgramme },
      } as SubmissionCommand)
      .then(back);
  });
  test('that is taken back twice with the same reason is taken back once', () => {
    given(...gone, back)
      .when(reinstate(1))
      .changesNothing();
    given(...gone, back)
      .when(reinstate(2, 'again'))
      .refuses('outcome-not-withdrawn');
    given(...gone, back)
      .when(reinstate(1, 'again'))
      .refuses('outcome-version-stale');
  });
  test('that was taken back leaves an outcome that is corrected and withdrawn as any other', () => {
    given(...gone, back)
      .when(withdraw(2))
      .then(withdrawn(replacing(content, 2, 2)));
    const recount = { ...content, quantity: 1_150 };
    given(...gone, back)
      .when(correct({ quantity: 1_150 }, 2))
      .then(corrected(recount, replacing(content, 2, 2)));
  });
  test('of what stands is none', () =>
    given(...correctedTwice)
      .when(reinstate(2))
      .refuses('outcome-not-withdrawn'));
});

const factsOf = (command: SubmissionCommand) =>
  (command as Extract<SubmissionCommand, { kind: 'reinstate' }>).facts;

test('what a correction changed, put back, leads to what stood', () => {
  const changing = fc.record(
    {
      quantity: fc.nat(2_000),
      note: fc.option(fc.constantFrom('one', 'two sites')),
      organisationId: fc.option(fc.constant(parseOrganisationId('wessex'))),
      bounds: fc.option(fc.constantFrom({ low: 0 }, { high: 3_000 }, { low: 0, high: 3_000 })),
      reference: fc.option(fc.constantFrom('a', 'b')),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(changing, (changes) => {
      const history = [recorded(1, { ...content, bounds: { low: 0, high: 3_000 } })];
      try {
        const [event] = submissionDecider.decide(
          fold(submissionDecider, history),
          correct(changes, 0),
        ) as CorrectedEvent[];
        const undone = Object.fromEntries(
          Object.keys(changes).map((member) => [
            member,
            ({ ...history[0]!.data.facts, ...history[0]!.data.words } as Record<string, unknown>)[member] ??
              null,
          ]),
        );
        const [undo] = submissionDecider.decide(
          fold(submissionDecider, [...history, event!]),
          correct(undone, 1),
        ) as CorrectedEvent[];
        const { replaces: _r, firstSequence: _f, ...facts } = undo!.data.facts;
        expect(canonicalJson(facts)).toBe(canonicalJson(history[0]!.data.facts));
        expect(changesBy(undo!.data)).toEqual(
          changesBy(event!.data).map(({ member, from, to }) => ({ member, from: to, to: from })),
        );
      } catch (error) {
        if (!(error instanceof Refused) || error.refusals[0].code !== 'nothing-to-correct') throw error;
      }
    }),
  );
});
