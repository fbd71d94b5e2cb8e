/** A part of what a server gives of its order, as a run of the ledger. */
import type { Position, RecordedEvent, Run } from './event-store.js';
import {
  encodePosition,
  isOfTheServer,
  ownEvent,
  positionOf,
  type Resolved,
  type StorePosition,
  type StreamNames,
} from './eventstore-events.js';

/** How far a subscription has come, told between its events: in their order. */
export interface Checkpoint {
  readonly checkpoint: StorePosition;
}

export interface Reading {
  readonly names: StreamNames;
  /** Where it began. */
  readonly after: Position | null;
  /** Of the ledger's events; what stands after them is left for the next one. */
  readonly limit: number;
  readonly atEnd: boolean;
}

export function runOf(
  page: readonly (Resolved | Checkpoint)[],
  { names, after, limit, atEnd }: Reading,
): Run {
  const events: RecordedEvent[] = [];
  let [end, skipped] = [after, 0];
  for (const [index, item] of page.entries()) {
    if ('checkpoint' in item) {
      const reached = encodePosition(item.checkpoint);
      if (end === null || reached > end) end = reached;
      continue;
    }
    end = positionOf(item);
    const event = ownEvent(item, names);
    if (event) events.push(event);
    else if (!isOfTheServer(item)) skipped++;
    if (events.length === limit) return { events, end, skipped, atEnd: atEnd && index === page.length - 1 };
  }
  return { events, end, skipped, atEnd };
}
