/** Every decider asks of its free texts what personal-data.ts says, keeps an override, and repeats what it recorded. */
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { measureDecider, type MeasureCommand } from '../../src/domain/measure.js';
import { organisationDecider, type OrganisationCommand } from '../../src/domain/organisation.js';
import { programmeDecider, type ProgrammeCommand } from '../../src/domain/programme.js';
import { standardCatalogue } from '../../src/catalogue/standard.js';
import { fold, type Decider } from '../../src/kernel/decider.js';
import { parseCalendarDate, parseFinancialYear } from '../../src/kernel/financial-year.js';
import { textFaults } from '../../src/kernel/free-text.js';
import { parseMeasureId, parseOrganisationId, parseProgrammeId } from '../../src/kernel/ids.js';
import type { EventData } from '../../src/kernel/event-data.js';
import type { SubmissionEvent } from '../../src/domain/submission-event.js';
import type { OutcomeContent } from '../../src/domain/outcome.js';
import { decided, type ExpectedRefusal } from '../support/given.js';
import {
  content,
  correct,
  corrected,
  given,
  recorded,
  replacing,
  submit,
  withdraw,
  withdrawn,
} from '../support/submissions.js';

const NUMBER = '943 476 5919';
const personalDataOverride = { reason: 'a grant reference that passes the check' };
const overriding = <Command extends object>(command: Command) => ({ ...command, personalDataOverride });
const keeping = <Event extends { readonly data: EventData<object, object> }>(event: Event): Event => ({
  ...event,
  data: { ...event.data, words: { ...event.data.words, personalDataOverride } },
});

const noted: OutcomeContent = { ...content, note: `seen as ${NUMBER}` };
const because = `of ${NUMBER}`;

describe('outcomes', () => {
  test('are refused with every text at fault, after the other faults of each', () =>
    given()
      .when(
        submit([
          { ...noted, organisationId: parseOrganisationId('nobody') },
          {
            ...content,
            evidence: { title: 'mail of someone@example.org', uri: 'https://example.org/?nhs=9434765919' },
          },
        ]),
      )
      .refuses(
        'organisation-unknown /outcomes/0/organisation',
        'personal-data-suspected /outcomes/0/note',
        'personal-data-suspected /outcomes/1/evidence/title',
        'personal-data-suspected /outcomes/1/evidence/uri',
      ));

  test('are recorded with an override, which those keep that needed it', () =>
    given()
      .when(overriding(submit([content, noted])))
      .then(recorded(1, content), keeping(recorded(2, noted))));

  test.each<[string, readonly SubmissionEvent[]]>([
    ['with the override', [keeping(recorded(1, noted))]],
    ['before there was this rule', [recorded(1, noted)]],
  ])('recorded %s get their receipt again, with an override or without', (_when, history) => {
    for (const again of [submit([noted]), overriding(submit([noted]))]) {
      given(...history)
        .when(again)
        .changesNothing();
    }
  });

  test('are corrected and withdrawn under the same rule', () => {
    const history = [recorded(1, content)];
    given(...history)
      .when(correct(noted, 0, { reason: because }))
      .refuses('personal-data-suspected /note', 'personal-data-suspected /reason');
    given(...history)
      .when(withdraw(0, { reason: because }))
      .refuses('personal-data-suspected /reason');
    const correction = keeping(corrected(noted, replacing(content, 0, 0)));
    given(...history)
      .when(overriding(correct(noted, 0)))
      .then(correction);
    const { data, ...withdrawal } = withdrawn(replacing(content, 0, 0));
    given(...history)
      .when(overriding(withdraw(0, { reason: because })))
      .then(keeping({ ...withdrawal, data: { ...data, words: { reason: because } } } as SubmissionEvent));
    for (const again of [correct(noted, 0), overriding(correct(noted, 0))]) {
      given(...history, correction)
        .when(again)
        .changesNothing();
    }
  });

  test('keep nothing of an override that was not needed', () => {
    given()
      .when(overriding(submit([content])))
      .then(recorded(1, content));
    given(recorded(1, content))
      .when(overriding(withdraw(0)))
      .then(withdrawn(replacing(content, 0, 0)));
  });

  test('are not the reason of their override, nor is it what a correction replaces', () => {
    given(keeping(recorded(1, noted)))
      .when(withdraw(0))
      .then(withdrawn(replacing(noted, 0, 0)));
  });
});

