/** `ledger serve`: starts the ledger and keeps serving, with the example of published figures if asked. */
import { CommandBus } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { exampleProgrammes, loadExample } from './example.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { LedgerClient } from './client.js';
import { print } from './output.js';
import { totalsCommand } from './totals.js';

export interface Serving {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly adminKey: string;
}

export interface ServeOptions {
  readonly example?: boolean;
}

/** @param serve starts the ledger */
export async function serveCommand(
  serve: () => Promise<Serving>,
  { example = false }: ServeOptions,
): Promise<void> {
  const { app, url, adminKey } = await serve();
  if (!example) return;
  const examples = exampleProgrammes();
  const registered = app.get(CatalogueView).list('programme', '', Number.MAX_SAFE_INTEGER);
  const known = registered.filter(({ id }) => examples.has(id)).length;
  if (known === registered.length) {
    const outcomes = await loadExample(app.get(CommandBus));
    print(`The example is recorded: ${outcomes} published figures.`);
  } else if (known < examples.size) {
    print('The ledger holds programmes of its own: the example was not recorded.');
  }
  print('');
  await quietly(app, () => totalsCommand(new LedgerClient({ url, key: adminKey }), {}));
  print('\nIt goes on serving: stop it with Ctrl-C.');
}

/** The questions that make up the table are worth no line each in the log above it. */
async function quietly(app: NestFastifyApplication, work: () => Promise<void>): Promise<void> {
  const { log } = app.getHttpAdapter().getInstance();
  const { level } = log;
  log.level = 'warn';
  await work();
  log.level = level;
}
