/** The options by which a command finds a running ledger, and its key. */
import type { Command } from 'commander';
import { addressOf, LedgerClient } from './client.js';

interface Connection {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  /** Answers are for programs, which get them as they are. */
  readonly json?: boolean;
}

/** Options with a text each, which are not required. */
export type Texts<Name extends string> = Readonly<Partial<Record<Name, string | undefined>>>;

export function clientFor({ url, key, json = false }: Connection): LedgerClient {
  return new LedgerClient(addressOf({ url, key }, process.env), json ? JSON.parse : undefined);
}

/** Makes an action of a function that takes a client, the command's arguments, and its other options. */
export function withClient<Given extends readonly unknown[]>(
  act: (client: LedgerClient, ...given: Given) => Promise<void>,
  { json }: Pick<Connection, 'json'> = {},
): (...given: readonly unknown[]) => Promise<void> {
  return (...given) => {
    const { url, key, ...options } = given.at(-2) as Connection;
    const client = clientFor({ ...options, ...(json && { json }), url, key });
    return act(client, ...([...given.slice(0, -2), options] as unknown as Given));
  };
}

export function connected(command: Command): Command {
  return command
    .option('--url <url>', 'the ledger’s address; by default LEDGER_URL, or PORT on this machine')
    .option('--key <key>', 'your key; by default LEDGER_KEY, or the admin key in DATA_DIR');
}
