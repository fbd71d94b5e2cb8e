import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fold } from '../../src/kernel/decider.js';
import { outcomeIdOf, parseMeasureId, parseProgrammeId } from '../../src/kernel/ids.js';
import { Refused } from '../../src/kernel/refusals.js';
import type { OutcomeContent } from '../../src/domain/outcome.js';
import { submissionDecider, type SubmissionCommand } from '../../src/domain/submission.js';
import type { SubmissionEvent } from '../../src/domain/submission-event.js';
import type { ExpectedRefusal } from '../support/given.js';
import {
  given,
  submissionId,
  programmeId,
  date,
  measure,
  closedProgramme,
  content,
  uncounted,
  uptake,
  submit,
  correct,
  withdraw,
  recorded,
  replacing,
  corrected,
  second,
  recount,
  afterRecount,
  again,
  correctedTwice,
  withdrawnAtLast,
  erase,
  erased,
} from '../support/submissions.js';

describe('a submission', () => {
  test('is recorded, one event an outcome, of the type that its measure names', () =>
    given()
      .when(submit([content, uptake]))
      .then(recorded(1, content), recorded(2, uptake, 'ratioRecorded')));
  test('of amounts is recorded as the quantities that they come to, with their bounds', () => {
    const jobs = measure('patients', 'flow', { decimals: 1 });
    const { quantity: _q, bounds: _b, ...said } = content;
    given()
      .when(
        submit([{ ...said, amount: '142.5', bounds: { low: '100' } }], {
          measures: new Map([[jobs.id, jobs]]),
        }),
      )
      .then(recorded(1, { ...said, quantity: 1_425, bounds: { low: 1_000 } }));
  });
  test.each<[string, OutcomeContent]>([
    ['nothing counted', { ...uncounted, quantity: 0 }],
    ['the largest quantity', { ...uncounted, quantity: Number.MAX_SAFE_INTEGER }],
    ['bounds that are a point', { ...content, bounds: { low: 1_200, high: 1_200 } }],
    ['a low bound alone', { ...content, bounds: { low: 1_200 } }],
    ['a high bound alone', { ...content, bounds: { high: 57_000 } }],
    ['that nobody stated how it was come by', { ...content, basis: 'not-stated' }],
    ['a row of its sender', { ...content, reference: 'q1/row-17', counting: 'in-period' }],
    ['a day', { ...content, effective: { from: date('2023-04-01'), to: date('2023-04-01') } }],
    ['a whole year', { ...content, effective: { from: date('2022-04-01'), to: date('2023-03-31') } }],
    [
      'the day on which the programme started',
      { ...content, effective: { from: date('2020-04-01'), to: date('2020-04-01') } },
    ],
    ['today', { ...content, effective: { from: date('2024-05-01'), to: date('2024-05-01') } }],
    [
      'no organisation',
      { measureId: content.measureId, quantity: 1, effective: content.effective, basis: 'modelled' },
    ],
  ])('may say %s', (_what, of) =>
    given()
      .when(submit([of]))
      .then(recorded(1, of)),
  );
  test.each<[string, Partial<OutcomeContent>]>([
    ['all of its denominator', { numerator: 40, denominator: 40 }],
    ['none of it', { numerator: 0, denominator: 1 }],
    ['a percent alone', { percent: '12.5' }],
    ['a percent of 100', { percent: '100' }],
  ])('may say of a ratio %s', (_what, parts) => {
    const { numerator: _n, denominator: _d, ...bare } = uptake;
    const of = { ...bare, ...parts };
    given()
      .when(submit([of]))
      .then(recorded(1, of, 'ratioRecorded'));
  });
});

describe('repeating a submission changes nothing,', () => {
  test.each<[string, SubmissionEvent[], SubmissionCommand]>([
    ['at once', afterRecount.slice(0, 2), submit([content, second])],
    ['after a correction and a withdrawal', withdrawnAtLast, submit([content, second])],
    [
      'when the programme has closed since',
      afterRecount,
      submit([content, second], { programme: closedProgramme }),
    ],
    [
      'when its measures are not known any more',
      afterRecount,
      submit([content, second], { measures: new Map() }),
    ],
    [
      'when its measures were revised since',
      afterRecount,
      submit([content, second], {
        measures: new Map(
          [measure('patients', 'flow', { label: 'People' })].map((known) => [known.id, known]),
        ),
      }),
    ],
  ])('%s', (_when, history, command) =>
    given(...history)
      .when(command)
      .changesNothing(),
  );
});