test('the reason of an override is a text, too, and nothing overrides what is said of it', () => {
  const override = { personalDataOverride: { reason: `it is ${NUMBER}` } };
  given()
    .when({ ...submit([noted]), ...override })
    .refuses('personal-data-suspected /personalDataOverride/reason');
  given(recorded(1, content))
    .when({ ...withdraw(0), ...override })
    .refuses('personal-data-suspected /personalDataOverride/reason');
});

describe('a text that does not read as it is written', () => {
  const turning = 'recounted \u202e00021 ot 0021';
  const unseen = '\u200b\u2060 \ufeff\u3164';

  test('is refused, whatever overrides what it looks like, and with the reason of an override too', () => {
    given()
      .when(
        overriding(
          submit([
            { ...content, note: turning },
            { ...content, evidence: { title: unseen } },
          ]),
        ),
      )
      .refuses('text-unreadable /outcomes/0/note', 'text-unreadable /outcomes/1/evidence/title');
    const override = { personalDataOverride: { reason: unseen } };
    given()
      .when({ ...submit([noted]), ...override })
      .refuses('text-unreadable /personalDataOverride/reason');
    const because = { reason: turning };
    given(recorded(1, content))
      .when({ ...withdraw(0), ...because })
      .refuses('text-unreadable /reason');
  });

  test('that was recorded before there was this rule is repeated for ever', () => {
    given(recorded(1, { ...content, note: turning }))
      .when(submit([{ ...content, note: turning }]))
      .changesNothing();
  });

  test('says which character it is', () => {
    expect(textFaults({ note: turning }, undefined)[0]!.detail).toMatch(
      /^the text holds U\+202E, which turns/,
    );
  });

  test.each(['שלום', 'نص عربي', 'a\u200bb', 'fi\u200dn', '👩\u200d👩\u200d👧', 'right \u200f to left', '—'])(
    'is not %j',
    (text) => expect(textFaults({ text }, undefined)).toEqual([]),
  );
});

test('what is told names the field and what was found, and repeats nothing', () => {
  expect(textFaults({ note: `Jane Placeholder, SW1A 1AA, ${NUMBER}` }, undefined, '/outcomes/0')).toEqual([
    {
      code: 'personal-data-suspected',
      detail:
        'the text looks as if it held an NHS number and a postcode with a name: take it out, or override this with a reason',
      pointer: '/outcomes/0/note',
    },
  ]);
});

const programmeId = parseProgrammeId('lipid-management');
const organisationId = parseOrganisationId('wessex');
const measureId = parseMeasureId('feno-tests');
const date = parseCalendarDate('2023-04-01');
const details = { name: NUMBER, startedOn: date, description: 'ask someone@example.org' };
const definition = {
  label: NUMBER,
  unit: NUMBER,
  kind: 'flow',
  decimals: 0,
  mayBeNegative: false,
  eventType: 'FenoTestDone',
  countsPeople: false,
  rollsUpInto: null,
  definition: 'ask someone@example.org',
} as const;
const { definition: _, ...ofDefinition } = definition;
const revision = {
  from: parseFinancialYear('2024-25'),
  label: NUMBER,
  definition: because,
  comparable: true,
  reason: because,
};

const programme = [
  {
    schema: 'programme-registered@2',
    type: 'ProgrammeRegistered',
    data: { facts: { programmeId, name: 'Lipids', startedOn: date } },
  },
] as const;
const closed = [
  ...programme,
  {
    schema: 'programme-closed@2',
    type: 'ProgrammeClosed',
    data: { facts: { programmeId, closedOn: date }, words: { reason: 'done' } },
  },
] as const;
const organisation = [
  {
    schema: 'organisation-registered@2',
    type: 'OrganisationRegistered',
    data: { facts: { organisationId, name: 'Wessex' } },
  },
] as const;
const measure = [
  {
    schema: 'measure-defined@2',
    type: 'MeasureDefined',
    data: {
      facts: { measureId, ...ofDefinition, label: 'FeNO', unit: 'tests' },
      words: { definition: 'Tests.' },
    },
  },
] as const;

