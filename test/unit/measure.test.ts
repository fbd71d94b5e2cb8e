import { describe, expect, test } from '@jest/globals';
import {
  definitionIn,
  isBroken,
  measureDecider,
  type Measure,
  type MeasureCommand,
  type MeasureDefinition,
  type MeasureEvent,
  type MeasureRevision,
} from '../../src/domain/measure.js';
import { fold } from '../../src/kernel/decider.js';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import { parseMeasureId } from '../../src/kernel/ids.js';
import { decided, type ExpectedRefusal } from '../support/given.js';

const given = decided(measureDecider);
const measureId = parseMeasureId('jobs-created');

const definition: MeasureDefinition = {
  label: 'Jobs created',
  unit: 'jobs',
  kind: 'flow',
  decimals: 1,
  mayBeNegative: false,
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
const alike = { id: 'jobs', name: 'Jobs' };
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
const revised = ({ from, label, comparable, ...words }: MeasureRevision): MeasureEvent => ({
  schema: 'measure-revised@2',
  type: 'MeasureRevised',
  data: { facts: { measureId, from, label, comparable }, words },
});
const from = parseFinancialYear('2023-24');
const later = parseFinancialYear('2024-25');
const reworded: MeasureRevision = { from, label: 'Jobs newly created', comparable: true, reason: 'clearer' };
const redefined: MeasureRevision = {
  from: later,
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
  test('is revised from a year on, however the years are ordered', () => {
    given(defined).when(revise(redefined)).then(revised(redefined));
    given(defined, revised(redefined)).when(revise(reworded)).then(revised(reworded));
  });
  test('is revised back to how it was', () => {
    const back = { from: later, label: 'Jobs created', comparable: true, reason: 'as it was' };
    given(defined, revised(reworded)).when(revise(back)).then(revised(back));
  });
  test('is revised again from the same year, for another reason', () => {
    const again = { ...redefined, reason: 'part-time jobs were left out before' };
    given(defined, revised(redefined)).when(revise(again)).then(revised(again));
  });
});

describe('repeating changes nothing:', () => {
  test.each<[string, MeasureEvent[], MeasureCommand]>([
    ['a definition', [defined], define(definition)],
    ['a definition, after revisions', [defined, revised(redefined)], define(definition)],
    [
      'a definition, when the one it rolls up into is not looked up',
      [{ ...defined, data: { facts: { measureId, ...ofJobs } } }],
      define(ofJobs),
    ],
    ['a comparable revision', [defined, revised(reworded)], revise(reworded)],
    ['a revision that breaks comparison', [defined, revised(redefined)], revise(redefined)],
    [
      'a comparable revision that changes no word',
      [defined],
      revise({ from, label: 'Jobs created', comparable: true, reason: 'none' }),
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
      [defined, revised(reworded)],
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
      'rolling up into other decimals',
      [],
      define({ ...ofJobs, decimals: 0 }, jobs),
      'roll-up-mismatch /rollsUpInto',
    ],
    [
      'a breakdown that is named twice',
      [],
      define({ ...definition, breakdowns: [{ id: 'age', values: ['young', 'young'] }] }),
      'breakdown-repeated /breakdowns',
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
    [
      'the event type of another measure',
      [],
      { ...define(definition), sameType: jobs.id } as MeasureCommand,
      'event-type-taken /eventType',
    ],
    ['a label that reads like another’s', [], { ...define(definition), alike }, 'name-taken /label'],
    ['a new label that reads like another’s', [defined], { ...revise(reworded), alike }, 'name-taken /label'],
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

describe('a year is counted by the definition in force for it', () => {
  const year = parseFinancialYear;
  const revisedTo = (...revisions: readonly MeasureRevision[]) =>
    fold(measureDecider, [defined, ...revisions.map((revision) => revised(revision))]) as Measure;

  test('whenever it was revised, and the later of two revisions from one year holds', () => {
    const again = { ...reworded, label: 'New jobs', comparable: false };
    const measure = revisedTo(redefined, reworded, again);
    const labels = ['2022-23', '2023-24', '2024-25', '2030-31'].map(
      (each) => definitionIn(measure, year(each)).label,
    );
    expect(labels).toEqual(['Jobs created', 'New jobs', 'Jobs created', 'Jobs created']);
    expect(definitionIn(measure, year('2024-25')).definition).toBe('Full-time equivalents');
    expect(measure).toMatchObject({ revisions: [again, redefined], definedAs: definition });
  });

  test('and years can be added unless one that cannot be compared begins between them', () => {
    const measure = revisedTo(reworded, redefined);
    const pairs = [
      [2022, 2023],
      [2023, 2024],
      [2022, 2026],
      [2024, 2026],
      [2024, 2024],
    ] as const;
    expect(pairs.map(([first, last]) => isBroken(measure, first, last))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
