/** The options by which a command finds a running ledger, and its key. */
import type { Command } from 'commander';
import { addressOf, LedgerClient } from './client.js';

export interface Connection {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

export const clientFor = (connection: Connection) => new LedgerClient(addressOf(connection, process.env));

export function connected(command: Command): Command {
  return command
    .option('--url <url>', 'the ledger’s address; by default LEDGER_URL, or PORT on this machine')
    .option('--key <key>', 'your key; by default LEDGER_KEY, or the admin key in DATA_DIR');
}
