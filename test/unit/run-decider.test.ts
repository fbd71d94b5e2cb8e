/** How decisions about one stream follow one another. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problemOf } from '../../src/api/problem.filter.js';
import { organisationDecider } from '../../src/domain/organisation.js';
import { Clock } from '../../src/kernel/clock.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import { organisationStream, parseOrganisationId } from '../../src/kernel/ids.js';
import { AppendCounts, CountedStore } from '../../src/store/counted-store.js';
import { WrongExpectedRevision, type EventStore } from '../../src/store/event-store.js';
import { Contended, runDecider } from '../../src/store/run-decider.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';
import { refusal } from '../contracts/store-fixture.js';

const provenance = { actor: 'tests', role: 'admin', correlationId: 'tests', source: 'api' } as const;
const organisationId = parseOrganisationId('wessex');
const stream = organisationStream(organisationId);
let dir: string;
let counts: AppendCounts;
let store: EventStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-decider-'));
  counts = new AppendCounts();
  store = new CountedStore(await SqliteStore.open(dir), counts);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

type Command = Parameters<typeof organisationDecider.decide>[1];
const run = (command: Command, decider = organisationDecider, expectNew = false) =>
  runDecider({ store, clock: new Clock() }, decider, { stream, command, provenance, expectNew });
const renamed = (name: string, day = 1): Command => {
  const from = parseCalendarDate(`2024-04-${String(day).padStart(2, '0')}`);
  return { kind: 'rename-organisation', organisationId, name, from };
};
const register: Command = { kind: 'register-organisation', organisationId, name: 'Wessex' };

test('M5: decisions about one stream wait for one another, and none is made in vain', async () => {
  await run(register);
  const names = Array.from({ length: 30 }, (_, index) => `Wessex ${index}`);
  await Promise.all(names.map((name, index) => run(renamed(name, index + 1))));
  const { values } = await counts.appends.get();
  expect(values.map(({ labels, value }) => [labels.outcome, value])).toEqual([
    ['appended', 1 + names.length],
    ['overtaken', 0],
    ['failed', 0],
  ]);
});

test('M5: one that is refused or fails keeps nobody waiting', async () => {
  const [early, , late] = await Promise.allSettled([
    run(renamed('Too early')),
    run(register),
    run(renamed('Wessex Partners')),
  ]);
  expect([early.status, late.status]).toEqual(['rejected', 'fulfilled']);
});

test('M5: a stream that others change each time is told apart from a store that is down', async () => {
  const overtaken = Object.create(store, {
    append: { value: () => Promise.reject(new WrongExpectedRevision(stream, 0, 1)) },
  }) as EventStore;
  const asked = { stream, command: register, provenance };
  const error = await refusal(
    runDecider({ store: overtaken, clock: new Clock() }, organisationDecider, asked),
  );
  expect(error).toBeInstanceOf(Contended);
  expect(problemOf(error, 'request')).toMatchObject({
    status: 503,
    type: expect.stringContaining('overloaded'),
  });
});

test('R1: a command that meets its own first append, still under way, finds what that recorded', async () => {
  // A server that knows the ids of the events from another stream says so instead of waiting for the first append.
  const underWay = Object.create(store, {
    append: {
      value: async (...append: Parameters<EventStore['append']>) => {
        await store.append(...append);
        throw new WrongExpectedRevision(stream, 'no-stream', 'no-stream');
      },
    },
  }) as EventStore;
  const asked = { stream, command: register, provenance };
  const decided = await runDecider({ store: underWay, clock: new Clock() }, organisationDecider, asked);
  expect([decided.appended, decided.history.length]).toEqual([null, 1]);
});

test('H2: what is refused is decided once where there is no earlier command', async () => {
  let decisions = 0;
  const counting = {
    ...organisationDecider,
    decide: (...[state, command]: Parameters<typeof organisationDecider.decide>) => {
      decisions++;
      return organisationDecider.decide(state, command);
    },
  };
  await expect(run(renamed('Too early'), counting, true)).rejects.toThrow();
  expect(decisions).toBe(1);
});