describe('a key used again for other content is refused:', () => {
  const history = afterRecount.slice(0, 2);
  test.each<[string, SubmissionCommand]>([
    ['another quantity', submit([{ ...content, quantity: 1_201 }, second])],
    ['another order', submit([second, content])],
    ['an outcome fewer', submit([content])],
    ['an outcome more', submit([content, second, second])],
    ['the content as corrected', submit([recount, second])],
    ['another note', submit([{ ...content, note: 'three sites' }, second])],
    [
      'content that no rule allows',
      submit([{ ...content, measureId: parseMeasureId('unheard-of') }, second]),
    ],
    [
      'another programme',
      { ...submit([content, second]), programmeId: parseProgrammeId('polypill') } as SubmissionCommand,
    ],
  ])('%s', (_what, command) =>
    given(...history)
      .when(command)
      .refuses('idempotency-key-reused'),
  );
});

describe('an outcome', () => {
  test('is corrected: the whole new content, and the figures that it replaces', () => {
    given(...afterRecount.slice(0, 2))
      .when(correct(recount, 0))
      .then(afterRecount[2]!);
    given(...afterRecount)
      .when(correct(again, 1))
      .then(correctedTwice[3]!);
  });
  test('is withdrawn', () =>
    given(...correctedTwice)
      .when(withdraw(2))
      .then(withdrawnAtLast[4]!));
  test('is corrected and withdrawn also when its programme has closed', () => {
    given(...afterRecount)
      .when(correct(again, 1, { programme: closedProgramme }))
      .then(correctedTwice[3]!);
    given(...correctedTwice)
      .when(withdraw(2))
      .then(withdrawnAtLast[4]!);
  });
  test('is corrected whatever became of its neighbours', () => {
    const { data, ...event } = corrected(recount, replacing(second, 0, 1));
    const facts = { ...data.facts, outcomeId: outcomeIdOf(submissionId, 2) };
    given(...withdrawnAtLast)
      .when(correct(recount, 0, { line: 2 }))
      .then({ ...event, data: { ...data, facts } } as SubmissionEvent);
  });
});

describe('repeating a change with the same content and version changes nothing, for ever:', () => {
  test.each<[string, SubmissionEvent[], SubmissionCommand]>([
    ['a correction, at once', afterRecount, correct(recount, 0)],
    ['a correction, after another one', correctedTwice, correct(recount, 0)],
    ['a correction, after a withdrawal', withdrawnAtLast, correct(recount, 0)],
    ['the later correction, after a withdrawal', withdrawnAtLast, correct(again, 1)],
    [
      'a correction, when no rule would allow it any more',
      withdrawnAtLast,
      correct(recount, 0, { measures: new Map(), programme: closedProgramme }),
    ],
    ['a withdrawal', withdrawnAtLast, withdraw(2)],
  ])('%s', (_what, history, command) =>
    given(...history)
      .when(command)
      .changesNothing(),
  );
});

describe('a change is refused, the first fault first:', () => {
  const impossible = { ...content, measureId: parseMeasureId('unheard-of') };
  test.each<[string, SubmissionEvent[], SubmissionCommand, ExpectedRefusal]>([
    ['correcting what was never submitted', [], correct(impossible, 7), 'outcome-unknown'],
    [
      'correcting a line that is not there',
      correctedTwice,
      correct(impossible, 7, { line: 3 }),
      'outcome-unknown',
    ],
    ['withdrawing a line that is not there', correctedTwice, withdraw(7, { line: 3 }), 'outcome-unknown'],
    ['correcting a version before the last', correctedTwice, correct(impossible, 1), 'outcome-version-stale'],
    ['correcting a version after the last', correctedTwice, correct(impossible, 3), 'outcome-version-stale'],
    [
      'correcting a stale version of what was withdrawn',
      withdrawnAtLast,
      correct(impossible, 2),
      'outcome-version-stale',
    ],
    ['repeating a correction with other content', correctedTwice, correct(again, 0), 'outcome-version-stale'],
    [
      'repeating a correction with another reason',
      correctedTwice,
      correct(recount, 0, { reason: 'audit' }),
      'outcome-version-stale',
    ],
    [
      'repeating a correction of another version',
      correctedTwice,
      correct(recount, 1),
      'outcome-version-stale',
    ],
    [
      'repeating a withdrawal with another reason',
      withdrawnAtLast,
      withdraw(2, { reason: 'audit' }),
      'outcome-version-stale',
    ],
    ['correcting what was withdrawn', withdrawnAtLast, correct(impossible, 3), 'outcome-withdrawn'],
    ['withdrawing what was withdrawn', withdrawnAtLast, withdraw(3), 'outcome-withdrawn'],
    ['content that breaks a rule', correctedTwice, correct(impossible, 2), 'measure-unknown /measure'],
  ])('%s', (_what, history, command, refusal) =>
    given(...history)
      .when(command)
      .refuses(refusal),
  );
});

