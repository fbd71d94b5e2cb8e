/**
 * The stores that a measurement runs on. The protocol double keeps its events in memory, in a process of its own:
 * a figure on it is the cost of the client and of the adapter, and says nothing of EventStoreDB.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { StoreLocation } from '../src/store/open-store.js';

export const STORES = ['embedded', 'double', 'server'] as const;
export type StoreName = (typeof STORES)[number];

export const STORE_TITLES: Readonly<Record<StoreName, string>> = {
  embedded: 'the embedded store',
  double: 'the protocol double (cost of the client and the adapter alone)',
  server: 'the server at EVENTSTORE_TEST_URL',
};

export interface BenchStore {
  readonly location: StoreLocation;
  remove(): Promise<void>;
}

/** Makes an empty store, with its read models in a directory. */
export async function makeStore(name: StoreName, dataDir: string): Promise<BenchStore> {
  const nothing = () => Promise.resolve();
  if (name === 'embedded') return { location: { dataDir }, remove: nothing };
  if (name === 'server') {
    const url = process.env['EVENTSTORE_TEST_URL'];
    if (url === undefined) throw new Error('EVENTSTORE_TEST_URL names no server');
    const namespace = `b${randomUUID().replaceAll('-', '').slice(0, 16)}`;
    return { location: { dataDir, eventStore: { url, namespace } }, remove: nothing };
  }
  const child: ChildProcess = fork(join(__dirname, 'double.js'));
  const [url] = (await once(child, 'message')) as [string];
  const remove = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  return { location: { dataDir, eventStore: { url } }, remove };
}
