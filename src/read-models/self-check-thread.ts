/** This thread checks again and again, and reports each result, until it finds a difference or is told to stop. */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreUnavailable } from '../store/event-store.js';
import { keyOf, openReader } from '../store/open-store.js';
import { SelfCheck, ViewsUnreadable, type SelfCheckOptions, type SelfCheckReport } from './self-check.js';
import { openViewsForReading, SCAN_CACHE_KIB } from './views-file.js';

const REST_MS = 1_000;

async function run({ store, file }: SelfCheckOptions): Promise<void> {
  const stopping = new AbortController();
  parentPort!.once('message', () => stopping.abort());
  const reader = await openReader(store);
  stopping.signal.addEventListener('abort', () => void reader.close());
  const views = openViewsForReading(file, keyOf(store), SCAN_CACHE_KIB);
  let check = new SelfCheck(reader, views);
  const rest = (ms: number) => delay(ms, undefined, { signal: stopping.signal });
  let report: SelfCheckReport = { ok: true, sequence: -1 };
  try {
    while (report.ok) {
      try {
        report = await check.step(rest);
        parentPort!.postMessage(report);
      } catch (error) {
        if (error instanceof ViewsUnreadable) check = new SelfCheck(reader, views);
        else if (!(error instanceof StoreUnavailable)) throw error;
      }
      if (report.ok) await rest(REST_MS);
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    views.close();
    await reader.close();
    parentPort!.close();
  }
}

void run(workerData as SelfCheckOptions);
