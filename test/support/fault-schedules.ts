/**
 * Random schedules of what goes wrong between two replicas and a cluster, and a store that lives through one.
 *
 * Before each append the next entry of the schedule happens; then the append is made by one replica or the other,
 * by both at once as when a client grows impatient, or a second time by one that had the answer and lost it.
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
/** Silence costs its time-out, so that there is little of it. */
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

/** Reads by turns, and appends as the schedule has it. */
export class DisturbedStore extends StoreOverReader {
  private appended = 0;
  private asked = 0;
  /** What others wrote into the same store. */
  foreign = 0;
  /** Of all events that were acknowledged, in their order. */
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
        // Nobody else writes, so that who is overtaken was so by itself: its own append was not known again.
        if (!(error instanceof WrongExpectedRevision)) throw error;
        throw new Error(`what was appended was not known again: ${error.message}`, { cause: error });
      }
    };
    // Together: a double that could not be disturbed is not waited for.
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

  /** Begins while the append is under way. */
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
