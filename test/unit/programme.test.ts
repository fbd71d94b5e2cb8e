import { describe, expect, test } from '@jest/globals';
import {
  programmeDecider,
  type ProgrammeCommand,
  type ProgrammeDetails,
  type ProgrammeEvent,
} from '../../src/domain/programme.js';
import { fold } from '../../src/kernel/decider.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import type { ChangesTo } from '../../src/kernel/picked.js';
import { parseProgrammeId } from '../../src/kernel/ids.js';
import { decided, type ExpectedRefusal } from '../support/given.js';

const given = decided(programmeDecider);
const programmeId = parseProgrammeId('lipid-management');
const date = parseCalendarDate;
const reason = 'the board decided so';

const asRegistered: ProgrammeDetails = { name: 'Lipid management', startedOn: date('2020-04-01') };
const asAmended: ProgrammeDetails = { ...asRegistered, name: 'Lipids', description: 'Statins and more' };

const register = (details: ProgrammeDetails): ProgrammeCommand => ({
  kind: 'register-programme',
  programmeId,
  details,
});
const amend = (changes: ChangesTo<ProgrammeDetails>): ProgrammeCommand => ({
  kind: 'amend-programme',
  programmeId,
  changes,
  reason,
});
const close = (closedOn: string): ProgrammeCommand => ({
  kind: 'close-programme',
  programmeId,
  closedOn: date(closedOn),
  today: date('2024-05-01'),
  reason,
});
const reopen: ProgrammeCommand = { kind: 'reopen-programme', programmeId, reason };

function dataOf({ description, ...facts }: ProgrammeDetails) {
  return { facts: { programmeId, ...facts }, ...(description !== undefined && { words: { description } }) };
}

const registered: ProgrammeEvent = {
  schema: 'programme-registered@2',
  type: 'ProgrammeRegistered',
  data: dataOf(asRegistered),
};
const amended: ProgrammeEvent = {
  schema: 'programme-amended@2',
  type: 'ProgrammeAmended',
  data: { ...dataOf(asAmended), words: { ...dataOf(asAmended).words, reason } },
};
const closed: ProgrammeEvent = {
  schema: 'programme-closed@2',
  type: 'ProgrammeClosed',
  data: { facts: { programmeId, closedOn: date('2024-03-31') }, words: { reason } },
};
const reopened: ProgrammeEvent = {
  schema: 'programme-reopened@2',
  type: 'ProgrammeReopened',
  data: { facts: { programmeId }, words: { reason } },
};

describe('a programme', () => {
  test('is registered once', () => given().when(register(asRegistered)).then(registered));
  test('is amended', () => given(registered).when(amend(asAmended)).then(amended));
  test('keeps what an amendment leaves out, and loses an optional member that is null', () => {
    const details = {
      ...asRegistered,
      needsSecondPerson: true,
      tags: { theme: 'cardiovascular' },
      description: 'Statins',
    };
    const tagged: ProgrammeEvent = { ...registered, data: dataOf(details) };
    const becomes = ({ description, ...facts }: ProgrammeDetails): ProgrammeEvent => ({
      ...amended,
      data: {
        facts: { programmeId, ...facts },
        words: { ...(description !== undefined && { description }), reason },
      },
    });
    given(tagged)
      .when(amend({ name: 'Lipids' }))
      .then(becomes({ ...details, name: 'Lipids' }));
    given(tagged)
      .when(amend({ needsSecondPerson: null, tags: null, description: null }))
      .then(becomes(asRegistered));
    given(tagged).when(amend({})).changesNothing();
  });
  test('is closed on a day of its life, its first and today included', () => {
    given(registered).when(close('2024-03-31')).then(closed);
    for (const day of ['2020-04-01', '2024-05-01']) {
      given(registered)
        .when(close(day))
        .then({ ...closed, data: { ...closed.data, facts: { programmeId, closedOn: date(day) } } });
    }
  });
  test('is reopened', () => given(registered, closed).when(reopen).then(reopened));
  test('is amended and closed again after it was reopened', () => {
    given(registered, closed, reopened).when(amend(asAmended)).then(amended);
    given(registered, closed, reopened).when(close('2024-03-31')).then(closed);
  });
});

