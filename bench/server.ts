/**
 * The ledger as `serve` starts it, in a process of its own.
 *
 * Its one argument is how many appends may share a commit: 1 turns group commit off, so that every request
 * waits for a disk flush of its own, which is what group commit is compared with.
 */
import { EventLoopDelay } from '../src/http/event-loop-delay.js';
import { SqliteStore } from '../src/store/sqlite-store.js';
import { serve } from '../src/serve.js';

export interface ServerUsage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** By how much a timer is late, one time in a hundred, since it was asked first. */
  readonly delayP99Ms: number;
}

const groupSizeMax = Number(process.argv[2]);
const open = SqliteStore.open.bind(SqliteStore);
SqliteStore.open = (dataDir) => open(dataDir, { groupSizeMax });

void serve().then(({ url, adminKey }) => {
  let delay: EventLoopDelay | undefined;
  process.on('message', (): void => {
    const { user, system } = process.cpuUsage();
    delay ??= new EventLoopDelay();
    const usage: ServerUsage = {
      cpuMs: (user + system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
      delayP99Ms: delay.p99Ms,
    };
    process.send!(usage);
  });
  process.send!({ url, adminKey });
});
