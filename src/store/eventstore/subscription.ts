/**
 * Follows EventStoreDB or KurrentDB: a subscription to `$all` that is looked after.
 *
 * Whether the server ends it, breaks it off or falls silent, it is opened again from the last position, after a while
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
  type Checkpoint,
  type Resolved,
  type StreamNames,
} from './events.js';
import type { GlobalOrder } from './order.js';
import { batchesOf, type ClientStream } from './pull.js';
import type { LedgerStreams } from './streams.js';

export interface SubscriptionOptions {
  readonly names: StreamNames;
  /** Before the first event of the ledger. */
  readonly origin: Position | null;
  /** After which a subscription that says nothing is opened again: it may have been lost without a sign. */
  readonly quietMsMax: number;
  /** Told when a subscription is lost; it is opened again. */
  readonly onLost: (error: Error) => void;
}

/** A subscription tells how far it has come after so many events that are passed over. */
const SEARCH_WINDOW = 128;
/** What the client holds while a batch is in hand; an event may be of a megabyte. */
const HELD_MAX = 16;

/** What applications write, and by what the server lets go of it. */
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
        // Whoever restores an older backup stops the server: what was read is looked for before it is gone on from.
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
        // An idle ledger has lost nothing: its subscription is opened again because nobody can tell.
        if (quiet) continue;
        // Where the server ends it, it does so without a word.
        this.options.onLost(new StoreUnavailable('the subscription ended: it is opened again'));
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

  /** One subscription, to its end; at last QUIET, if nothing was heard of it for long. */
  private async *follow(
    client: EventStoreDBClient,
    after: Position | null,
    signal: AbortSignal,
  ): AsyncIterable<Run> {
    const { origin, names, quietMsMax } = this.options;
    const { stream, confirmed } = this.open(client, after ?? origin);
    const stopping = new AbortController();
    const batches = batchesOf<Resolved | Checkpoint>(stream, {
      what: FOLLOWING,
      idleMs: quietMsMax,
      isFull: isFullRun,
      signal: AbortSignal.any([signal, stopping.signal]),
    });
    let [end, opened] = [after, false];
    try {
      let next = batches.next();
      // A server that takes the call and never says so is told from one that has nothing to say.
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
      // Called between two events, and must not fail: there it is put among them.
      checkpointReached: (subscription, checkpoint) => void subscription.push({ checkpoint }),
    });
    const fromPosition = start === null ? START : decodePosition(start);
    const held = { highWaterMark: HELD_MAX };
    const subscription = client.subscribeToAll({ fromPosition, filter, ...LEADER }, held);
    const confirmed = new Promise<void>((resolve) => subscription.once('confirmation', () => resolve()));
    return { stream: subscription as unknown as ClientStream, confirmed };
  }
}

const isEvent = (item: Resolved | Checkpoint): item is Resolved => !('checkpoint' in item);
