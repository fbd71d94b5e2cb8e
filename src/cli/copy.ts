/**
 * `ledger copy`: moves a ledger between the embedded store and EventStoreDB, either way, and verifies the copy.
 *
 * A data directory must not be in use. A ledger on EventStoreDB should be stopped too; an event that it records
 * after the copy has passed is copied when the command is run again.
 */
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { faultsOfEventStore, readDatabaseKey } from '../config.js';
import { copyEvents, verifyCopy } from '../store/copy.js';
import type { EventReader, EventStore } from '../store/event-store.js';
import { holdDataDir, makePrivately } from '../store/data-dir.js';
import { openReader, type StoreLocation, openStore } from '../store/open-store.js';
import { withoutSecrets } from '../store/store-url.js';
import { CommandFailed } from './client.js';
import { print, ProgressLine, readable } from './output.js';

interface CopyOptions {
  readonly from: string;
  readonly to: string;
}

export function register(ledger: Command): void {
  ledger
    .command('copy')
    .description('copy a ledger between the embedded store and EventStoreDB, and verify the copy')
    .requiredOption('--from <place>', 'a data directory, or the esdb:// address of a store')
    .requiredOption('--to <place>', 'a data directory or address that is empty, or has a copy that was begun')
    .action(copyCommand);
}

/** @throws DataDirInUse, CopyImpossible */
export async function copyCommand(options: CopyOptions): Promise<void> {
  const [from, to] = [placeOf(options.from), placeOf(options.to)];
  if (options.from === options.to) throw new CommandFailed('source and target are the same place', 2);
  if (!from.eventStore && !existsSync(from.dataDir)) {
    throw new CommandFailed(`there is no ledger in ${from.dataDir}`);
  }
  makePrivately();
  const held = [from, to].filter(({ eventStore }) => !eventStore).map(({ dataDir }) => holdDataDir(dataDir));
  try {
    await copy(from, to, `from ${withoutSecrets(options.from)} to ${withoutSecrets(options.to)}`);
  } finally {
    for (const giveBack of held) giveBack();
  }
}

async function copy(from: StoreLocation, to: StoreLocation, way: string): Promise<void> {
  const source = await openReader(from);
  try {
    const target = await openStore(to);
    try {
      await copyAndVerify(source, target, way);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyAndVerify(source: EventReader, target: EventStore, way: string): Promise<void> {
  const progress = new ProgressLine();
  const { known, copied } = await copyEvents(source, target, (events) =>
    progress.show(`copied ${readable(events, '')} events`),
  );
  const events = known + copied;
  const root = await verifyCopy(source, target, {
    events,
    onProgress: (done) => progress.show(`verified ${readable(done, '')} of ${readable(events, '')} events`),
  });
  progress.end();
  const before = known === 0 ? '' : `; ${readable(known, '')} were there before`;
  print(`Copied ${readable(copied, '')} events ${way}${before}.`);
  print(`Verified: the same ${readable(events, '')} events with the same ids and sequence numbers.`);
  print(`Figures follow from the events, and so are the same. The root of the log: ${root}.`);
}

function placeOf(place: string): StoreLocation {
  const faults: string[] = [];
  const databaseKey = readDatabaseKey(process.env, faults);
  if (faults.length > 0) throw new CommandFailed(faults.join('; '), 2);
  if (!/^[\w+]+:\/\//.test(place)) return { dataDir: place, databaseKey };
  const eventStore = { url: place, namespace: process.env['EVENT_STORE_NAMESPACE'] };
  faults.push(...faultsOfEventStore(eventStore, 'the address'));
  if (faults.length > 0) throw new CommandFailed(faults.join('; '), 2);
  return { dataDir: '', eventStore, databaseKey };
}
