/** When a replica is ready, as the store was last seen. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programmeDecider } from '../../src/domain/programme.js';
import { isLevel } from '../../src/operation/health.controller.js';
import { parseCalendarDate } from '../../src/kernel/financial-year.js';
import { parseProgrammeId, programmeStream } from '../../src/kernel/ids.js';
import { Lag } from '../../src/read-models/lag.js';
import { ReadModels } from '../../src/read-models/read-models.js';
import { EventStoreDbStore } from '../../src/store/eventstore/store.js';
import { Clock } from '../../src/kernel/clock.js';
import { runDecider } from '../../src/store/run-decider.js';
import { ProtocolDouble } from '../double/protocol-double.js';

const LEVEL = { lagMs: 0, silentMs: 0, cutShort: false };
const SILENT = { ...LEVEL, lagMs: null };

test.each([
  ['level', LEVEL, true],
  ['a little behind', { ...LEVEL, lagMs: 10_000 }, true],
  ['far behind', { ...LEVEL, lagMs: 10_001 }, false],
  [
    'of a store that is silent for a while, as when its leader changes',
    { ...SILENT, silentMs: 30_000 },
    true,
  ],
  ['of a store that is silent for long', { ...SILENT, silentMs: 30_001 }, false],
  ['of a store that never answered', { ...SILENT, silentMs: null }, false],
  ['of a store that was put back to an older state', { ...LEVEL, cutShort: true }, false],
])('read models %s', (_what, seen, level) => expect(isLevel(seen)).toBe(level));

describe('the store as it was last seen', () => {
  let dataDir: string;
  let double: ProtocolDouble;
  let store: EventStoreDbStore;
  let readModels: ReadModels;
  beforeEach(async () => {
    // What the self-check says of the store that is cut short below is expected.
    Logger.overrideLogger(false);
    dataDir = mkdtempSync(join(tmpdir(), 'ledger-ready-'));
    double = await ProtocolDouble.start();
    store = await EventStoreDbStore.open({ url: double.url });
    const programmeId = parseProgrammeId('lipid-management');
    const details = { name: 'Lipid management', startedOn: parseCalendarDate('2020-04-01') };
    await runDecider({ store, clock: new Clock() }, programmeDecider, {
      stream: programmeStream(programmeId),
      command: { kind: 'register-programme', programmeId, details },
      provenance: { actor: 'tests', role: 'admin', correlationId: 'tests', source: 'api' },
    });
    readModels = new ReadModels({ dataDir, eventStore: { url: double.url } });
    await readModels.start();
  });
  afterEach(async () => {
    await readModels.stop();
    Logger.overrideLogger(['error', 'warn']);
    await store.close();
    await double.kill();
    rmSync(dataDir, { recursive: true });
  });

  test('how long the store has been silent is reckoned from its last answer', async () => {
    const lag = new Lag(store, readModels);
    expect(await lag.look(() => 1_000)).toMatchObject(LEVEL);
    await double.kill();
    expect(await lag.look(() => 5_000)).toMatchObject({ ...SILENT, silentMs: 4_000 });
    await double.restart();
    expect(await new Lag(store, readModels).look()).toMatchObject(LEVEL);
  });

  test('a store that ends before what was read from it is not one that all is level with', async () => {
    double.log.cutTo(0);
    expect(await new Lag(store, readModels).look()).toMatchObject({ ...LEVEL, cutShort: true });
  });
});
