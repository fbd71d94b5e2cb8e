#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 done; 1 refused, failed, or something differs; 2 the command itself is wrong, or
 * what it was asked cannot be told.
 */
import { Argument, Command, CommanderError, Option } from 'commander';
import { ROLES } from './domain/role.js';
import { addressOf, CommandFailed, LedgerClient } from './cli/client.js';
import { copyCommand, type CopyOptions } from './cli/copy.js';
import { eraseCommand, type EraseOptions } from './cli/erase.js';
import { exportCommand, type ExportOptions } from './cli/export.js';
import { historyCommand, type HistoryOptions } from './cli/history.js';
import { importCommand, type ImportOptions } from './cli/import.js';
import { rotateKeyCommand, type RotateOptions } from './cli/log-keys.js';
import { createKey, listKeys, revokeKey, rotateKey, type CreateKeyOptions } from './cli/keys.js';
import type { ListKeysOptions, RotateKeyOptions } from './cli/keys.js';
import { proveCommand, type ProveOptions } from './cli/prove.js';
import { rebuildRunning, rebuildStopped } from './cli/rebuild.js';
import { replayCommand, type ReplayOptions } from './cli/replay.js';
import type { ServeOptions } from './cli/serve.js';
import { settingsHelp } from './cli/settings-help.js';
import { totalsCommand, type TotalsOptions } from './cli/totals.js';
import { verifyCommand, type VerifyCommandOptions } from './cli/verify.js';
import { witnessCommand, type WitnessCommandOptions } from './cli/witness.js';

interface Connection {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

const clientFor = (connection: Connection) => new LedgerClient(addressOf(connection, process.env));

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
    .action(async (options: ServeOptions) => {
      // The server is loaded only to serve: the other commands start three times as fast without it.
      const [{ serve }, { serveCommand }] = await Promise.all([
        import('./serve.js'),
        import('./cli/serve.js'),
      ]);
      await serveCommand(serve, options);
    });

  connected(ledger.command('import <file>'))
    .description('record the rows of a CSV or NDJSON file: all of them, or none')
    .requiredOption('--programme <id>', 'the programme that the outcomes belong to')
    .addOption(
      new Option('--format <format>', 'by default from the name of the file').choices(['csv', 'ndjson']),
    )
    .option('--dry-run', 'check every row and record nothing')
    .option(
      '--personal-data-override <reason>',
      'record texts that look like personal data; the reason is kept with them',
    )
    .option('--json', 'print the receipt as JSON')
    .action((file: string, options: ImportOptions & Connection) =>
      importCommand(clientFor(options), file, options),
    );

  connected(ledger.command('export'))
    .addArgument(new Argument('<what>').choices(['outcomes', 'totals']))
    .description('write outcomes or totals as CSV or NDJSON')
    .addOption(new Option('--format <format>', 'of the rows').choices(['csv', 'ndjson']).default('csv'))
    .option('--out <file>', 'where to; by default standard output')
    .option('--measure <id>', 'only this measure and what rolls up into it')
    .option('--programme <id>', 'only this programme')
    .option('--organisation <id>', 'only this organisation')
    .option('--from <year>', 'first financial year, such as 2018-19')
    .option('--to <year>', 'last financial year')
    .addOption(
      new Option('--group-by <group>', 'of totals: rows for each of them').choices([
        'programme',
        'organisation',
      ]),
    )
    .option('--as-at <moment>', 'as known at an instant or at the end of a day')
    .option('--as-at-sequence <sequence>', 'as known after that event')
    .action((what: 'outcomes' | 'totals', { url, key, ...options }: ExportOptions & Connection) =>
      exportCommand(clientFor({ url, key }), what, options),
    );

  connected(ledger.command('totals'))
    .description('annual totals and totals since a year')
    .option('--measure <id>', 'only this measure and what rolls up into it')
    .option('--programme <id>', 'only this programme')
    .option('--organisation <id>', 'only this organisation')
    .option('--since <year>', 'first financial year, by default 2018-19')
    .option('--as-at <moment>', 'as known at an instant or at the end of a day')
    .option('--as-at-sequence <sequence>', 'as known after that event')
    .option('--allow-breaks', 'add figures across a change of definition too')
    .option('--json', 'the whole answers of the ledger')
    .action(({ url, key, ...options }: TotalsOptions & Connection) =>
      totalsCommand(clientFor({ url, key }), options),
    );

