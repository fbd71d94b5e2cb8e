/**
 * A short run of the simulation, from the same seed each time. `npm run simulate` makes a long one from a seed of
 * its own; `SIMULATION_STEPS` and `SIMULATION_SEED` say how long, and repeat one that failed.
 */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SelfCheck } from '../../src/projections/self-check.js';
import { openViewsForReading } from '../../src/projections/views-file.js';
import { openReader } from '../../src/store/open-reader.js';
import { FaultyMachine } from '../support/faulty-machine.js';
import { contentOfViews, viewsFileIn, viewsOf } from '../support/lived-ledger.js';
import { hasTool } from '../support/tools.js';
import { Simulation } from './simulation.js';

const STEPS = Number(process.env['SIMULATION_STEPS'] ?? 400);
const SEED = Number(process.env['SIMULATION_SEED'] ?? 2018);

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-simulation-'));
const machine = hasTool('gcc') ? new FaultyMachine('/events.db') : null;
afterAll(() => {
  machine?.remove();
  rmSync(dataDir, { recursive: true });
});

test(
  `${STEPS} steps from the seed ${SEED} are what the rules say`,
  async () => {
    const simulation = new Simulation(dataDir, SEED, machine);
    try {
      await simulation.run(STEPS);
    } catch (error) {
      const { counts } = simulation;
      throw new Error(`SIMULATION_SEED=${SEED}, step ${counts.steps}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const { counts } = simulation;
    if (process.env['SIMULATION_STEPS']) process.stdout.write(`seed ${SEED}: ${JSON.stringify(counts)}\n`);
    const atLeast = STEPS / 150;
    for (const count of [counts.kills, counts.figures, counts.unanswered])
      expect(count).toBeGreaterThan(atLeast);

    // What it left is what a fresh fold of its events makes.
    const reader = await openReader({ dataDir });
    const events = await reader.readAll(null, 1_000_000);
    const views = openViewsForReading(viewsFileIn(dataDir));
    const report = await new SelfCheck(reader, views).step();
    expect(report).toMatchObject({ ok: true, sequence: events.length - 1 });
    views.close();
    await reader.close();
    expect(contentOfViews(viewsFileIn(dataDir))).toEqual(viewsOf(events));
  },
  60_000 + STEPS * 200,
);
