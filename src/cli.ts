#!/usr/bin/env node
/**
 * The command line. Each command registers itself beside its code, in cli/. Exit codes: 0 done; 1 refused,
 * failed, or something differs; 2 the command itself is wrong, or its question cannot be answered. A process ends when all
 * that it printed is taken, and nothing of it runs any more.
 */
import { Command, CommanderError } from 'commander';
import * as backup from './cli/backup.js';
import { CommandFailed } from './cli/client.js';
import * as change from './cli/change.js';
import * as changes from './cli/changes.js';
import * as copy from './cli/copy.js';
import * as exporting from './cli/export.js';
import * as history from './cli/history.js';
import * as importing from './cli/import.js';
import * as keys from './cli/keys.js';
import * as logKeys from './cli/log-keys.js';
import * as prove from './cli/prove.js';
import * as rebuild from './cli/rebuild.js';
import * as replay from './cli/replay.js';
import { settingsHelp } from './cli/settings-help.js';
import * as totals from './cli/totals.js';
import * as verify from './cli/verify.js';
import * as witness from './cli/witness.js';

/** The commands in the order of the help, where they follow `serve`. */
const COMMANDS = [
  importing,
  exporting,
  totals,
  changes,
  history,
  change,
  replay,
  prove,
  verify,
  copy,
  logKeys,
  backup,
  witness,
  keys,
  rebuild,
];

function program(): Command {
  const ledger = new Command('ledger')
    .description('An event-sourced ledger of programme outcomes.')
    .exitOverride()
    .showHelpAfterError('(see ledger --help)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 refused, failed or differs; 2 the command itself is wrong.',
    );
  ledger
    .command('serve')
    .description('start the ledger; configuration is in environment variables')
    .addHelpText('after', settingsHelp())
    .option(
      '--example',
      'record the example of published figures if the ledger is empty, and print its totals',
    )
    .action(serveCommand);
  for (const { register } of COMMANDS) register(ledger);
  return ledger;
}

/** The server is loaded only to serve: the other commands start three times as fast without it. */
async function serveCommand({ example = false }: { readonly example?: boolean }): Promise<void> {
  const { serve } = await import('./serve.js');
  const serving = await serve();
  if (!example) return;
  const { showExample } = await import('./cli/first-run.js');
  await showExample(serving);
}

/** A reader such as `head` closed the pipe, which is no failure. */
let isCutOff = false;

async function run(): Promise<number> {
  try {
    await program().parseAsync();
    // A command may have set an exit code of its own, as verify does.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (isCutOff) return 0;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`ledger: ${(error as Error).message}\n`);
    return error instanceof CommandFailed ? error.exitCode : 1;
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  isCutOff = true;
});
void run().then((code) => (process.exitCode = code));
