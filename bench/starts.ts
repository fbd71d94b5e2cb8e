/**
 * The time that a ledger takes to start, from the start of the process until it serves and says that it is ready.
 * It is measured after a stop, and after a kill under load, which leaves a write-ahead log to be read.
 */
import type { StoreLocation } from '../src/store/open-store.js';
import { Server } from './processes.js';

export interface Start {
  readonly what: string;
  readonly ms: number;
}

const RUNS = 5;
const LOAD = { connections: 16, seconds: 1, send: { outcomes: 1 } };

/** Starts a ledger whose read models are level. @returns the median of some starts of each kind */
export async function measureStarts(location: StoreLocation): Promise<readonly Start[]> {
  // The first start projects the events that are in the store.
  await (await Server.start(location)).stop();
  const stopped: number[] = [];
  const killed: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    stopped.push(await startAnd(location, (server) => server.stop()));
    await startAnd(location, async (server) => {
      await server.load(LOAD);
      await server.kill();
    });
    killed.push(await startAnd(location, (server) => server.stop()));
  }
  return [
    { what: 'after it was stopped', ms: median(stopped) },
    { what: 'after kill -9 under load', ms: median(killed) },
  ];
}

/** @returns milliseconds until the ledger was ready */
async function startAnd(location: StoreLocation, end: (server: Server) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  const server = await Server.start(location);
  while ((await fetch(`${server.url}/health/ready`)).status !== 200);
  const ms = performance.now() - startedAt;
  await end(server);
  return ms;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)]!;
}
