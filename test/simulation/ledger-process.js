/**
 * A ledger of the built app's own parts in a process of its own, driven by messages: each asks for something under
 * a ticket, and is answered with what came of it, or with how it was refused.
 */
'use strict';
const { ChangeCatalogue, ChangeCatalogueHandler } = require('../../dist/catalogue/catalogue.handler.js');
const { Refused } = require('../../dist/kernel/refusals.js');
const { CatalogueTurns } = require('../../dist/read-models/catalogue-turns.js');
const { CatalogueView } = require('../../dist/read-models/catalogue-view.js');
const { NotProjected, ReadModels } = require('../../dist/read-models/read-models.js');
const { EntryReader } = require('../../dist/figures/outcomes.js');
const { StatedFigures } = require('../../dist/figures/stated-figures.js');
const { Totals } = require('../../dist/figures/totals.js');
const { holdDataDir } = require('../../dist/store/data-dir.js');
const { StoreUnavailable } = require('../../dist/store/event-store.js');
const { Clock } = require('../../dist/kernel/clock.js');
const { openStore } = require('../../dist/store/open-store.js');
const { CatalogueReader } = require('../../dist/submissions/catalogue-reader.js');
const { RecordOutcomes, RecordOutcomesHandler } = require('../../dist/submissions/submissions.handler.js');

const provenance = {
  actor: 'simulation',
  role: 'admin',
  correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
  source: 'api',
};

async function serve(dataDir, url) {
  const release = holdDataDir(dataDir);
  const location = { dataDir, eventStore: url && { url } };
  const store = await openStore(location);
  const readModels = new ReadModels(location);
  await readModels.start();
  const turns = new CatalogueTurns(store, readModels);
  const view = new CatalogueView(readModels);
  const clock = new Clock();
  const changes = new ChangeCatalogueHandler(store, clock, readModels, turns);
  const outcomes = new RecordOutcomesHandler(
    store,
    clock,
    readModels,
    new CatalogueReader(view, store, turns),
  );
  const totals = new Totals(
    readModels,
    view,
    new StatedFigures(readModels, new EntryReader(readModels, store, view)),
  );

  const carryOut = {
    change: (command) => changes.execute(new ChangeCatalogue(command, provenance)),
    record: (request) => outcomes.execute(new RecordOutcomes(request, provenance)),
    total: async ({ measure, sequence, least }) => {
      await readModels.reach(least);
      const moment =
        sequence === undefined ? undefined : { parameter: 'asAtSequence', text: String(sequence) };
      const query = { measure, from: '2018-19', allowBreaks: true, ...(moment && { moment }) };
      const { total, outcomes: standing, sequence: at } = await totals.since(query, Date.now());
      return { total, outcomes: standing, sequence: at };
    },
    stop: async () => {
      await readModels.stop();
      await store.close();
      release();
    },
  };
  process.on('message', async ({ ticket, what, request }) => {
    let answer;
    try {
      answer = { result: (await carryOut[what](request)) ?? null };
    } catch (error) {
      if (error instanceof Refused) answer = { refused: error.code };
      else if (error instanceof StoreUnavailable || error instanceof NotProjected)
        answer = { unavailable: error.message };
      else answer = { fault: error.stack };
    }
    process.send({ ticket, ...answer }, () => what === 'stop' && process.disconnect());
  });
  process.send({ ready: true });
}

serve(...process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
