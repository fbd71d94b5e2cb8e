/**
 * Random schedules of faults between two replicas and a cluster, and a store that lives through one.
 *
 * The next entry of the schedule happens before each append. The append is then made by one replica, by both at
 * once as when a client grows impatient, or a second time by a replica that had the answer and lost it.
 */
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../src/kernel/assert.js';
import type { StreamName } from '../../src/kernel/ids.js';
import {
  StoreOverReader,
  WrongExpectedRevision,
  type EventStore,
  type Appended,
  type ExpectedRevision,
  type NewEvent,
} from '../../src/store/event-store.js';
import type { CallKind, Fault } from '../double/faults.js';
import type { ProtocolDouble } from '../double/protocol-double.js';

export interface Mishap {
  readonly fault: { readonly kind: CallKind; readonly fault: Fault } | null;
  readonly disturbance: 'none' | 'cut' | 'restart' | 'fail-over' | 'no-leader' | 'foreign-event';
  readonly appends: 'one' | 'other' | 'both' | 'again-by-the-other';
}

const action = fc.constantFrom<Fault['action'][]>(
  'cut',
  'unavailable',
  'cancel',
  'timeout',
  'not-leader',
  'unknown',
);
/** Silence is rare, because each costs its time-out. */
const anyAction = fc.oneof(
  { weight: 12, arbitrary: action },
  { weight: 1, arbitrary: fc.constant<Fault['action']>('stay-silent') },
);
const fault = fc.oneof(
  fc.record({
    kind: fc.constant<CallKind>('append'),
    fault: fc.record({ action: fc.oneof(anyAction, fc.constant<Fault['action']>('end')), after: fc.nat(1) }),
  }),
  fc.record({
    kind: fc.constantFrom<CallKind[]>('read-stream', 'read-all'),
    fault: fc.record({ action: fc.oneof(anyAction, fc.constant<Fault['action']>('end')), after: fc.nat(2) }),
  }),
  fc.record({
    kind: fc.constant<CallKind>('subscribe'),
    fault: fc.record({ action: fc.oneof(action, fc.constant<Fault['action']>('end')), after: fc.nat(4) }),
  }),
);

export const schedule: fc.Arbitrary<readonly Mishap[]> = fc.array(
  fc.record({
    fault: fc.option(fault),
    disturbance: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Mishap['disturbance']>('none') },
      {
        weight: 4,
        arbitrary: fc.constantFrom<Mishap['disturbance'][]>(
          'cut',
          'restart',
          'fail-over',
          'no-leader',
          'foreign-event',
        ),
      },
    ),
    appends: fc.constantFrom<Mishap['appends'][]>('one', 'other', 'both', 'again-by-the-other'),
  }),
  { minLength: 5, maxLength: 30, size: 'max' },
);

/** A store that reads from its replicas in turns, and appends as the schedule says. */
export class DisturbedStore extends StoreOverReader {
  private appended = 0;
  private asked = 0;
  /** The number of events that others wrote into the same store. */
  foreign = 0;
  /** The ids of all acknowledged events, in their order. */
  readonly ids: string[] = [];

  constructor(
    private readonly double: ProtocolDouble,
    private readonly replicas: readonly [EventStore, EventStore],
    private readonly mishaps: readonly Mishap[],
  ) {
    super();
  }

  async append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<Appended> {
    const { fault, disturbance, appends } = this.mishaps[this.appended++ % this.mishaps.length]!;
    if (fault) void this.double.faults.next(fault.kind, fault.fault);
    const [one, other] = this.replicas;
    const by = async (store: EventStore) => {
      try {
        return await store.append(stream, expected, events);
      } catch (error) {
        // Nobody else writes here, so a wrong revision means that the server did not recognise the store's own append.
        if (!(error instanceof WrongExpectedRevision)) throw error;
        throw new Error(`what was appended was not known again: ${error.message}`, { cause: error });
      }
    };
    // Append and disturbance run together: where the double could not be disturbed, nothing waits for it.
    const [results] = await Promise.all([
      appends === 'both'
        ? Promise.all([by(one), by(other)])
        : appends === 'again-by-the-other'
          ? by(one).then(async (result) => [result, await by(other)])
          : by(appends === 'one' ? one : other).then((result) => [result]),
      this.disturb(disturbance),
    ]);
    assert(
      results.every((result) => isDeepStrictEqual(result, results[0])),
      `an append made twice has one result: ${JSON.stringify(results)}`,
    );
    this.ids.push(...events.map(({ id }) => id));
    return results[0]!;
  }

  /** Disturbs the cluster while the append is under way. */
  private async disturb(disturbance: Mishap['disturbance']): Promise<void> {
    const { double } = this;
    const next = double.nodes[this.appended % double.nodes.length]!;
    switch (disturbance) {
      case 'none':
        return;
      case 'cut':
        return double.nodes.forEach((node) => node.cutAll());
      case 'restart':
        return double.restart();
      case 'fail-over':
        return double.failOver(next);
      case 'no-leader':
        double.failOver(null);
        await new Promise(setImmediate);
        return double.failOver(next);
      case 'foreign-event':
        this.foreign++;
        return double.inject('orders-1', { type: 'OrderPlaced', data: '{"not":"the ledger’s"}' });
    }
  }

  protected get reader(): EventStore {
    return this.replicas[this.asked++ % 2]!;
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.close()));
  }
}
