/**
 * Read of the streams service with a subscription: confirmed, caught up from an exclusive start, then live.
 *
 * A filtered subscription is told how far it is after each so many events, matching or not. One that does not
 * take what is live is told that it fell behind, and again when it has caught up.
 */
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomUUID } from 'node:crypto';
import { filterOf, type EventFilter } from './event-filter.js';
import type { LoggedEvent, Place } from './event-log.js';
import { eventMessage } from './links.js';
import type { NodeContext } from './node-context.js';
import type { ResponseWriter } from './response-writer.js';
import { streamDeleted } from './rpc-errors.js';
import * as wire from './wire.js';

/** How many events a live subscription may leave untaken before it is said to have fallen behind. */
const LIVE_BUFFER = 1_000;
/** Events looked at before others get their turn. */
const TURN = 1_000;

/** The events that a subscription goes through, in order. */
interface Source {
  /** Of the next event in the log; undefined when there is none yet. */
  next(): number | undefined;
  /** How many there are that it has not been through. */
  pending(): number;
}

export async function follow(
  node: NodeContext,
  options: ReadReq.Options,
  writer: ResponseWriter,
): Promise<void> {
  const { log } = node;
  const filter = filterOf(options);
  const name = options.hasAll() ? null : wire.streamOf(options.getStream()!.getStreamIdentifier());
  const source = name === null ? allSource(node, options) : streamSource(node, options, name);
  const changes = new Changes(node);
  const checkpoints = filter && new Checkpoints(filter);
  let live = false;
  let looked = 0;
  try {
    if (!(await writer.send(wire.confirmationResponse(randomUUID())))) return;
    while (writer.open) {
      changes.take();
      for (let index = source.next(); index !== undefined && writer.open; index = source.next()) {
        if (live && source.pending() > LIVE_BUFFER) {
          live = false;
          await writer.send(wire.fellBehindResponse());
        }
        const event = log.at(index);
        const matches = !filter || filter.matches(event);
        if (matches) {
          const message = eventMessage(log, event, options.getResolveLinks());
          if (!(await writer.send(message, 'step'))) return;
        }
        const checkpoint = checkpoints?.after(event, { matches, live });
        if (checkpoint) await writer.send(wire.checkpointResponse(checkpoint));
        if (++looked % TURN === 0) await new Promise(setImmediate);
      }
      if (name !== null && log.stream(name).tombstoned) return writer.fail(streamDeleted(name));
      if (!live) {
        live = true;
        await writer.send(wire.caughtUpResponse());
      }
      await writer.until((wake) => changes.onNext(wake));
    }
  } finally {
    changes.close();
  }
}

/**
 * How far a filtered subscription is told it has come. Live, it is the event that was looked at; in catching up, the
 * last event of a window that matched, or where a window without any began.
 */
class Checkpoints {
  private looked = 0;
  private sinceLast = 0;
  private windowPlace: Place | null = null;

  constructor(private readonly filter: EventFilter) {}

  after(event: LoggedEvent, { matches, live }: { matches: boolean; live: boolean }): Place | null {
    const { window, checkpointEvery } = this.filter;
    this.sinceLast++;
    if (matches || this.windowPlace === null) this.windowPlace = event;
    if (!live && ++this.looked % window !== 0) return null;
    const place = live ? event : this.windowPlace;
    this.windowPlace = null;
    if (this.sinceLast < checkpointEvery) return null;
    this.sinceLast %= checkpointEvery;
    return place;
  }
}

/** Whether anything changed since it was last asked. */
class Changes {
  private changed = false;
  private wake: () => void = () => undefined;
  private readonly unwatch: () => void;

  constructor(node: NodeContext) {
    this.unwatch = node.watch(() => {
      this.changed = true;
      this.wake();
    });
  }

  take(): void {
    this.changed = false;
  }

  onNext(wake: () => void): void {
    this.wake = wake;
    if (this.changed) wake();
  }

  close(): void {
    this.unwatch();
  }
}

function allSource(node: NodeContext, options: ReadReq.Options): Source {
  const all = options.getAll()!;
  const position = all.getPosition();
  let at = 0;
  if (all.hasEnd()) at = node.end();
  else if (position) {
    const { commit, prepare } = wire.placeOf(position);
    at = node.log.indexFrom({ commit, prepare: prepare + 1 });
  }
  return { next: () => (at < node.end() ? at++ : undefined), pending: () => node.end() - at };
}

function streamSource(node: NodeContext, options: ReadReq.Options, name: string): Source {
  const from = options.getStream()!;
  const { indexes } = node.log.stream(name);
  let revision = 0;
  if (from.hasEnd()) revision = indexes.length;
  else if (from.hasRevision()) revision = Number(from.getRevision()) + 1;
  return {
    next: () => {
      revision = Math.max(revision, node.log.stream(name).firstRevision);
      const index = indexes[revision];
      if (index === undefined || index >= node.end()) return undefined;
      revision++;
      return index;
    },
    pending: () => indexes.length - revision,
  };
}
