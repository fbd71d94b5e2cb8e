/** The first run: records the example of published figures in a ledger that holds nothing else, and prints the totals. */
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

export async function showExample({ app, url, adminKey }: Serving): Promise<void> {
  const examples = exampleProgrammes();
  const registered = app.get(CatalogueView).list('programme', '', Number.MAX_SAFE_INTEGER);
  const known = registered.filter(({ id }) => examples.has(id)).length;
  if (known === registered.length) {
    const { outcomes, unpublished } = await loadExample(app.get(CommandBus));
    print(`The example is recorded: ${outcomes} published figures.`);
    print(`Nobody published what ${unpublished.join(' and ')} brought: that is missing, and not nought.`);
  } else if (known < examples.size) {
    print('The ledger holds programmes of its own: the example was not recorded.');
  }
  print('');
  await quietly(app, () => totalsCommand(new LedgerClient({ url, key: adminKey }), {}));
  print('\nIt goes on serving: stop it with Ctrl-C.');
}

/** Keeps the questions that make up the table out of the log above it. */
async function quietly(app: NestFastifyApplication, work: () => Promise<void>): Promise<void> {
  const { log } = app.getHttpAdapter().getInstance();
  const { level } = log;
  log.level = 'warn';
  await work();
  log.level = level;
}
