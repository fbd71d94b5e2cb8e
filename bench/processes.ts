/** Starts the processes of a measurement, and ends each one that it started. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadinessView } from '../src/operation/health.views.js';
import type { StoreLocation } from '../src/store/open-store.js';
import type { LoadPlan, LoadResult } from './load.js';
import type { ServerUsage } from './server.js';

const STARTED_WITHIN_MS = 20 * 60_000;

export class Server {
  private constructor(
    private readonly process: ChildProcess,
    readonly url: string,
    readonly adminKey: string,
  ) {}

  /** The server's log goes to a file, as it does where the ledger is served. */
  static async start({ dataDir, eventStore }: StoreLocation, { groupSizeMax = 1_000 } = {}): Promise<Server> {
    const storeEnv = eventStore && {
      LEDGER_ORIGIN: 'bench.example/log',
      EVENT_STORE_URL: eventStore.url,
      ...(eventStore.namespace !== undefined && { EVENT_STORE_NAMESPACE: eventStore.namespace }),
    };
    const log = openSync(`${dataDir}/server.log`, 'a');
    const child = fork(join(__dirname, 'server.js'), [String(groupSizeMax)], {
      env: {
        ...process.env,
        ...storeEnv,
        DATA_DIR: dataDir,
        PORT: '0',
        HOST: '127.0.0.1',
        LOG_LEVEL: 'info',
      },
      stdio: ['ignore', 'ignore', log, 'ipc'],
    });
    closeSync(log);
    const { url, adminKey } = await reply<{ url: string; adminKey: string }>(child);
    return new Server(child, url, adminKey);
  }

  /**
   * Waits until the self-check has read the whole history, as it does once after each start and which takes its
   * share of the machine.
   */
  async untilChecked(): Promise<void> {
    const deadlineMs = performance.now() + STARTED_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      const { sequence, selfCheck } = (await (
        await fetch(`${this.url}/health/ready`)
      ).json()) as ReadinessView;
      if (!selfCheck.ok) throw new Error(`the self-check found a fault: ${selfCheck.fault}`);
      if (selfCheck.sequence === sequence) return;
      await delay(1_000);
    }
    throw new Error('the self-check did not become level');
  }

  /** The CPU time and memory of the whole process so far. */
  async usage(): Promise<ServerUsage> {
    this.process.send('usage');
    return reply<ServerUsage>(this.process);
  }

  /** @param plan is carried out as the admin where it names no other key */
  async load(plan: Omit<LoadPlan, 'url' | 'key'> & Partial<Pick<LoadPlan, 'key'>>): Promise<LoadResult> {
    const generator = fork(join(__dirname, 'load.js'));
    const { url, adminKey } = this;
    generator.send({ key: adminKey, url, ...plan } satisfies LoadPlan);
    return reply<LoadResult>(generator);
  }

  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    await exited;
  }
}

/** The next message of a process; an error if it ends first. */
async function reply<Message>(child: ChildProcess): Promise<Message> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(STARTED_WITHIN_MS)]);
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as Message),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`);
      }),
    ]);
  } finally {
    done.abort();
  }
}
