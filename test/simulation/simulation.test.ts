/**
 * A short run of the simulations, from the same seed each time. `npm run simulate` makes a long one from a seed of
 * its own; `SIMULATION_STEPS` and `SIMULATION_SEED` say how long, and repeat one that failed.
 */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SelfCheck } from '../../src/read-models/self-check.js';
import { openViewsForReading } from '../../src/read-models/views-file.js';
import { openReader } from '../../src/store/open-store.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { FaultyMachine } from '../support/faulty-machine.js';
import { contentOfViews, viewsFileIn, viewsOf } from '../support/lived-ledger.js';
import { hasTool } from '../support/tools.js';
import { breakCluster, breakDisk } from './break-store.js';
import { Replica, type Place } from './replica.js';
import { PUBLIC_KEY } from '../../src/store/database.js';
import { Simulation } from './simulation.js';

const STEPS = Number(process.env['SIMULATION_STEPS'] ?? 300);
/** A step takes longer where a cluster is in trouble, and time-outs are waited for. */
const REPLICAS_STEPS = Math.ceil(STEPS / 4);
const SEED = Number(process.env['SIMULATION_SEED'] ?? 2018);
const testMsMax = (steps: number) => 60_000 + steps * 1_000;

const machines: FaultyMachine[] = [];
const dirs: string[] = [];
afterAll(() => {
  machines.forEach((machine) => machine.remove());
  dirs.forEach((dir) => rmSync(dir, { recursive: true }));
});

function makePlace(storeUrl?: string): Place {
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-simulation-'));
  dirs.push(dataDir);
  const machine = hasTool('gcc') ? new FaultyMachine('/events.db') : null;
  if (machine) machines.push(machine);
  return { dataDir, machine, ...(storeUrl !== undefined && { storeUrl }) };
}

test(
  `${STEPS} steps from the seed ${SEED} are what the rules say`,
  async () => {
    const place = makePlace();
    const { machine } = place;
    const breakStore = machine && breakDisk.bind(null, machine);
    const simulation = new Simulation([new Replica(place)], SEED, breakStore);
    await run(simulation, STEPS);
    if (breakStore) expectFaults(simulation, STEPS);
    await expectFreshFold(place);
  },
  testMsMax(STEPS),
);

test(
  `${REPLICAS_STEPS} steps of two replicas from the seed ${SEED} are what the rules say`,
  async () => {
    const double = await ProtocolDouble.start({ nodes: 3 });
    try {
      const url = `${double.url}&defaultDeadline=1000`;
      const places = [makePlace(url), makePlace(url)];
      const replicas = places.map((place) => new Replica(place));
      const simulation = new Simulation(replicas, SEED, breakCluster.bind(null, double));
      await run(simulation, REPLICAS_STEPS);
      expectFaults(simulation, REPLICAS_STEPS);
      for (const place of places) await expectFreshFold(place);
    } finally {
      await double.kill();
    }
  },
  testMsMax(REPLICAS_STEPS),
);

async function run(simulation: Simulation, steps: number): Promise<void> {
  const { counts } = simulation;
  try {
    await simulation.run(steps);
  } catch (error) {
    throw new Error(`SIMULATION_SEED=${SEED}, step ${counts.steps}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (process.env['SIMULATION_STEPS']) process.stdout.write(`seed ${SEED}: ${JSON.stringify(counts)}\n`);
  for (const count of [counts.kills, counts.figures, counts.meetings])
    expect(count).toBeGreaterThan(steps / 150);
}

/** Else nothing went wrong, and nothing was shown. Some two of a hundred steps meet a fault. */
function expectFaults({ counts }: Simulation, steps: number): void {
  expect(counts.faults).toBeGreaterThanOrEqual(Math.floor(steps / 300));
}

/** What it left is what a fresh fold of its events makes. */
async function expectFreshFold({ dataDir, storeUrl }: Place): Promise<void> {
  const eventStore = storeUrl === undefined ? undefined : { url: storeUrl };
  const reader = await openReader({ dataDir, ...(eventStore && { eventStore }) });
  const events = await reader.readAll(null, 1_000_000);
  const views = openViewsForReading(viewsFileIn(dataDir), PUBLIC_KEY);
  const report = await new SelfCheck(reader, views).step();
  expect(report).toMatchObject({ ok: true, sequence: events.length - 1 });
  views.close();
  await reader.close();
  expect(contentOfViews(viewsFileIn(dataDir))).toEqual(viewsOf(events));
}
