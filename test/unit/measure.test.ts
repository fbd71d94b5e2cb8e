import { describe, expect, test } from '@jest/globals';
import {
  measureDecider,
  type Measure,
  type MeasureCommand,
  type MeasureDefinition,
  type MeasureEvent,
  type MeasureRevision,
} from '../../src/domain/measure.js';
import { fold } from '../../src/kernel/decider.js';
import { parseMeasureId } from '../../src/kernel/ids.js';
import { decided, type ExpectedRefusal } from '../support/given.js';

const given = decided(measureDecider);
const measureId = parseMeasureId('jobs-created');

const definition: MeasureDefinition = {
  label: 'Jobs created',
  unit: 'jobs',
  kind: 'flow',
  eventType: 'JobCreated',
  countsPeople: false,
  rollsUpInto: null,
};
const jobs = fold(measureDecider, [
  {
    schema: 'measure-defined@2',
    type: 'MeasureDefined',
    data: {
      facts: { measureId: parseMeasureId('jobs'), ...definition, label: 'Jobs', eventType: 'JobCounted' },
    },
  },
]) as Measure;
const ofJobs: MeasureDefinition = { ...definition, rollsUpInto: jobs.id };

const define = (as: MeasureDefinition, parent?: Measure): MeasureCommand => ({
  kind: 'define-measure',
  measureId,
  definition: as,
  parent,
});
const revise = (revision: MeasureRevision): MeasureCommand => ({
  kind: 'revise-measure',
  measureId,
  revision,
});
const defined: MeasureEvent = {
  schema: 'measure-defined@2',
  type: 'MeasureDefined',
  data: { facts: { measureId, ...definition } },
};
const revised = (version: number, { label, comparable, ...words }: MeasureRevision): MeasureEvent => ({
  schema: 'measure-revised@2',
  type: 'MeasureRevised',
  data: { facts: { measureId, version, label, comparable }, words },
});
const reworded: MeasureRevision = { label: 'Jobs newly created', comparable: true, reason: 'clearer' };
const redefined: MeasureRevision = {
  label: 'Jobs created',
  definition: 'Full-time equivalents',
  comparable: false,
  reason: 'heads were counted before',
};

describe('a measure', () => {
  test('is defined once', () => given().when(define(definition)).then(defined));
  test('may roll up into one that is defined, of its kind and unit', () =>
    given()
      .when(define(ofJobs, jobs))
      .then({ ...defined, data: { facts: { measureId, ...ofJobs } } }));
  test('is revised, each time with the next version', () => {
    given(defined).when(revise(reworded)).then(revised(2, reworded));
    given(defined, revised(2, reworded)).when(revise(redefined)).then(revised(3, redefined));
  });
  test('is revised back to how it was', () => {
    const back = { label: 'Jobs created', comparable: true, reason: 'as it was' };
    given(defined, revised(2, reworded)).when(revise(back)).then(revised(3, back));
  });
  test('opens a new series again for another reason, though its words stay', () => {
    const again = { ...redefined, reason: 'part-time jobs were left out before' };
    given(defined, revised(2, redefined)).when(revise(again)).then(revised(3, again));
  });
});

describe('repeating changes nothing:', () => {
  test.each<[string, MeasureEvent[], MeasureCommand]>([
    ['a definition', [defined], define(definition)],
    ['a definition, after revisions', [defined, revised(2, redefined)], define(definition)],
    [
      'a definition, when the one it rolls up into is not looked up',
      [{ ...defined, data: { facts: { measureId, ...ofJobs } } }],
      define(ofJobs),
    ],
    ['a comparable revision', [defined, revised(2, reworded)], revise(reworded)],
    ['a revision that breaks comparison', [defined, revised(2, redefined)], revise(redefined)],
    [
      'a comparable revision that changes no word',
      [defined],
      revise({ label: 'Jobs created', comparable: true, reason: 'none' }),
    ],
  ])('%s', (_what, history, command) =>
    given(...history)
      .when(command)
      .changesNothing(),
  );
});

describe('refused, the first fault first:', () => {
  const reserved = { ...ofJobs, eventType: 'OutcomeCreated' };
  test.each<[string, MeasureEvent[], MeasureCommand, ExpectedRefusal]>([
    ['defining it otherwise, with a type that is reserved', [defined], define(reserved), 'measure-exists'],
    [
      'defining it as it was revised',
      [defined, revised(2, reworded)],
      define({ ...definition, label: reworded.label }),
      'measure-exists',
    ],
    ['rolling up into what is not there', [], define(ofJobs), 'measure-unknown /rollsUpInto'],
    [
      'rolling up into itself',
      [],
      define({ ...definition, rollsUpInto: measureId }),
      'measure-unknown /rollsUpInto',
    ],
    [
      'rolling up into another kind',
      [],
      define({ ...ofJobs, kind: 'stock' }, jobs),
      'roll-up-mismatch /rollsUpInto',
    ],
    [
      'rolling up into another unit',
      [],
      define({ ...ofJobs, unit: 'posts' }, jobs),
      'roll-up-mismatch /rollsUpInto',
    ],
    [
      'people into what counts none',
      [],
      define({ ...ofJobs, countsPeople: true }, jobs),
      'roll-up-mismatch /rollsUpInto',
    ],
    [
      'a ratio into a ratio',
      [],
      define({ ...ofJobs, kind: 'ratio' }, { ...jobs, kind: 'ratio' }),
      'roll-up-mismatch /rollsUpInto',
    ],
    [
      'a rate into a rate',
      [],
      define({ ...ofJobs, kind: 'rate' }, { ...jobs, kind: 'rate' }),
      'roll-up-mismatch /rollsUpInto',
    ],
    ['revising what is not there', [], revise(reworded), 'measure-unknown'],
  ])('%s', (_what, history, command, refusal) =>
    given(...history)
      .when(command)
      .refuses(refusal),
  );

  test('an event type of the ledger’s own, no parent, and a text that looks like personal data', () =>
    given()
      .when(define({ ...reserved, definition: 'ask someone@example.org' }))
      .refuses(
        'event-type-reserved /eventType',
        'measure-unknown /rollsUpInto',
        'personal-data-suspected /definition',
      ));

  test.each([
    'ProgrammeEnded',
    'OrganisationMerged',
    'MeasureTaken',
    'SubmissionMade',
    'OutcomeReached',
    'LedgerClosed',
    'KeyTurned',
    'CheckpointReached',
  ])('the event type %s', (eventType) =>
    given()
      .when(define({ ...definition, eventType }))
      .refuses('event-type-reserved /eventType'),
  );
});

test('a revision that breaks comparison opens a new series, and one that does not goes on in it', () => {
  const history = [defined, revised(2, reworded), revised(3, redefined), revised(4, reworded)];
  expect(fold(measureDecider, history)).toMatchObject({
    version: 4,
    series: [1, 1, 2, 2],
    label: reworded.label,
    definedAs: definition,
  });
  expect(fold(measureDecider, history)).not.toHaveProperty('definition');
});
