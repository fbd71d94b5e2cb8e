/** `ledger backup` and `ledger restore`: the embedded ledger into a directory beside it, and back from there. */
import type { Command } from 'commander';
import { makeBackup, restoreBackup, type Contents } from '../audit/backup.js';
import { readConfig, readDatabaseKey, type Config } from '../config.js';
import { holdDataDir, makePrivately } from '../store/data-dir.js';
import type { DatabaseKey } from '../store/database.js';
import { CommandFailed } from './client.js';
import { print, ProgressLine, readable } from './output.js';

/** The variable with the key that a backup gets by `--rekey`: arguments of a command would be in lists of processes. */
const NEW_KEY = 'LEDGER_DATABASE_NEW_KEY';

export function register(ledger: Command): void {
  ledger
    .command('backup <dir>')
    .description(
      'copy the ledger in DATA_DIR, also while it serves, and read the copy again; secrets are not in it',
    )
    .option('--rekey', `encrypt the copy with the key in ${NEW_KEY}, and leave the ledger as it is`)
    .action(backupCommand);
  ledger
    .command('restore <dir>')
    .description(
      'put a backup into DATA_DIR, which holds no ledger; one that is older than what was signed is refused',
    )
    .action(restoreCommand);
}

/** Works beside a running ledger or without one. @throws BackupRefused, StoreDamaged */
async function backupCommand(to: string, { rekey = false }: { readonly rekey?: boolean }): Promise<void> {
  makePrivately();
  const config = embeddedConfig();
  const key = rekey ? newKey() : undefined;
  const progress = new ProgressLine();
  const contents = await makeBackup(config, { to, key }, (what) => progress.show(what));
  progress.end();
  print(`Backed up, and read again: ${told(contents)}`);
  if (rekey) print(`The backup is encrypted with ${NEW_KEY}: restore it with that as LEDGER_DATABASE_KEY.`);
}

/** @throws BackupRefused, StoreDamaged; DataDirInUse where a ledger runs on DATA_DIR */
async function restoreCommand(from: string): Promise<void> {
  makePrivately();
  const config = embeddedConfig();
  const release = holdDataDir(config.dataDir);
  const progress = new ProgressLine();
  try {
    const contents = await restoreBackup(from, config, (what) => progress.show(what));
    progress.end();
    print(`Restored: ${told(contents)}`);
  } finally {
    release();
  }
}

function newKey(): DatabaseKey {
  if (process.env[NEW_KEY] === undefined)
    throw new CommandFailed(`--rekey needs the new key in ${NEW_KEY}`, 2);
  const faults: string[] = [];
  const key = readDatabaseKey(process.env, faults, NEW_KEY);
  if (faults.length > 0) throw new CommandFailed(faults.join('; '), 2);
  return key;
}

function told({ events, root, signed }: Contents): string {
  const covered =
    signed === null ? 'nothing was signed yet' : `a checkpoint covers ${readable(signed, '')} of them`;
  return `${readable(events, '')} events with the root ${root}; ${covered}.`;
}

function embeddedConfig(): Config {
  const config = readConfig(process.env);
  if (config.eventStore)
    throw new CommandFailed(
      'EVENT_STORE_URL is set: its server makes its own backups; see docs/eventstore.md',
      2,
    );
  return config;
}