  connected(ledger.command('history [id]'))
    .description('the events of the ledger or of one programme; or what became of one submission or outcome')
    .option('--after <sequence>', 'events after this one')
    .option('--until <moment>', 'a sequence, an instant, or the end of a day')
    .option('--type <type>', 'only events of this type')
    .option('--json', 'CloudEvents, one a line')
    .action((id: string | undefined, { url, key, ...options }: HistoryOptions & Connection) =>
      historyCommand(clientFor({ url, key }), id, options),
    );

  connected(ledger.command('erase <outcome>'))
    .description('take evidence, notes and reasons out of an outcome by a lawful order; its figures stand')
    .requiredOption('--reason <reason>', 'why, without what is to be erased: it is kept for good')
    .requiredOption('--authorised-by <office>', 'who ordered it, such as the data protection officer')
    .action((outcome: string, { url, key, ...options }: EraseOptions & Connection) =>
      eraseCommand(clientFor({ url, key }), outcome, options),
    );

  ledger
    .command('replay')
    .description(
      'fold every event afresh and compare with the read models in DATA_DIR, also while it serves: ends with 0 agrees, 1 differs, 2 cannot tell',
    )
    .option(
      '--until <moment>',
      'a sequence, an instant, the end of a day, or a file with a checkpoint; by default now',
    )
    .option('--key <key>', 'of a checkpoint: a verifier key that you trust, or a file with some')
    .option('--json', 'print the report as JSON')
    .action((options: ReplayOptions) => replayCommand(options));

  connected(ledger.command('prove'))
    .description('write a bundle that anyone can check offline: everything, or what is asked for')
    .option('--out <file>', 'where to; by default standard output')
    .option(
      '--since <checkpoint>',
      'a file with a checkpoint that you kept: the bundle proves to continue it',
    )
    .option('--programme <id>', 'only what concerns this programme')
    .option('--after <sequence>', 'only events after this one')
    .option('--until <moment>', 'only events up to a sequence, an instant, or the end of a day')
    .option('--measure <id>', 'the annual figures of this measure, and what they are made of')
    .option('--organisation <id>', 'of figures: only this organisation')
    .option('--from <year>', 'of figures: first financial year')
    .option('--to <year>', 'of figures: last financial year')
    .option('--as-at-sequence <sequence>', 'of figures: as known after that event')
    .addOption(
      new Option('--whole', 'of figures: with every event, which shows that no other belongs to them').preset(
        'true',
      ),
    )
    .action(({ url, key, ...options }: ProveOptions & Connection) =>
      proveCommand(clientFor({ url, key }), options),
    );

  ledger
    .command('verify [bundle]')
    .description(
      'check a bundle or a single proof offline, or with --live the ledger in DATA_DIR: ends with 0 good, 1 tampered, 2 cannot tell',
    )
    .option('--key <key>', 'a verifier key that you trust, or a file with some')
    .option('--policy <file>', 'whom you trust, instead: log, witness, group and quorum lines')
    .option('--since <file>', 'a checkpoint that you kept: the log must be its continuation')
    .option(
      '--since-time <instant>',
      'when the ledger had no more than it covers: later events are not dated before',
    )
    .option('--expect <scope>', 'everything, programme:<id>, period or figure: anything else does not answer')
    .option('--event <file>', 'of a single proof: the event that it is of')
    .option('--checkpoint <file>', 'of a single proof without one: the checkpoint that it leads to')
    .option('--live', 'compare store, log, figures and checkpoints in DATA_DIR, also while it serves')
    .option('--json', 'print the verdict as JSON')
    .action((bundle: string | undefined, options: VerifyCommandOptions) => verifyCommand(bundle, options));

  ledger
    .command('copy')
    .description('copy a ledger between the embedded store and EventStoreDB, and verify the copy')
    .requiredOption('--from <place>', 'a data directory, or the esdb:// address of a store')
    .requiredOption('--to <place>', 'the same; empty, or a copy that was begun')
    .action((options: CopyOptions) => copyCommand(options));

