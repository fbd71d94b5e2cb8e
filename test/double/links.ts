/** Links: events of type `$>` whose data names another event as `revision@stream`. Told as they are, or resolved. */
import { encodedEvent, type ReadResponse } from './encoded-events.js';
import type { EventLog, LoggedEvent, ProposedEvent } from './event-log.js';
import { eventResponse } from './wire.js';
import { jsonEvent } from './writes.js';

export function linkTo(stream: string, revision: number): ProposedEvent {
  return { ...jsonEvent('$>', `${revision}@${stream}`), contentType: 'application/octet-stream' };
}

export function eventMessage(log: EventLog, event: LoggedEvent, resolveLinks: boolean): ReadResponse {
  if (event.alike) return encodedEvent(event);
  if (!resolveLinks || event.type !== '$>') return eventResponse(event);
  const [, revision, stream] = /^(\d+)@(.+)$/.exec(Buffer.from(event.data).toString('utf8')) ?? [];
  const index = stream === undefined ? undefined : log.stream(stream).indexes[Number(revision)];
  return eventResponse(event, index === undefined ? null : log.at(index));
}
