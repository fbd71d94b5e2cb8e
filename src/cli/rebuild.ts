/** `ledger rebuild`: lets the running ledger rebuild its read models, or rebuilds them itself where no ledger runs. */
import type { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { readConfig, storeOf } from '../config.js';
import { rebuildOffline } from '../read-models/rebuild.js';
import { hasEvents } from '../store/backup-file.js';
import { holdDataDir, makePrivately } from '../store/data-dir.js';
import { openReader } from '../store/open-store.js';
import { CommandFailed, type LedgerClient } from './client.js';
import { print, ProgressLine, readable } from './output.js';
import { clientFor, connected, type Texts } from './connection.js';

interface RebuildState {
  readonly sequence: number;
  readonly rebuild: { readonly sequence: number; readonly target: number } | null;
  readonly rebuildFailure: string | null;
}

const ASK_AGAIN_MS = 200;

export function register(ledger: Command): void {
  connected(ledger.command('rebuild'))
    .description('build the read models anew, beside the ones that serve')
    .option('--offline', 'rebuild in DATA_DIR, while no ledger runs on it')
    .action(({ offline, ...options }: { offline?: boolean } & Texts<'url' | 'key'>) =>
      offline ? rebuildStopped() : rebuildRunning(clientFor(options)),
    );
}

async function rebuildRunning(client: LedgerClient): Promise<void> {
  const progress = new ProgressLine();
  let state = await client.post<RebuildState>('/v1/projections/rebuild', {});
  while (state.rebuild) {
    progress.show(`rebuilt ${state.rebuild.sequence + 1} of ${state.rebuild.target + 1} events`);
    await delay(ASK_AGAIN_MS);
    state = await client.get<RebuildState>('/v1/projections');
  }
  progress.end();
  if (state.rebuildFailure !== null) throw new CommandFailed(`the rebuild stopped: ${state.rebuildFailure}`);
  print(`Rebuilt, and serving from the new read models at sequence ${state.sequence}.`);
}

/** @throws DataDirInUse when a ledger is running on the data directory */
async function rebuildStopped(): Promise<void> {
  const config = readConfig(process.env);
  const { dataDir, eventStore } = config;
  if (!eventStore && !hasEvents(dataDir))
    throw new CommandFailed(`there is no ledger in ${dataDir}: set DATA_DIR`);
  makePrivately();
  const release = holdDataDir(dataDir);
  const progress = new ProgressLine();
  try {
    const reader = await openReader(storeOf(config));
    const target = { dataDir, key: config.databaseKey };
    const events = await rebuildOffline(reader, target, (done) => progress.show(`rebuilt ${done} events`));
    progress.end();
    await reader.close();
    print(`Rebuilt from ${readable(events, '')} events.`);
  } finally {
    release();
  }
}
