/** A directory is held against itself while its ledger goes on recording and signing. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { makeSignerKey, parseSignerKey, signNote } from '../../src/tlog/note.js';
import { verifyLive } from '../../src/audit/verify-live.js';
import { organisationDecider } from '../../src/domain/organisation.js';
import { organisationStream, type OrganisationId } from '../../src/kernel/ids.js';
import { Clock } from '../../src/kernel/clock.js';
import { runDecider } from '../../src/store/run-decider.js';
import type { EventStore } from '../../src/store/event-store.js';
import { eventsFile, SqliteStore } from '../../src/store/sqlite/store.js';
import { openReader } from '../../src/store/open-store.js';
import { rebuildOffline } from '../../src/read-models/rebuild.js';
import { AuditedLedger, headIn, ORIGIN, textOf } from '../support/audited-ledger.js';
import { LivedLedger, viewsFileIn } from '../support/lived-ledger.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { longHistory } from '../support/long-history.js';

let lived: LivedLedger;
beforeAll(async () => {
  lived = await LivedLedger.of(longHistory(10));
});
afterAll(() => lived.remove());

test('what is signed while it is being compared is no tampering', async () => {
  const ledger = new AuditedLedger(lived);
  await ledger.checkpoint();
  let signedMeanwhile = false;
  const onProgress = async () => {
    if (signedMeanwhile) return;
    signedMeanwhile = true;
    await register('new-network');
    await lived.readModels.reach(lived.events.length);
    await ledger.checkpoint();
  };
  const report = await verifyLive({
    store: { dataDir: lived.dataDir },
    signingDir: join(lived.dataDir, 'signing'),
    onProgress,
  });
  expect(signedMeanwhile).toBe(true);
  expect(report).toMatchObject({ verdict: 'good', faults: [] });
  // What was recorded meanwhile may be among what is compared.
  expect([0, 1]).toContain(report.events - lived.events.length);
});

test('a checkpoint that was kept, of a key that is trusted no more, leaves open what it vouches for', async () => {
  await new AuditedLedger(lived).checkpoint();
  const retired = parseSignerKey(makeSignerKey(ORIGIN, 'log'));
  const { note } = parseCheckpoint(textOf(headIn(lived.dataDir)));
  const report = await verifyLive({
    store: { dataDir: lived.dataDir },
    signingDir: join(lived.dataDir, 'signing'),
    since: signNote(note.text, [retired]),
  });
  expect(report).toMatchObject({ verdict: 'cannot tell', faults: [] });
  expect(report.doubts).toEqual(['the checkpoint that was kept was not signed with a key that is trusted']);
});

test.each([
  [
    'an event whose content was altered, by its sequence',
    eventsFile,
    `UPDATE appends SET events = replace(events, 'wessex', 'wessey') WHERE stream = 'organisation-wessex'`,
    /^sequence \d+: event \S+ \(organisation-wessex revision 0\) was altered: the facts have the hash/,
  ],
  [
    'a checkpoint of the read models that is gone',
    viewsFileIn,
    'DELETE FROM checkpoint',
    /^the checkpoint in the read models is gone$/,
  ],
  [
    'B4: a value that differs behind its first 200 characters',
    viewsFileIn,
    `UPDATE catalogue SET state = state || ' ' WHERE kind = 'measure' AND id = 'jobs'`,
    /jobs.*: state in catalogue is .*, but .* by the events$/,
  ],
])('it names %s', async (_what, fileIn, sql, says) => {
  await new AuditedLedger(lived).checkpoint();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-altered-'));
  cpSync(lived.dataDir, dataDir, { recursive: true });
  const db = openDatabase(fileIn(dataDir), PUBLIC_KEY);
  expect(db.prepare(sql).run().changes).toBe(1);
  db.close();
  const report = await verifyLive({ store: { dataDir }, signingDir: join(dataDir, 'signing') });
  expect(report).toMatchObject({ verdict: 'tampered', faults: [expect.stringMatching(says)] });
  rmSync(dataDir, { recursive: true });
});

test('A3: it says that the store has events which the read models do not have', async () => {
  await new AuditedLedger(lived).checkpoint();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-beyond-'));
  cpSync(lived.dataDir, dataDir, { recursive: true });
  const store = await SqliteStore.open(dataDir);
  await register('unseen', store);
  await store.close();
  const report = await verifyLive({ store: { dataDir }, signingDir: join(dataDir, 'signing') });
  expect(report).toMatchObject({
    verdict: 'cannot tell',
    faults: [],
    doubts: [expect.stringMatching(/the store has 1 events or more after sequence/)],
  });
  rmSync(dataDir, { recursive: true });
});

test('A5: it names an event that was dated back before a checkpoint that was kept', async () => {
  const since = await new AuditedLedger(lived).checkpoint();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-dated-'));
  cpSync(lived.dataDir, dataDir, { recursive: true });
  const store = await SqliteStore.open(dataDir);
  await register('dated-back', store, new ClockOf('2001-02-01T12:00:00Z'));
  await store.close();
  const reader = await openReader({ dataDir });
  await rebuildOffline(reader, { dataDir, key: PUBLIC_KEY }, () => undefined);
  await reader.close();
  const { size } = parseCheckpoint(since);
  const report = await verifyLive({ store: { dataDir }, signingDir: join(dataDir, 'signing'), since });
  expect(report).toMatchObject({
    verdict: 'tampered',
    faults: [
      expect.stringMatching(new RegExp(`^sequence ${size}: the event .* is dated 2001-02-01.*back-dated$`)),
    ],
  });
  rmSync(dataDir, { recursive: true });
});

class ClockOf extends Clock {
  constructor(private readonly instant: string) {
    super();
  }

  override recording(): number {
    return Date.parse(this.instant);
  }
}

async function register(name: string, store: EventStore = lived.store, clock = new Clock()): Promise<void> {
  const organisationId = name as OrganisationId;
  await runDecider({ store, clock }, organisationDecider, {
    stream: organisationStream(organisationId),
    command: { kind: 'register-organisation', organisationId, name },
    provenance: {
      actor: 'tests',
      role: 'admin',
      correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
      source: 'api',
    },
  });
}
