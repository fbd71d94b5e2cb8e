/** Starts the ledger: the standard catalogue if it is not there, the server, and the admin key shown once. */
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { LogSigner } from './audit/log-signer.js';
import { loadStandardCatalogue } from './catalogue/load-standard.js';
import type { Serving } from './cli/first-run.js';
import { Config, readConfig } from './config.js';
import { AdminKey, adminKeyFile, findAdminKey } from './access/admin-key.js';
import { makeAdapter, setUpHttp } from './http/server.js';
import { serveInLittleMemory } from './memory.js';
import { makeLogger, NestLogger } from './operation/log.js';
import { ReadModels } from './read-models/read-models.js';
import { makePrivately } from './store/data-dir.js';
import { EventStore } from './store/event-store.js';
import { finishAllErasures } from './submissions/erasures.js';

/**
 * @throws Misconfigured, DataDirInUse, StoreDamaged, ProjectionImpossible, LogContradicted so that the ledger
 * does not start
 */
export async function serve(): Promise<Serving> {
  makePrivately();
  // Messages of the start may have no reader, or no room on a disk: the ledger serves all the same.
  process.stdout.on('error', () => undefined);
  const logger = makeLogger(readConfig(process.env).logLevel);
  serveInLittleMemory();
  let adminKey: AdminKey | undefined;
  const adapter = makeAdapter(logger, (text) => adminKey?.takenOutOf(text) ?? text);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    bodyParser: false,
  });
  try {
    return await start(app, (key) => (adminKey = key));
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function start(app: NestFastifyApplication, found: (key: AdminKey) => AdminKey): Promise<Serving> {
  const config = app.get(Config);
  const { key, made } = await findAdminKey(config.dataDir, config.adminKey);
  // The key is shown at once: if the start fails later, the next start finds the key made and does not show it.
  if (made) {
    process.stdout.write(
      `The admin key, shown this once and kept in ${adminKeyFile(config.dataDir)}:\n  ${key}\n`,
    );
    if (config.eventStore) {
      process.stdout.write(
        'Give it to every replica of this ledger as LEDGER_ADMIN_KEY, or each makes its own.\n',
      );
    }
  }
  const door = { isOpen: false };
  await setUpHttp(app, found(new AdminKey(key)), door);
  if (config.traces) {
    const { traceRequests } = await import('./operation/tracing.js');
    traceRequests(app.getHttpAdapter().getInstance());
  }
  await app.init();
  const readModels = app.get(ReadModels);
  const level = readModels.start();
  const listen = () => app.listen(config.port, config.host);
  // A rebuild takes as long as history is: until it ends, the process supervisor can ask whether the process
  // lives, and how far it is.
  const listening = readModels.state.status === 'rebuilding' ? listen() : null;
  if (listening) await Promise.race([level, listening]);
  await level;
  app.get(LogSigner).start();
  if (readModels.state.status === 'live') {
    await finishAllErasures(app.get(EventStore), readModels);
    await loadStandardCatalogue(app.get(CommandBus));
  }
  door.isOpen = true;
  await (listening ?? listen());
  const url = await app.getUrl();
  process.stdout.write(`The ledger serves at ${url} — documentation at ${url}/docs\n`);
  return { app, url, adminKey: key };
}
