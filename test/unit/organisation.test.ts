import { describe, expect, test } from '@jest/globals';
import {
  nameOn,
  organisationDecider,
  type Organisation,
  type OrganisationCommand,
  type OrganisationDetails,
  type OrganisationEvent,
} from '../../src/domain/organisation.js';
import { fold } from '../../src/kernel/decider.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import { parseOrganisationId } from '../../src/kernel/ids.js';
import type { ChangesTo } from '../../src/kernel/picked.js';
import { decided, type ExpectedRefusal } from '../support/given.js';

const given = decided(organisationDecider);
const organisationId = parseOrganisationId('wessex');
const date = parseCalendarDate;

const register = (name: string): OrganisationCommand => ({
  kind: 'register-organisation',
  organisationId,
  name,
});
const rename = (name: string, from: string): OrganisationCommand => ({
  kind: 'rename-organisation',
  organisationId,
  name,
  from: date(from),
});
const amend = (
  changes: ChangesTo<OrganisationDetails>,
  ancestry: readonly string[] = [],
): OrganisationCommand => ({
  kind: 'amend-organisation',
  organisationId,
  changes,
  ancestry: ancestry.map(parseOrganisationId),
  reason: 'the board decided so',
});
const registered: OrganisationEvent = {
  schema: 'organisation-registered@2',
  type: 'OrganisationRegistered',
  data: { facts: { organisationId, name: 'Wessex AHSN' } },
};
const renamed = (name: string, from: string): OrganisationEvent => ({
  schema: 'organisation-renamed@2',
  type: 'OrganisationRenamed',
  data: { facts: { organisationId, name, from: date(from) } },
});
const today = renamed('Health Innovation Wessex', '2023-10-01');

const amended = (details: OrganisationDetails): OrganisationEvent => ({
  schema: 'organisation-amended@2',
  type: 'OrganisationAmended',
  data: { facts: { organisationId, ...details }, words: { reason: 'the board decided so' } },
});
const network = { kind: 'network', from: date('2013-04-01'), tags: { region: 'south' } };
const east = parseOrganisationId('east');

describe('an organisation', () => {
  test('is registered with its kind, its parent, its life and its tags', () => {
    const details = { ...network, parent: east };
    given()
      .when({ kind: 'register-organisation', organisationId, name: 'Wessex', details, ancestry: [east] })
      .then({ ...registered, data: { facts: { organisationId, name: 'Wessex', ...details } } });
  });
  test('keeps what an amendment leaves out, and loses what is null', () => {
    given(registered, amended(network), today)
      .when(amend({ to: date('2026-03-31'), parent: east }, ['east', 'england']))
      .then(amended({ ...network, to: date('2026-03-31'), parent: east }));
    given(registered, amended({ ...network, parent: east }))
      .when(amend({ parent: null, from: null, tags: null }))
      .then(amended({ kind: 'network' }));
  });
  test('is registered once', () => given().when(register('Wessex AHSN')).then(registered));
  test('is renamed from a date on', () =>
    given(registered).when(rename('Health Innovation Wessex', '2023-10-01')).then(today));
  test('is renamed for a time before another name, when that was told first', () =>
    given(registered, today)
      .when(rename('Wessex AHSN Limited', '2020-04-01'))
      .then(renamed('Wessex AHSN Limited', '2020-04-01')));
  test('takes an earlier name again', () =>
    given(registered, today)
      .when(rename('Wessex AHSN', '2024-04-01'))
      .then(renamed('Wessex AHSN', '2024-04-01')));
});

describe('repeating changes nothing:', () => {
  const later = renamed('Wessex', '2025-04-01');
  test.each<[string, OrganisationEvent[], OrganisationCommand]>([
    ['a registration', [registered], register('Wessex AHSN')],
    ['a registration, after new names', [registered, today, later], register('Wessex AHSN')],
    [
      'a registration under a name that it took later',
      [registered, today],
      register('Health Innovation Wessex'),
    ],
    ['an amendment', [registered, amended(network)], amend(network)],
    ['an amendment that says nothing', [registered], amend({})],
    ['a registration, after an amendment', [registered, amended(network)], register('Wessex AHSN')],
    ['a new name', [registered, today], rename('Health Innovation Wessex', '2023-10-01')],
    [
      'a new name, after later ones',
      [registered, today, later],
      rename('Health Innovation Wessex', '2023-10-01'),
    ],
  ])('%s', (_what, history, command) =>
    given(...history)
      .when(command)
      .changesNothing(),
  );
});

describe('refused, the first fault first:', () => {
  const alike = { id: 'east', name: 'Wessex' };
  test.each<[string, OrganisationEvent[], OrganisationCommand, ExpectedRefusal]>([
    ['registering with a name it never bore', [registered, today], register('Wessex'), 'organisation-exists'],
    [
      'registering with another kind',
      [registered],
      { ...register('Wessex AHSN'), details: network } as OrganisationCommand,
      'organisation-exists',
    ],
    ['amending what is not there', [], amend(network), 'organisation-unknown'],
    ['a parent that is not there', [registered], amend({ parent: east }), 'organisation-unknown /parent'],
    [
      'itself as its parent',
      [registered],
      amend({ parent: organisationId }, ['wessex']),
      'parent-within /parent',
    ],
    [
      'a body within it as its parent',
      [registered],
      amend({ parent: east }, ['east', 'england', 'wessex']),
      'parent-within /parent',
    ],
    [
      'a life that ends before it begins',
      [registered, amended(network)],
      amend({ to: date('2013-03-31') }),
      'life-reversed /to',
    ],
    ['renaming what is not there', [], rename('Wessex', '2023-10-01'), 'organisation-unknown'],
    [
      'a first name that reads like another’s',
      [],
      { ...register('Wessex AHSN'), alike } as OrganisationCommand,
      'name-taken /name',
    ],
    [
      'a new name that reads like another’s',
      [registered],
      { ...rename('Wessex', '2023-10-01'), alike } as OrganisationCommand,
      'name-taken /name',
    ],
    [
      'another name on a date that has one',
      [registered, today],
      rename('Wessex', '2023-10-01'),
      'name-date-taken /from',
    ],
  ])('%s', (_what, history, command, refusal) =>
    given(...history)
      .when(command)
      .refuses(refusal),
  );
});

test.each([
  ['1999-01-01', 'Wessex AHSN'],
  ['2020-03-31', 'Wessex AHSN'],
  ['2020-04-01', 'Wessex AHSN Limited'],
  ['2023-09-30', 'Wessex AHSN Limited'],
  ['2023-10-01', 'Health Innovation Wessex'],
  ['2999-12-31', 'Health Innovation Wessex'],
])('its name on %s is %s, in whatever order the names were told', (day, name) => {
  const middle = renamed('Wessex AHSN Limited', '2020-04-01');
  for (const history of [
    [registered, middle, today],
    [registered, today, middle],
  ]) {
    expect(nameOn(fold(organisationDecider, history) as Organisation, date(day))).toBe(name);
  }
});
