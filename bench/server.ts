/**
 * The ledger as `serve` starts it, in a process of its own.
 *
 * Its one argument is how many appends may share a commit: 1 turns group commit off, so that every request
 * waits for a disk flush of its own, which is what group commit is compared with.
 */
import { existsSync, readFileSync } from 'node:fs';
import { EventLoopDelay } from './event-loop-delay.js';
import { SqliteStore } from '../src/store/sqlite/store.js';
import { serve } from '../src/serve.js';

export interface ServerUsage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** The delay that one timer in a hundred exceeds, since the first request for usage. */
  readonly delayP99Ms: number;
  /**
   * The longest time that the event loop's thread itself worked between two measurements, since the last request for
   * usage; null where the system cannot tell.
   */
  readonly workMaxMs: number | null;
}

/** Linux's file about the thread that reads it; its first number is the thread's nanoseconds on a core. */
const WORKED = '/proc/thread-self/schedstat';
const LOOK_EVERY_MS = 10;

/** Tells whether the loop is late by its own work or for want of a core. */
class OwnWork {
  private maxMs: number | null = null;
  private before: number | null = null;

  constructor() {
    if (existsSync(WORKED)) setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  takeMaxMs(): number | null {
    const taken = this.maxMs;
    this.maxMs = null;
    return taken;
  }

  private look(): void {
    const now = Number(readFileSync(WORKED, 'utf8').split(' ', 1)[0]) / 1e6;
    if (this.before !== null) this.maxMs = Math.max(this.maxMs ?? 0, now - this.before);
    this.before = now;
  }
}

const groupSizeMax = Number(process.argv[2]);
const open = SqliteStore.open.bind(SqliteStore);
SqliteStore.open = (dataDir) => open(dataDir, { groupSizeMax });

void serve().then(({ url, adminKey }) => {
  let delay: EventLoopDelay | undefined;
  let work: OwnWork | undefined;
  process.on('message', (): void => {
    const { user, system } = process.cpuUsage();
    delay ??= new EventLoopDelay();
    work ??= new OwnWork();
    const usage: ServerUsage = {
      cpuMs: (user + system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
      delayP99Ms: delay.p99Ms,
      workMaxMs: work.takeMaxMs(),
    };
    process.send!(usage);
  });
  process.send!({ url, adminKey });
});
