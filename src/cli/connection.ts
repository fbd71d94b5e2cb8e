/** The options by which a command finds a running ledger, and its key. */
import type { Command } from 'commander';
import { addressOf, LedgerClient } from './client.js';

export interface Connection {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

/** @param json whether answers are for programs, which get them as they are */
export function clientFor({
  json = false,
  ...connection
}: Connection & { readonly json?: boolean | undefined }) {
  return new LedgerClient(addressOf(connection, process.env), json ? JSON.parse : undefined);
}

export function connected(command: Command): Command {
  return command
    .option('--url <url>', 'the ledger’s address; by default LEDGER_URL, or PORT on this machine')
    .option('--key <key>', 'your key; by default LEDGER_KEY, or the admin key in DATA_DIR');
}
