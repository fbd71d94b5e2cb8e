/**
 * Streams of events are read a page at a time, each only when the reader has taken the page before it: memory does not
 * grow with the length of history or with the slowness of a reader. Each page waits for its own turn.
 */
import { filter, firstValueFrom, fromEvent, map, merge, take, timer } from 'rxjs';
import type { ReadModels } from '../read-models/read-models.js';
import { cloudEventOf } from '../api/cloud-event.js';
import type { History, HistoryQuery } from '../read-models/history.js';

const PAGE_SIZE = 200;
const HEARTBEAT_MS = 15_000;

/** Yields up to `limit` CloudEvents as lines of NDJSON. */
export async function* eventLines(
  history: History,
  query: HistoryQuery,
  limit: number,
): AsyncGenerator<string> {
  let { after } = query;
  for (let left = limit; left > 0;) {
    const page = await history.page({ ...query, after, limit: Math.min(PAGE_SIZE, left) });
    if (page.events.length > 0)
      yield page.events.map((event) => `${JSON.stringify(cloudEventOf(event))}\n`).join('');
    if (page.next === null) return;
    after = page.next;
    left -= page.events.length;
  }
}

export interface LiveQuery extends Pick<HistoryQuery, 'after' | 'programme' | 'type'> {
  readonly signal: AbortSignal;
  /** This is asked before each page: a key may be revoked, and a token expire, while a stream is open. */
  readonly isStillLetIn: () => Promise<boolean>;
}

/** Yields server-sent events whose `id` is the sequence, so that a reader that comes back says where it was. */
export async function* liveEvents(
  history: History,
  readModels: ReadModels,
  { after, programme, type, signal, isStillLetIn }: LiveQuery,
): AsyncGenerator<string> {
  yield ': connected\n\n';
  for (let reached = after; !signal.aborted && (await isStillLetIn());) {
    const until = readModels.progress.sequence;
    const page = await history.page({ after: reached, until, programme, type, limit: PAGE_SIZE });
    if (page.events.length > 0) {
      yield page.events
        .map(
          (event) =>
            `id: ${event.sequence}\nevent: ${event.event.type}\ndata: ${JSON.stringify(cloudEventOf(event))}\n\n`,
        )
        .join('');
    }
    reached = page.next ?? Math.max(reached, until);
    if (page.next === null && (await nextOf(readModels, reached, signal)) === 'quiet')
      yield ': heartbeat\n\n';
  }
}

/** Waits until there is something after a sequence, or nothing for the time of a heartbeat, or the end. */
function nextOf(
  readModels: ReadModels,
  reached: number,
  signal: AbortSignal,
): Promise<'more' | 'quiet' | 'end'> {
  if (signal.aborted) return Promise.resolve('end');
  return firstValueFrom(
    merge(
      readModels.progressed$.pipe(
        filter(({ sequence }) => sequence > reached),
        map(() => 'more' as const),
      ),
      timer(HEARTBEAT_MS).pipe(map(() => 'quiet' as const)),
      fromEvent(signal, 'abort').pipe(map(() => 'end' as const)),
    ).pipe(take(1)),
  );
}
