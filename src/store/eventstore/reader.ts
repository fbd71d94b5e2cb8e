/**
 * Reads EventStoreDB or KurrentDB: streams, the global order `$all`, and the subscription to it.
 *
 * The leader is asked, because only the leader surely has everything that was acknowledged.
 */
import type { StreamName } from '../../kernel/ids.js';
import { EventReader, type Position, type Run, type StreamRange, type StreamRun } from '../event-store.js';
import { EventStoreConnection, type ConnectionOptions } from './connection.js';
import { StreamNames } from './events.js';
import { GlobalOrder } from './order.js';
import { LedgerStreams } from './streams.js';
import { Subscription, type SubscriptionOptions } from './subscription.js';
import type { EventStoreSettings } from '../store-url.js';

/** Tests that share a server set `origin`, so that they need not read the events that others left in it. */
export type ReaderOptions = ConnectionOptions & Partial<Omit<SubscriptionOptions, 'names'>>;

const QUIET_MS_MAX = 60_000;

export class EventStoreDbReader extends EventReader {
  readonly connection: EventStoreConnection;
  readonly streams: LedgerStreams;
  private readonly order: GlobalOrder;
  private readonly subscription: Subscription;

  constructor(settings: EventStoreSettings, options: ReaderOptions = {}) {
    super();
    const { origin = null, quietMsMax = QUIET_MS_MAX, onLost = () => undefined } = options;
    const names = new StreamNames(settings.namespace);
    this.connection = new EventStoreConnection(settings, options);
    this.streams = new LedgerStreams(this.connection, names);
    this.order = new GlobalOrder(this.connection, this.streams, { names, origin });
    this.subscription = new Subscription(this.connection, this.order, this.streams, {
      names,
      origin,
      quietMsMax,
      onLost,
    });
  }

  readStreamRun(stream: StreamName, range?: StreamRange): Promise<StreamRun> {
    return this.streams.readRun(stream, range);
  }

  readRun(after: Position | null, limit: number): Promise<Run> {
    return this.order.readRun(after, limit);
  }

  head(): Promise<Position | null> {
    return this.order.head();
  }

  subscribe(after: Position | null, signal: AbortSignal): AsyncIterable<Run> {
    return this.subscription.after(after, signal);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
