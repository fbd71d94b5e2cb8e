import { setTimeout as delay } from 'node:timers/promises';

/** Waits for work, which goes on in any case, but only for a time: then `late` says what comes in its place. */
export async function inTime<Result, Late>(
  ms: number,
  work: Promise<Result>,
  late: () => Late,
): Promise<Result | Late> {
  const waiting = new AbortController();
  const over = delay(ms, undefined, { signal: waiting.signal }).then(late);
  over.catch(() => undefined);
  return Promise.race([work, over]).finally(() => waiting.abort());
}