  ledger
    .command('log')
    .description('look after the keys that sign the log')
    .command('rotate-key')
    .description(
      'add a key in LEDGER_SIGNING_DIR, so that both sign; then, with --finish, take the old one away',
    )
    .option('--finish', 'once a checkpoint was signed with both')
    .action((options: RotateOptions) => rotateKeyCommand(options));

  ledger
    .command('backup <dir>')
    .description(
      'copy the ledger in DATA_DIR, also while it serves, and read the copy again; secrets are not in it',
    )
    .action(async (dir: string) => {
      const { backupCommand } = await import('./cli/backup.js');
      await backupCommand(dir);
    });

  ledger
    .command('restore <dir>')
    .description(
      'put a backup into DATA_DIR, which holds no ledger; one that is older than what was signed is refused',
    )
    .action(async (dir: string) => {
      const { restoreCommand } = await import('./cli/backup.js');
      await restoreCommand(dir);
    });

  ledger
    .command('witness')
    .description('watch the logs of others: cosign each checkpoint that continues the last one')
    .requiredOption('--logs <file>', 'the verifier keys of the logs, one a line')
    .requiredOption('--name <name>', 'of the witness, such as witness.example.org')
    .option('--dir <dir>', 'where its key and its memory are kept', './witness')
    .option('--host <address>', 'to listen on', '127.0.0.1')
    .option('--port <port>', 'to listen on; 0 takes any', '3100')
    .action((options: WitnessCommandOptions) => witnessCommand(options));

  addKeysTo(ledger);

  connected(ledger.command('rebuild'))
    .description('build the read models anew, beside the ones that serve')
    .option('--offline', 'in DATA_DIR, where no ledger is running')
    .action(({ offline, ...options }: { offline?: boolean } & Connection) =>
      offline ? rebuildStopped() : rebuildRunning(clientFor(options)),
    );
  return ledger;
}

function addKeysTo(ledger: Command): void {
  const keys = ledger.command('keys').description('who is let in: create, list, rotate and revoke keys');
  connected(keys.command('create'))
    .description('make a key; it is printed this once')
    .requiredOption('--name <name>', 'what it is for: a system or a team')
    .addOption(new Option('--role <role>', 'what it lets do').choices([...ROLES]).makeOptionMandatory())
    .option('--programme <id...>', 'kept to these programmes; with the role programme')
    .option(
      '--expires <instant>',
      'when it stops to be taken, such as 2027-04-01T00:00:00Z; by default never',
    )
    .option('--json', 'print the answer as JSON')
    .action(({ url, key, ...options }: CreateKeyOptions & Connection) =>
      createKey(clientFor({ url, key }), options),
    );
  connected(keys.command('list'))
    .description('all keys, those that were revoked too')
    .option('--json', 'one a line, as JSON')
    .action(({ url, key, ...options }: ListKeysOptions & Connection) =>
      listKeys(clientFor({ url, key }), options),
    );
  connected(keys.command('rotate <id>'))
    .description('give a key another secret; it is printed this once')
    .requiredOption('--reason <reason>', 'why')
    .option('--overlap-seconds <seconds>', 'for how long the secret before it is taken too; by default not')
    .option('--json', 'print the answer as JSON')
    .action((id: string, { url, key, ...options }: RotateKeyOptions & Connection) =>
      rotateKey(clientFor({ url, key }), id, options),
    );
  connected(keys.command('revoke <id>'))
    .description('let nobody in with a key any more')
    .requiredOption('--reason <reason>', 'why')
    .action((id: string, { url, key, reason }: { readonly reason: string } & Connection) =>
      revokeKey(clientFor({ url, key }), id, reason),
    );
}

function connected(command: Command): Command {
  return command
    .option('--url <url>', 'the ledger; by default LEDGER_URL, or this machine’s PORT')
    .option('--key <key>', 'by default LEDGER_KEY, or the admin key in DATA_DIR');
}

async function run(): Promise<number> {
  try {
    await program().parseAsync();
    // A command that has come to its end may say so itself: verify does.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`ledger: ${(error as Error).message}\n`);
    return error instanceof CommandFailed ? error.exitCode : 1;
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` has had enough.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
void run().then((code) => {
  process.exitCode = code;
  // What serves goes on; what failed must not be kept alive by half-started threads.
  if (code !== 0) process.exit();
});
