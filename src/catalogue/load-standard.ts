/** Records the standard catalogue where the ledger does not have it yet. */
import type { CommandBus } from '@nestjs/cqrs';
import { Refused } from '../kernel/refusals.js';
import { ChangeCatalogue } from './catalogue.handler.js';
import { standardCatalogue } from './standard.js';

/** An entry to which the users of the ledger gave another content is theirs, and is left alone. */
export async function loadStandardCatalogue(commands: CommandBus): Promise<void> {
  const provenance = {
    actor: 'ledger',
    role: 'system',
    correlationId: 'standard-catalogue',
    source: 'system',
  } as const;
  for (const entry of standardCatalogue()) {
    try {
      for (const command of entry) await commands.execute(new ChangeCatalogue(command, provenance));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
}
