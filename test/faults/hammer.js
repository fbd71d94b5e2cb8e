/**
 * A ledger under load that waits to be killed: by the built app's own parts, on one data directory, as often as it
 * is started. Eight submit at a time, some anew and some again what was submitted before, until the end.
 *
 * What it does follows from its arguments: the data directory, a seed, and the number of the run. Each
 * acknowledgement is a line of JSON, written out before anything else happens.
 */
'use strict';
const { writeSync } = require('node:fs');
const { ChangeCatalogue, ChangeCatalogueHandler } = require('../../dist/catalogue/catalogue.handler.js');
const { CatalogueTurns } = require('../../dist/read-models/catalogue-turns.js');
const { CatalogueView } = require('../../dist/read-models/catalogue-view.js');
const { ReadModels } = require('../../dist/read-models/read-models.js');
const { holdDataDir } = require('../../dist/store/data-dir.js');
const { Clock } = require('../../dist/kernel/clock.js');
const { SqliteStore } = require('../../dist/store/sqlite/store.js');
const { CatalogueReader } = require('../../dist/submissions/catalogue-reader.js');
const { RecordOutcomes, RecordOutcomesHandler } = require('../../dist/submissions/submissions.handler.js');

const CLIENTS = 8;
const SUBMISSIONS_A_CLIENT_MAX = 40;
const programmeId = 'lipid-management';
const provenance = {
  actor: 'hammer',
  role: 'admin',
  correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
  source: 'api',
};
const CATALOGUE = [
  { kind: 'register-programme', programmeId, details: { name: 'Lipid management', startedOn: '2020-04-01' } },
  ...['flow', 'stock'].map((kind) => ({
    kind: 'define-measure',
    measureId: `a-${kind}`,
    definition: {
      label: kind,
      unit: 'things',
      kind,
      eventType: kind === 'flow' ? 'FlowCounted' : 'StockCounted',
      countsPeople: false,
      rollsUpInto: null,
    },
  })),
];

/** The same for the same number: a submission is known by its number, in every run. */
function submissionOf(number) {
  const outcomes = Array.from({ length: 1 + (number % 3) }, (_, line) => {
    const day = `2023-05-${String(1 + (number % 28)).padStart(2, '0')}`;
    const measureId = (number + line) % 4 === 0 ? 'a-stock' : 'a-flow';
    return { measureId, quantity: 1 + (number % 97), effective: { from: day, to: day }, basis: 'counted' };
  });
  const submissionId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  return { kind: 'submit', submissionId, programmeId, outcomes };
}

async function hammer(dataDir, seed, run) {
  holdDataDir(dataDir);
  const store = await SqliteStore.open(dataDir);
  const readModels = new ReadModels({ dataDir });
  await readModels.start();
  const turns = new CatalogueTurns(store, readModels);
  const clock = new Clock();
  const catalogue = new CatalogueReader(new CatalogueView(readModels), store, turns);
  const changes = new ChangeCatalogueHandler(store, clock, readModels, turns);
  const outcomes = new RecordOutcomesHandler(store, clock, readModels, catalogue);
  for (const command of CATALOGUE) await changes.execute(new ChangeCatalogue(command, provenance));

  const random = randomFrom(seed + run);
  const client = async (place) => {
    for (let turn = 0; turn < SUBMISSIONS_A_CLIENT_MAX; turn++) {
      const fresh = 1 + run * CLIENTS * SUBMISSIONS_A_CLIENT_MAX + turn * CLIENTS + place;
      const number = random() < 0.7 ? fresh : 1 + Math.floor(random() * fresh);
      const receipt = await outcomes.execute(new RecordOutcomes(submissionOf(number), provenance));
      writeSync(1, `${JSON.stringify({ number, ...receipt })}\n`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, place) => client(place)));
  // Whoever came to the end is killed in its rest, which is a moment like any other.
  setInterval(() => undefined, 1_000);
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

module.exports = { randomFrom, submissionOf };

if (require.main === module) {
  const [dataDir, seed, run] = process.argv.slice(2);
  hammer(dataDir, Number(seed), Number(run)).catch((error) => {
    writeSync(2, `${error.stack}\n`);
    process.exit(1);
  });
}
