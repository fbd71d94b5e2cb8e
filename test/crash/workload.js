/**
 * A short run of a ledger on one data directory, by the built app's own parts: run again after a crash, with the
 * same keys, it goes on where it was. Each acknowledgement is written out at once, as a line of JSON.
 */
'use strict';
const { writeSync } = require('node:fs');
const { filter, firstValueFrom } = require('rxjs');
const { ChangeCatalogue, ChangeCatalogueHandler } = require('../../dist/catalogue/catalogue.handler.js');
const { CatalogueTurns } = require('../../dist/read-models/catalogue-turns.js');
const { CatalogueView } = require('../../dist/read-models/catalogue-view.js');
const { ReadModels } = require('../../dist/read-models/read-models.js');
const { holdDataDir } = require('../../dist/store/data-dir.js');
const { Clock } = require('../../dist/kernel/clock.js');
const { SqliteStore } = require('../../dist/store/sqlite/store.js');
const { CatalogueReader } = require('../../dist/submissions/catalogue-reader.js');
const { RecordOutcomes, RecordOutcomesHandler } = require('../../dist/submissions/submissions.handler.js');

const provenance = {
  actor: 'crash',
  role: 'admin',
  correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
  source: 'api',
};
const programmeId = 'lipid-management';
const reason = 'recount';

const measure = (measureId, kind, rollsUpInto = null) => ({
  kind: 'define-measure',
  measureId,
  definition: {
    label: measureId,
    unit: 'things',
    kind,
    eventType: `Counted${measureId.replaceAll(/(?:^|-)(\w)/g, (_, first) => first.toUpperCase())}`,
    countsPeople: false,
    rollsUpInto,
  },
});
const flow = (quantity, measureId = 'jobs') => ({
  measureId,
  organisationId: 'wessex',
  quantity,
  effective: { from: '2023-04-01', to: '2023-06-30' },
  basis: 'counted',
});
const stock = (quantity, day) => ({ ...flow(quantity, 'sites'), effective: { from: day, to: day } });
const submissionOf = (number) => `00000000-0000-4000-8000-00000000000${number}`;
const submit = (number, outcomes) => ({
  kind: 'submit',
  submissionId: submissionOf(number),
  programmeId,
  outcomes,
});
const changeOf = (line, expectedVersion) => ({
  submissionId: submissionOf(1),
  line,
  expectedVersion,
  reason,
  within: null,
});

const catalogue = [
  { kind: 'register-programme', programmeId, details: { name: 'Lipid management', startedOn: '2020-04-01' } },
  { kind: 'register-organisation', organisationId: 'wessex', name: 'Wessex' },
  measure('jobs', 'flow'),
  measure('jobs-created', 'flow', 'jobs'),
  measure('sites', 'stock'),
];
const recording = [
  submit(1, [flow(120), flow(30, 'jobs-created'), stock(7, '2023-05-01'), stock(9, '2023-06-01')]),
  { kind: 'correct', ...changeOf(1, 0), changes: flow(110, 'jobs-created') },
  { kind: 'withdraw', ...changeOf(4, 0) },
  submit(2, [stock(8, '2023-06-01')]),
];
const revision = { label: 'Jobs', comparable: false, reason: 'redefined' };

/** @param {{ rebuilds: boolean, opened?: () => Promise<void>, acknowledge: (receipt: object) => void }} options */
async function runWorkload(dataDir, { rebuilds, opened, acknowledge }) {
  const release = holdDataDir(dataDir);
  const store = await SqliteStore.open(dataDir);
  const readModels = new ReadModels({ dataDir });
  await readModels.start();
  const turns = new CatalogueTurns(store, readModels);
  await opened?.();
  const clock = new Clock();
  const reader = new CatalogueReader(new CatalogueView(readModels), store, turns);
  const catalogueHandler = new ChangeCatalogueHandler(store, clock, readModels, turns);
  const outcomesHandler = new RecordOutcomesHandler(store, clock, readModels, reader);
  const change = async (command) =>
    acknowledge(await catalogueHandler.execute(new ChangeCatalogue(command, provenance)));
  const record = async (request) =>
    acknowledge(await outcomesHandler.execute(new RecordOutcomes(request, provenance)));

  for (const command of catalogue) await change(command);
  for (const request of recording) await record(request);
  await change({ kind: 'revise-measure', measureId: 'jobs', revision });
  if (rebuilds) {
    readModels.startRebuild();
    await firstValueFrom(readModels.progressed$.pipe(filter(() => readModels.rebuildProgress === null)));
  }
  await record(submit(3, [flow(5)]));

  await readModels.stop();
  await store.close();
  release();
}

module.exports = { runWorkload };

if (require.main === module) {
  // Written before anything else happens: what stands here was acknowledged, whatever comes after.
  const acknowledge = (receipt) => writeSync(1, `${JSON.stringify(receipt)}\n`);
  runWorkload(process.argv[2], { rebuilds: true, acknowledge }).catch((error) => {
    writeSync(2, `${error.stack}\n`);
    process.exit(1);
  });
}
