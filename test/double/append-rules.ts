/**
 * Whether an append is made, was made before, or is refused: the server's own rules, in its own order.
 *
 * An append with an expected revision below the stream's is a repeat when the same ids stand at the revisions
 * that follow it, however many more come after. With "any" it is a repeat when its ids are among the last of
 * the stream: best effort, as in the server. An id alone never makes an append a repeat.
 */
import type { EventLog, LoggedEvent } from './event-log.js';

export type Expected = number | 'no-stream' | 'any' | 'stream-exists';

export type Decision =
  | { readonly is: 'append' }
  /** Made before; the result is that of its last event. */
  | { readonly is: 'repeat'; readonly last: LoggedEvent }
  /** `current` is −1 where there is no stream. */
  | { readonly is: 'wrong-expectation'; readonly current: number }
  | { readonly is: 'stream-deleted' };

/** How many of a stream's last events an append with "any" is compared with. */
const RECENT_MAX = 100;

export function decideAppend(
  log: EventLog,
  { stream: name, expected, ids }: { stream: string; expected: Expected; ids: readonly string[] },
): Decision {
  const stream = log.stream(name);
  const current = stream.lastRevision;
  const refused: Decision = { is: 'wrong-expectation', current };
  if (stream.tombstoned) return { is: 'stream-deleted' };
  if (expected === 'stream-exists') {
    if (stream.softDeleted) return { is: 'stream-deleted' };
    if (current < 0) return refused;
  }
  const eventAt = (revision: number): LoggedEvent | undefined => {
    const index = stream.indexes[revision];
    return index === undefined ? undefined : log.at(index);
  };
  if (expected === 'any' || expected === 'stream-exists') {
    return repeatOfRecent(ids, current, eventAt) ?? { is: 'append' };
  }
  const expectedRevision = expected === 'no-stream' ? -1 : expected;
  if (expectedRevision > current) return refused;
  if (expectedRevision === current) return { is: 'append' };
  const same = (id: string, offset: number) => eventAt(expectedRevision + 1 + offset)?.id === id;
  if (ids.length > 0 && ids.every(same)) {
    return { is: 'repeat', last: eventAt(expectedRevision + ids.length)! };
  }
  // To whoever expects no stream, a deleted one is none; what is written goes on with its revisions.
  const startsAnew = expectedRevision === -1 && stream.softDeleted && ids.length > 0 && !same(ids[0]!, 0);
  return startsAnew ? { is: 'append' } : refused;
}

function repeatOfRecent(
  ids: readonly string[],
  current: number,
  eventAt: (revision: number) => LoggedEvent | undefined,
): Decision | null {
  const recent = new Map<string, LoggedEvent>();
  for (let revision = Math.max(0, current - RECENT_MAX + 1); revision <= current; revision++) {
    const event = eventAt(revision)!;
    recent.set(event.id, event);
  }
  const known = ids.filter((id) => recent.has(id));
  if (known.length === 0) return null;
  // A part of the append is there and the rest is not: neither a repeat nor new.
  if (known.length < ids.length) return recent.has(ids[0]!) ? { is: 'wrong-expectation', current } : null;
  return { is: 'repeat', last: recent.get(ids.at(-1)!)! };
}