describe('repeating changes nothing:', () => {
  test.each<[string, ProgrammeEvent[], ProgrammeCommand]>([
    ['a registration', [registered], register(asRegistered)],
    ['a registration, after amendments', [registered, amended], register(asRegistered)],
    ['a registration, after closure', [registered, amended, closed], register(asRegistered)],
    ['a registration with the content as amended', [registered, amended], register(asAmended)],
    ['an amendment', [registered, amended], amend(asAmended)],
    ['a closure on the same day', [registered, closed], close('2024-03-31')],
    ['a reopening', [registered, closed, reopened], reopen],
    ['a reopening of what was never closed', [registered], reopen],
  ])('%s', (_what, history, command) =>
    given(...history)
      .when(command)
      .changesNothing(),
  );
});

describe('refused, the first fault first:', () => {
  const beforeItsStart = close('2020-03-31');
  const inTheFuture = close('2024-05-02');
  test.each<[string, ProgrammeEvent[], ProgrammeCommand, ExpectedRefusal]>([
    [
      'registering with another name',
      [registered],
      register({ ...asRegistered, name: 'Lipids' }),
      'programme-exists',
    ],
    [
      'registering with another start',
      [registered],
      register({ ...asRegistered, startedOn: date('2020-04-02') }),
      'programme-exists',
    ],
    [
      'registering with one field more',
      [registered],
      register({ ...asRegistered, description: 'Statins' }),
      'programme-exists',
    ],
    [
      'registering with other content when it is closed',
      [registered, closed],
      register(asAmended),
      'programme-exists',
    ],
    ['amending what is not there', [], amend(asAmended), 'programme-unknown'],
    ['amending what is closed', [registered, closed], amend(asAmended), 'programme-closed'],
    [
      'amending what is closed, even with the same content',
      [registered, closed],
      amend(asRegistered),
      'programme-closed',
    ],
    ['closing what is not there, on an impossible day', [], inTheFuture, 'programme-unknown'],
    ['closing what is closed, on an impossible day', [registered, closed], inTheFuture, 'programme-closed'],
    ['closing what is closed, on another day', [registered, closed], close('2024-03-30'), 'programme-closed'],
    ['closing before it started', [registered], beforeItsStart, 'outside-programme-life /closedOn'],
    ['closing in the future', [registered], inTheFuture, 'outside-programme-life /closedOn'],
    [
      'F11: closing before outcomes that stand',
      [registered],
      {
        ...close('2024-03-31'),
        outside: { to: { outcomes: 2, day: date('2024-04-30') } },
      } as ProgrammeCommand,
      'outcomes-outside-life /closedOn',
    ],
    [
      'L1: starting after outcomes that stand',
      [registered],
      {
        ...amend({ startedOn: date('2021-04-01') }),
        outside: { from: { outcomes: 2, day: date('2020-04-30') } },
      } as ProgrammeCommand,
      'outcomes-outside-life /startedOn',
    ],
    ['reopening what is not there', [], reopen, 'programme-unknown'],
  ])('%s', (_what, history, command, refusal) =>
    given(...history)
      .when(command)
      .refuses(refusal),
  );
});

test('its state is as amended, and says as what it was registered', () => {
  expect(fold(programmeDecider, [registered, amended, closed])).toEqual({
    status: 'closed',
    id: programmeId,
    ...asAmended,
    closedOn: '2024-03-31',
    registeredAs: asRegistered,
  });
  expect(fold(programmeDecider, [registered, closed, reopened])).toEqual({
    status: 'open',
    id: programmeId,
    ...asRegistered,
    registeredAs: asRegistered,
  });
});
