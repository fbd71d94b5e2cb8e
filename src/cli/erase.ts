/**
 * `ledger erase`: removes from an outcome the words that people wrote, by a lawful order. The outcome's figures stay.
 */
import type { Command } from 'commander';
import type { RecordedLineView } from '../submissions/submissions.dto.js';
import { outcomePath, type LedgerClient } from './client.js';
import { print } from './output.js';
import { connected, withClient } from './connection.js';

export function register(ledger: Command): void {
  connected(ledger.command('erase <outcome>'))
    .description('take evidence, notes and reasons out of an outcome by a lawful order; its figures stand')
    .requiredOption(
      '--reason <reason>',
      'the reason, which is kept for good: do not repeat in it what is erased',
    )
    .requiredOption(
      '--authorised-by <office>',
      'the office that ordered it, such as the data protection officer',
    )
    .action(withClient(eraseCommand));
}

async function eraseCommand(
  client: LedgerClient,
  outcome: string,
  { reason, authorisedBy }: Readonly<Record<'reason' | 'authorisedBy', string>>,
): Promise<void> {
  const path = `${outcomePath(outcome)}/erasure`;
  const { id, sequence } = await client.post<RecordedLineView>(path, { reason, authorisedBy });
  print(`What people wrote in ${id} is erased (sequence ${sequence}). Its figures stand.`);
  print('Copies that were made before, such as backups and exports, hold it still.');
}
