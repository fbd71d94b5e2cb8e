/**
 * Follows the global order: a subscription that is looked after. Whether the server ends it, breaks it off or falls
 * silent, it is opened again from the last position, after a while that grows. Its start position is exclusive.
 */
import { excludeSystemEvents, START, type EventStoreDBClient } from '@eventstore/db-client';
import { StoreUnavailable, type Position, type Run } from './event-store.js';
import { within, type EventStoreConnection } from './eventstore-connection.js';
import { asStoreError, isTransient, NoAnswer } from './eventstore-errors.js';
import { decodePosition, type Resolved, type StreamNames } from './eventstore-events.js';
import { runOf, type Checkpoint } from './eventstore-runs.js';
import { batchesOf, type ClientStream } from './eventstore-stream.js';

export interface SubscriptionOptions {
  /** After which a subscription that says nothing is opened again: it may have been lost without a sign. */
  readonly quietMsMax?: number;
  /** Told when a subscription is lost; it is opened again. */
  readonly onLost?: (error: Error) => void;
  /** Before the first event of the ledger: tests share a server, and need not read what others left in it. */
  readonly origin?: Position | null;
}

const BATCH_SIZE_MAX = 2_000;
const QUIET_MS_MAX = 60_000;
/** A subscription tells how far it has come after so many events that are passed over. */
const SEARCH_WINDOW = 128;
const QUIET: Run = { events: [], end: null, skipped: 0, atEnd: false };

export class Subscriptions {
  private readonly quietMsMax: number;
  private readonly onLost: (error: Error) => void;
  private readonly origin: Position | null;

  constructor(
    private readonly connection: EventStoreConnection,
    private readonly names: StreamNames,
    { quietMsMax = QUIET_MS_MAX, onLost = () => undefined, origin = null }: SubscriptionOptions,
  ) {
    this.quietMsMax = quietMsMax;
    this.onLost = onLost;
    this.origin = origin;
  }

  async *subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    const ending = AbortSignal.any([signal, this.connection.closing]);
    let position = after;
    for (let failures = 0; !ending.aborted;) {
      const client = this.connection.current;
      try {
        for await (const run of this.follow(client, position, ending)) {
          failures = 0;
          if (run === QUIET) break;
          position = run.end;
          yield run;
        }
        if (ending.aborted) break;
        // Where the server ends it, it does so without a word.
        this.onLost(new StoreUnavailable('the subscription ended: it is opened again'));
      } catch (cause) {
        const error = asStoreError(cause, 'to follow the ledger');
        if (!isTransient(error)) throw error;
        this.connection.giveUp(client, error);
        this.onLost(error);
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
    const filter = excludeSystemEvents({
      maxSearchWindow: SEARCH_WINDOW,
      checkpointInterval: 1,
      // Called between two events, and must not fail: there it is put among them.
      checkpointReached: (subscription, checkpoint) => void subscription.push({ checkpoint }),
    });
    const start = after ?? this.origin;
    const fromPosition = start === null ? START : decodePosition(start);
    const subscription = client.subscribeToAll(
      { fromPosition, filter, requiresLeader: true },
      { highWaterMark: 256 },
    );
    const confirmed = new Promise<void>((resolve) => subscription.once('confirmation', () => resolve()));
    const stopping = new AbortController();
    const what = 'to follow the ledger';
    const batches = batchesOf<Resolved | Checkpoint>(subscription as unknown as ClientStream, {
      what,
      idleMs: this.quietMsMax,
      sizeMax: BATCH_SIZE_MAX,
      signal: AbortSignal.any([signal, stopping.signal]),
    });
    let [end, opened] = [after, false];
    try {
      let next = batches.next();
      // A server that takes the call and never says so is told from one that has nothing to say.
      await within(this.connection.timeoutMs, what, Promise.race([confirmed, next]));
      opened = true;
      for (let batch = await next; !batch.done; batch = await next) {
        const run = runOf(batch.value, { names: this.names, after: end, limit: Infinity, atEnd: false });
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
}
