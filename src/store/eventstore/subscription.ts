/**
 * Follows EventStoreDB or KurrentDB by a subscription to `$all`.
 *
 * A subscription that the server ends, breaks off or leaves silent is opened again from the last position, after a wait
 * that grows. Start positions of a subscription are exclusive.
 */
import { eventTypeFilter, START, type EventStoreDBClient } from '@eventstore/db-client';
import { StoreUnavailable, type Position, type RecordedEvent, type Run } from '../event-store.js';
import { LEADER, within, type EventStoreConnection } from './connection.js';
import { AccessDenied, asStoreError, isTransient, NoAnswer } from './errors.js';
import {
  decodePosition,
  isFullRun,
  runOf,
  type ReadCheckpoint,
  type Resolved,
  type StreamNames,
} from './events.js';
import type { GlobalOrder } from './order.js';
import { batchesOf, type ClientStream } from './pull.js';
import type { LedgerStreams } from './streams.js';

export interface SubscriptionOptions {
  readonly names: StreamNames;
  readonly origin: Position | null;
  /** A subscription that is silent for this time is opened again: it may have been lost without a sign. */
  readonly quietMsMax: number;
  readonly onLost: (error: Error) => void;
}

/** A subscription reports its position after so many events that its filter skips. */
const SEARCH_WINDOW = 128;
/** The client buffers at most so many events while a batch is in hand; one event may have a megabyte. */
const HELD_MAX = 16;

/** The types of applications' events, and of the server's events that delete streams or hide events. */
const ALL_THAT_CONCERNS_US = /^([^$]|\$metadata$|\$streamDeleted$)/.source;

const FOLLOWING = 'to follow the ledger';
const QUIET: Run = { events: [], end: null, skipped: 0, atEnd: false };

export class Subscription {
  constructor(
    private readonly connection: EventStoreConnection,
    private readonly order: GlobalOrder,
    private readonly streams: LedgerStreams,
    private readonly options: SubscriptionOptions,
  ) {}

  async *after(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    const ending = AbortSignal.any([signal, this.connection.closing]);
    let position = after;
    let known: RecordedEvent | null | undefined;
    for (let failures = 0; !ending.aborted;) {
      const client = this.connection.current;
      const release = this.connection.use(client);
      try {
        // An operator who restores an older backup stops the server, so a new subscription first checks that the store
        // still holds the last event that was read.
        if (known) await this.order.verifyHolds(known);
        else known ??= position === null ? null : await this.order.lastUpTo(position);
        let quiet = false;
        for await (const run of this.follow(client, position, ending)) {
          failures = 0;
          if ((quiet = run === QUIET)) break;
          position = run.end;
          known = run.events.at(-1) ?? known;
          yield run;
        }
        if (ending.aborted) break;
        // A silent subscription of an idle ledger lost nothing.
        if (quiet) continue;
        // The server may end a subscription without an error.
        this.options.onLost(
          new StoreUnavailable('the event store ended the subscription: it is opened again'),
        );
      } catch (cause) {
        const error = asStoreError(cause, FOLLOWING);
        const denied = error instanceof AccessDenied;
        if (!isTransient(error) && !denied) throw error;
        release();
        if (!denied) this.connection.giveUp(client, error);
        this.options.onLost(error);
      } finally {
        release();
      }
      await this.connection.backOff(failures++, ending);
    }
    if (!signal.aborted) throw new StoreUnavailable('the store is closed');
  }

  /** The runs of one subscription until it ends, and QUIET at last where nothing was heard for too long. */
  private async *follow(
    client: EventStoreDBClient,
    after: Position | null,
    signal: AbortSignal,
  ): AsyncIterable<Run> {
    const { origin, names, quietMsMax } = this.options;
    const { stream, confirmed } = this.open(client, after ?? origin);
    const stopping = new AbortController();
    const batches = batchesOf<Resolved | ReadCheckpoint>(stream, {
      what: FOLLOWING,
      idleMs: quietMsMax,
      isFull: isFullRun,
      signal: AbortSignal.any([signal, stopping.signal]),
    });
    let [end, opened] = [after, false];
    try {
      let next = batches.next();
      // A server that takes the call and never confirms it differs from one that has nothing to say.
      await within(this.connection.timeoutMs, FOLLOWING, Promise.race([confirmed, next]));
      opened = true;
      for (let batch = await next; !batch.done; batch = await next) {
        await this.streams.refuseLosses(batch.value.filter(isEvent));
        const run = runOf(batch.value, { after: end, limit: Infinity, atEnd: false, names });
        if (run.end !== end) yield run;
        end = run.end;
        next = batches.next();
      }
    } catch (error) {
      if (!(opened && error instanceof NoAnswer)) throw error;
      yield QUIET;
    } finally {
      stopping.abort();
      await batches.return(undefined);
    }
  }

  private open(
    client: EventStoreDBClient,
    start: Position | null,
  ): { readonly stream: ClientStream; readonly confirmed: Promise<void> } {
    const filter = eventTypeFilter({
      regex: ALL_THAT_CONCERNS_US,
      maxSearchWindow: SEARCH_WINDOW,
      checkpointInterval: 1,
      // The client calls this between two events, and it must not throw, so the checkpoint goes into the stream among
      // the events.
      checkpointReached: (subscription, checkpoint) => void subscription.push({ checkpoint }),
    });
    const fromPosition = start === null ? START : decodePosition(start);
    const held = { highWaterMark: HELD_MAX };
    const subscription = client.subscribeToAll({ fromPosition, filter, ...LEADER }, held);
    const confirmed = new Promise<void>((resolve) => subscription.once('confirmation', () => resolve()));
    return { stream: subscription as unknown as ClientStream, confirmed };
  }
}

const isEvent = (item: Resolved | ReadCheckpoint): item is Resolved => !('checkpoint' in item);
