/** Filters of the global order: on types or on stream names, by prefix or by regular expression. */
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { LoggedEvent } from './event-log.js';

export interface EventFilter {
  matches(event: LoggedEvent): boolean;
  /** Events that are looked at in one go, matching or not. */
  readonly window: number;
  /** Events that are looked at before the reader is told how far it is. */
  readonly checkpointEvery: number;
}

/** The server's own, where the client sets no window. */
const SEARCH_WINDOW = 32;

export function filterOf(options: ReadReq.Options): EventFilter | null {
  const filter = options.getFilter();
  if (!filter) return null;
  const onStream = filter.getStreamIdentifier();
  const expression = onStream ?? filter.getEventType()!;
  const subjectOf = onStream ? (event: LoggedEvent) => event.stream : (event: LoggedEvent) => event.type;
  const prefixes = expression.getPrefixList();
  const regex = new RegExp(expression.getRegex());
  const accepts = (subject: string) =>
    prefixes.length > 0 ? prefixes.some((prefix) => subject.startsWith(prefix)) : regex.test(subject);
  const window = filter.hasMax() ? filter.getMax() : SEARCH_WINDOW;
  return {
    matches: (event) => accepts(subjectOf(event)),
    window,
    checkpointEvery: window * Math.max(1, filter.getCheckpointintervalmultiplier()),
  };
}