interface Case {
  readonly history: readonly unknown[];
  readonly command: ProgrammeCommand | OrganisationCommand | MeasureCommand;
  readonly fields: readonly string[];
}
const CASES: readonly Case[] = [
  {
    history: [],
    command: { kind: 'register-programme', programmeId, details },
    fields: ['name', 'description'],
  },
  {
    history: programme,
    command: { kind: 'amend-programme', programmeId, changes: details, reason: because },
    fields: ['name', 'description', 'reason'],
  },
  {
    history: programme,
    command: { kind: 'close-programme', programmeId, closedOn: date, today: date, reason: because },
    fields: ['reason'],
  },
  {
    history: closed,
    command: { kind: 'reopen-programme', programmeId, reason: because },
    fields: ['reason'],
  },
  { history: [], command: { kind: 'register-organisation', organisationId, name: NUMBER }, fields: ['name'] },
  {
    history: organisation,
    command: {
      kind: 'amend-organisation',
      organisationId,
      changes: { kind: 'network' },
      reason: because,
    },
    fields: ['reason'],
  },
  {
    history: organisation,
    command: { kind: 'rename-organisation', organisationId, name: NUMBER, from: date },
    fields: ['name'],
  },
  {
    history: [],
    command: { kind: 'define-measure', measureId, definition, parent: undefined },
    fields: ['label', 'unit', 'definition'],
  },
  {
    history: measure,
    command: { kind: 'revise-measure', measureId, revision },
    fields: ['label', 'definition', 'reason'],
  },
];

describe.each(CASES.map((each) => [each.command.kind, each] as const))(
  '%s',
  (kind, { history, command, fields }) => {
    const name = kind.endsWith('programme')
      ? 'programme'
      : kind.endsWith('measure')
        ? 'measure'
        : 'organisation';
    const decider = {
      programme: programmeDecider,
      measure: measureDecider,
      organisation: organisationDecider,
    }[name] as unknown as Decider<unknown, object, { readonly data: object }>;
    const after = decided(decider)(...(history as { readonly data: object }[]));

    test('names every text at fault', () => {
      const [first, ...others] = fields.map(
        (field) => `personal-data-suspected /${field}` as ExpectedRefusal,
      );
      after.when(command).refuses(first!, ...others);
    });

    test('keeps an override with its event, and neither in its state nor without need', () => {
      const state = fold(decider, history as { readonly data: object }[]);
      const [event, ...more] = decider.decide(state, overriding(command));
      expect(more).toEqual([]);
      expect(event!.data).toMatchObject({ words: { personalDataOverride } });
      const evolved = decider.evolve(state, event!);
      expect(JSON.stringify(evolved)).not.toContain('personalDataOverride');
      // Repeated, with it or without, it changes nothing.
      for (const again of [command, overriding(command)]) {
        decided(decider)(...(history as { readonly data: object }[]), event!)
          .when(again)
          .changesNothing();
      }
    });
  },
);

test('a closure outside the life of its programme says so first', () =>
  decided(programmeDecider)(...programme)
    .when({
      kind: 'close-programme',
      programmeId,
      closedOn: parseCalendarDate('2023-03-31'),
      today: date,
      reason: because,
    })
    .refuses('outside-programme-life /closedOn', 'personal-data-suspected /reason'));

test('the standard catalogue and the example hold nothing that looks like personal data', () => {
  const texts = standardCatalogue().map((entry) => JSON.stringify(entry));
  for (const text of [...texts, readFileSync('examples/published-claims.csv', 'utf8')]) {
    expect(textFaults({ text }, undefined)).toEqual([]);
  }
});
