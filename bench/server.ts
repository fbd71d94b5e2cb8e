/**
 * The ledger as `serve` starts it, in a process of its own.
 *
 * Its one argument is how many appends may share a commit: 1 turns group commit off, so that every request
 * waits for a disk flush of its own, which is what group commit is compared with.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SqliteStore } from '../src/store/sqlite-store.js';
import { serve } from '../src/serve.js';

export interface ServerUsage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** By how much a timer is late, one time in a hundred, since it was asked first. */
  readonly delayP99Ms: number;
}

const LOOK_EVERY_MS = 10;

const groupSizeMax = Number(process.argv[2]);
const open = SqliteStore.open.bind(SqliteStore);
SqliteStore.open = (dataDir) => open(dataDir, { groupSizeMax });

void serve().then(({ url, adminKey }) => {
  const delay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  process.on('message', (): void => {
    const { user, system } = process.cpuUsage();
    delay.enable();
    const usage: ServerUsage = {
      cpuMs: (user + system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
      delayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - LOOK_EVERY_MS),
    };
    process.send!(usage);
  });
  process.send!({ url, adminKey });
});
