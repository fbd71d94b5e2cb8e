/**
 * Clocks that jump, stand in another part of the world, or count a second twice: ledger time never goes back, what
 * was recorded by a clock that was wrong says so, and days are London's.
 */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { FaultyMachine } from '../support/faulty-machine.js';
import { makeKey, withKey } from '../support/keys.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme, submit } from '../support/outcomes.js';
import { told } from '../support/refusals.js';
import { hasTool, needsTool } from '../support/tools.js';

interface Event {
  readonly time: string;
  readonly ledgertime: string;
  readonly ledgersequence: number;
  readonly clocksteppedback?: true;
}
interface Readiness {
  readonly status: string;
  readonly clockMovedMs: number;
  readonly clockBehindMs: number;
}

const DAY_S = 86_400;
/** A clock that moves by less than an hour is followed. */
const HALF_HOUR_S = 1_800;
const A_MINUTE_MS = 60_000;
const withCompiler = needsTool('gcc');

let machine: FaultyMachine | undefined;
let ledger: Ledger;
beforeAll(() => {
  if (hasTool('gcc')) machine = new FaultyMachine('/events.db');
});
afterAll(() => machine?.remove());
afterEach(async () => {
  machine?.moveClock(0);
  await ledger.remove();
});

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  ledger = await Ledger.start({ ...machine?.env, LOG_LEVEL: 'silent', ...env });
  await registerProgramme(ledger);
}

/** As it tells of itself. */
async function recordOne(): Promise<Event> {
  const { sequence } = await record(ledger, 'asthma-care', OUTCOME);
  return (await eventsAfter(sequence - 1))[0]!;
}

async function eventsAfter(sequence: number | null): Promise<readonly Event[]> {
  const after = sequence === null ? '' : `after=${sequence}&`;
  const { body } = await ledger.call<{ events: readonly Event[] }>('GET', `/v1/events?${after}limit=1000`);
  return body.events;
}

const readiness = async () => (await ledger.call<Readiness>('GET', '/health/ready')).body;

async function expectLedgerTimeNeverBack(): Promise<void> {
  const times = (await eventsAfter(null)).map(({ ledgertime }) => ledgertime);
  expect(times).toEqual([...times].sort());
}

withCompiler(
  'set back by half an hour, ledger time goes on, and readiness and events tell of the clock',
  async () => {
    await start();
    const before = await recordOne();
    machine!.moveClock(-HALF_HOUR_S);
    const after = await recordOne();
    // One process does not go back at all.
    expect(after.time >= before.time).toBe(true);
    const { status, clockMovedMs, clockBehindMs } = await readiness();
    expect(status).toBe('ready');
    for (const ms of [-clockMovedMs, clockBehindMs])
      expect(Math.abs(ms - HALF_HOUR_S * 1_000)).toBeLessThan(A_MINUTE_MS);
    const { text } = await ledger.call('GET', '/metrics');
    expect(text).toMatch(/^ledger_clock_behind_seconds 1[78]\d\d/m);
    // The next one knows nothing of it: its events are flagged instead.
    await ledger.stop();
    await ledger.start();
    const flagged = await recordOne();
    expect(flagged.time < before.time).toBe(true);
    expect([flagged.clocksteppedback, flagged.ledgertime]).toEqual([true, after.ledgertime]);
    await expectLedgerTimeNeverBack();
  },
);

withCompiler(
  'set forward by half an hour and right again, it stays where it came to, and says so',
  async () => {
    await start();
    machine!.moveClock(HALF_HOUR_S);
    const ahead = await recordOne();
    expect(Math.abs((await readiness()).clockMovedMs - HALF_HOUR_S * 1_000)).toBeLessThan(A_MINUTE_MS);
    machine!.moveClock(0);
    await ledger.stop();
    await ledger.start();
    expect(Math.abs((await readiness()).clockBehindMs - HALF_HOUR_S * 1_000)).toBeLessThan(A_MINUTE_MS);
    const right = await recordOne();
    expect([right.clocksteppedback, right.ledgertime]).toEqual([true, ahead.ledgertime]);
    await expectLedgerTimeNeverBack();
  },
);

withCompiler(
  'M3: what leapt ahead by years dates nothing, and a clock that is right again is taken as it is',
  async () => {
    await start();
    const reporter = await makeKey(ledger, { role: 'reporter' });
    const measures = () => ledger.call('GET', '/v1/measures?limit=1', { headers: withKey(reporter.key) });
    const before = await recordOne();
    const inTenYears = new Date(Date.now() + 3_000 * DAY_S * 1_000).toISOString().slice(0, 10);
    for (const leap of [3_650 * DAY_S, -2 * DAY_S]) {
      machine!.moveClock(leap);
      const refused = await submit(ledger, 'asthma-care', [OUTCOME]);
      expect(told(refused)).toBe('503 clock-leapt');
      const { status } = await ledger.call('POST', '/v1/organisations', { body: { id: 'new', name: 'New' } });
      expect(status).toBe(503);
      expect((await readiness()).status).toBe('not-ready');
      machine!.moveClock(0);
    }
    expect((await readiness()).status).toBe('ready');
    expect((await measures()).status).toBe(200);
    const future = { ...OUTCOME, effective: { from: inTenYears, to: inTenYears } };
    expect((await submit(ledger, 'asthma-care', [future])).status).toBe(422);
    const after = await recordOne();
    expect(Date.parse(after.ledgertime) - Date.parse(before.ledgertime)).toBeLessThan(A_MINUTE_MS);
  },
);

withCompiler('M3: a ledger that is started with the clock that leapt takes it for right', async () => {
  await start();
  machine!.moveClock(DAY_S);
  expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(503);
  await ledger.stop();
  await ledger.start();
  expect((await submit(ledger, 'asthma-care', [OUTCOME])).status).toBe(201);
});

withCompiler(
  'a leap second, which machines count by standing still or going back for one, is no step back',
  async () => {
    await start();
    const before = await recordOne();
    machine!.moveClock(-1);
    const after = await recordOne();
    expect(after.time >= before.time).toBe(true);
    expect(after.clocksteppedback).toBeUndefined();
    // Nobody can name one: an instant is what the rest of the world takes for one.
    const { status } = await ledger.call(
      'GET',
      '/v1/totals/since?measure=patients-benefited&asAt=2016-12-31T23:59:60Z',
    );
    expect(status).toBe(400);
    await expectLedgerTimeNeverBack();
  },
);

test.each(['Pacific/Kiritimati', 'Etc/GMT+12'])('in the time zone %s, days are London’s', async (TZ) => {
  await start({ TZ });
  const london = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/London' });
  const now = Date.now();
  const [today, tomorrow] = [now, now + DAY_S * 1_000].map((ms) => london.format(ms)) as [string, string];
  const on = (day: string) => ({ ...OUTCOME, effective: { from: day, to: day } });
  // At midnight itself both days may be right.
  if (london.format(Date.now() + A_MINUTE_MS) !== today) return;
  const statuses = [on(today), on(tomorrow)].map(
    async (outcome) => (await submit(ledger, 'asthma-care', [outcome])).status,
  );
  expect(await Promise.all(statuses)).toEqual([201, 422]);
  const { time } = await recordOne();
  expect(Math.abs(Date.parse(time) - now)).toBeLessThan(A_MINUTE_MS);
});