test('its state tells of each outcome what happened to it, and at which revision of the stream', () => {
  const state = fold(submissionDecider, withdrawnAtLast);
  expect(state).toMatchObject({ status: 'recorded', programmeId, revision: 4 });
  const stories = state.status === 'recorded' ? state.outcomes : [];
  expect(stories.map((story) => story.map(({ revision }) => revision))).toEqual([[0, 2, 3, 4], [1]]);
  expect(stories[0]!.map(({ event }) => event)).toEqual(
    [0, 2, 3, 4].map((revision) => withdrawnAtLast[revision]),
  );
});

test('whatever was accepted is a success for ever: asked again at any later time, it changes nothing', () => {
  const asking = fc.record({
    quantity: fc.nat(3),
    version: fc.nat(4),
    line: fc.constantFrom(1, 2),
    reason: fc.constantFrom('recount', 'audit'),
    withdraws: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(asking, { maxLength: 20 }), (asked) => {
      const accepted: SubmissionCommand[] = [submit([content, second])];
      let history = submissionDecider.decide(submissionDecider.initialState, accepted[0]!);
      for (const { quantity, version, line, reason, withdraws } of asked) {
        const to = { ...uncounted, quantity };
        const command = withdraws
          ? withdraw(version, { line, reason })
          : correct(to, version, { line, reason });
        try {
          history = [...history, ...submissionDecider.decide(fold(submissionDecider, history), command)];
          accepted.push(command);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
        }
        for (const repeated of accepted)
          given(...history)
            .when(repeated)
            .changesNothing();
      }
    }),
  );
});

describe('an erasure', () => {
  const noted: OutcomeContent = { ...content, note: 'by a person', evidence: { title: 'Their letter' } };
  const toNoted: OutcomeContent = { ...recount, note: 'by another' };
  const one = recorded(1, noted);
  const change = corrected(toNoted, replacing(noted, 0, 0));
  const submitted = [one, recorded(2, second)];
  const gone = [...submitted, change, erased(0, 2)];

  test('names the revisions that have words', () =>
    given(...submitted, change)
      .when(erase())
      .then(erased(0, 2)));
  test('of an outcome that was recorded without words is refused', () => {
    const wordless = recorded(1, withoutWords(uncounted));
    given(wordless).when(erase()).refuses('nothing-to-erase');
    const hashed = recorded(1, { ...withoutWords(uncounted), evidenceSha256: '0'.repeat(64) });
    given(hashed).when(erase()).refuses('nothing-to-erase');
  });
  test('changes nothing once it is done, whoever orders it, and then is of what was said since', () => {
    given(...gone)
      .when(erase(1, 'another request'))
      .changesNothing();
    const later = corrected({ ...toNoted, quantity: 2 }, replacing(toNoted, 1, 2));
    given(...gone, later)
      .when(erase())
      .then(erased(4));
  });
  test.each<[string, SubmissionCommand]>([
    ['the submission', submit([noted, second])],
    ['the correction', correct(toNoted, 0)],
  ])('lets %s be known again, by its facts alone', (_what, command) => {
    given(...gone)
      .when(command)
      .changesNothing();
    // As it reads once the store has carried it out.
    const left = gone.map((event, revision) =>
      [0, 2].includes(revision)
        ? ({ ...event, data: { facts: event.data.facts } } as SubmissionEvent)
        : event,
    );
    given(...left)
      .when(command)
      .changesNothing();
  });
  test.each<[string, SubmissionCommand, ExpectedRefusal]>([
    ['other figures', submit([{ ...noted, quantity: 7 }, second]), 'idempotency-key-reused'],
    ['a text where there was none', submit([noted, { ...second, note: 'new' }]), 'idempotency-key-reused'],
    ['fewer lines', submit([noted]), 'idempotency-key-reused'],
    ['another correction', correct({ ...toNoted, quantity: 7 }, 0), 'outcome-version-stale'],
    ['an unknown line', erase(3), 'outcome-unknown'],
  ])('refuses %s', (_what, command, refusal) =>
    given(...gone)
      .when(command)
      .refuses(refusal),
  );
  test('whose reason would have to be erased is refused', () =>
    given(...submitted)
      .when(erase(1, 'asked by jane.doe@example.org'))
      .refuses('personal-data-suspected /reason'));
  test('is no version: what stands can be corrected as before', () => {
    const next = corrected(again, replacing(toNoted, 1, 2), null);
    given(...gone)
      .when(correct(again, 1))
      .then(next);
  });
});

const withoutWords = ({ evidence: _e, note: _n, ...figures }: OutcomeContent): OutcomeContent => figures;
