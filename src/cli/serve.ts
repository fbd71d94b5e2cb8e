/** `ledger serve`: starts the ledger and keeps serving, with the example of published figures if asked. */
import { CommandBus } from '@nestjs/cqrs';
import { exampleProgrammes, loadExample } from '../example.js';
import { CatalogueView } from '../projections/catalogue-view.js';
import { serve } from '../serve.js';
import { LedgerClient } from './client.js';
import { print } from './output.js';
import { totalsCommand } from './totals.js';

export interface ServeOptions {
  readonly example?: boolean;
}

export async function serveCommand({ example = false }: ServeOptions): Promise<void> {
  const { app, url, adminKey } = await serve();
  if (!example) return;
  const examples = exampleProgrammes();
  const others = app.get(CatalogueView).list('programme', '', Number.MAX_SAFE_INTEGER);
  if (others.every(({ id }) => examples.has(id))) {
    const outcomes = await loadExample(app.get(CommandBus));
    print(`The example is recorded: ${outcomes} published figures.`);
  } else {
    print('The ledger holds programmes of its own: the example was not recorded.');
  }
  print('');
  await totalsCommand(new LedgerClient({ url, key: adminKey }), {});
}
