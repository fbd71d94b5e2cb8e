/**
 * Every command reaches the store so: read, fold, decide, append.
 *
 * A decision is made on a whole stream, and appended at exactly the revision it was made on. If another writer came
 * first, the decision is made again on the longer stream, a bounded number of times. Decisions of one process about one
 * stream wait for one another, so that only other processes can come first.
 */
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { sealsOf } from '../kernel/event-data.js';
import { eventIdOf, type StreamName } from '../kernel/ids.js';
import type { Clock } from '../kernel/clock.js';
import type { Provenance } from '../kernel/provenance.js';
import { Refused } from '../kernel/refusals.js';
import { inTurns, ownTurn } from '../kernel/turns.js';
import {
  WrongExpectedRevision,
  type Appended,
  type EventReader,
  type EventStore,
  type NewEvent,
  type RecordedEvent,
  type StreamRun,
} from './event-store.js';
import { upcast, type LedgerEvent } from '../domain/upcast.js';

export interface Decision<State, Event> {
  readonly state: State;
  readonly events: readonly Event[];
  readonly appended: Appended | null;
  /** The events of the stream before the decision, where they were read. */
  readonly history: readonly RecordedEvent[];
}

const ATTEMPTS_MAX = 8;
/** So many events are read or sealed in one turn, in some ten milliseconds where they are of the largest. */
const EVENTS_A_TURN = 200;
const NOTHING: StreamRun = { events: [], last: 'no-stream' };

/** Other processes changed the stream each time that a decision was made on it. The store is well. */
export class Contended extends Error {
  constructor(stream: StreamName) {
    super(`${stream} changed ${ATTEMPTS_MAX} times while a decision was made on it: ask again`);
    this.name = 'Contended';
  }
}

interface DecisionParts {
  readonly store: EventStore;
  readonly clock: Clock;
}

/** Makes a command of what its stream says so far. */
export type CommandFor<State, Command> = (
  state: State,
  history: readonly RecordedEvent[],
) => Promise<Command>;

interface DecisionAsked<State, Command> {
  readonly stream: StreamName;
  readonly command: Command | CommandFor<State, Command>;
  readonly provenance: Provenance;
  /** A stream that is most likely new is read only if deciding without it proves wrong. */
  readonly expectNew?: boolean;
}

/** The last decision about each stream that is not done yet. */
const deciding = new WeakMap<EventStore, Map<StreamName, Promise<unknown>>>();

/** @throws Refused, Contended, ClockLeapt, and whatever the store throws */
export async function runDecider<State, Command extends object, Event extends LedgerEvent>(
  parts: DecisionParts,
  decider: Decider<State, Command, Event>,
  asked: DecisionAsked<State, Command>,
): Promise<Decision<State, Event>> {
  const lasts = deciding.get(parts.store) ?? new Map<StreamName, Promise<unknown>>();
  deciding.set(parts.store, lasts);
  const decide = () => decideAndAppend(parts, decider, asked);
  const mine = (lasts.get(asked.stream) ?? Promise.resolve()).then(decide, decide);
  lasts.set(asked.stream, mine);
  try {
    return await mine;
  } finally {
    if (lasts.get(asked.stream) === mine) lasts.delete(asked.stream);
  }
}

async function decideAndAppend<State, Command extends object, Event extends LedgerEvent>(
  { store, clock }: DecisionParts,
  decider: Decider<State, Command, Event>,
  { stream, command, provenance, expectNew = false }: DecisionAsked<State, Command>,
): Promise<Decision<State, Event>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const unread = expectNew && attempt === 0;
    const { events: history, last } = unread ? NOTHING : await readInTurns(store, stream);
    const state = stateOf(decider, history);
    try {
      const events = decider.decide(
        state,
        typeof command === 'function' ? await command(state, history) : command,
      );
      if (events.length === 0) return { state, events, appended: null, history };
      const firstRevision = last === 'no-stream' ? 0 : last + 1;
      const sealed = await seal(stream, firstRevision, events, provenance, clock.recording());
      // Events of other writers in the stream decide nothing, but the append follows on them too.
      const appended = await store.append(stream, last, sealed);
      return { state, events, appended, history };
    } catch (error) {
      if (error instanceof WrongExpectedRevision) continue;
      // A refusal of a command on an unread stream may be the retry of one that was accepted.
      const mayBeRetry = unread && error instanceof Refused;
      if (!mayBeRetry || (await store.readStreamRun(stream, { limit: 1 })).last === 'no-stream') throw error;
    }
  }
  throw new Contended(stream);
}

export async function readState<State, Event extends LedgerEvent>(
  store: EventReader,
  { initialState, evolve }: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
  stream: StreamName,
): Promise<State> {
  return stateOf({ initialState, evolve }, (await readInTurns(store, stream)).events);
}

function stateOf<State, Event extends LedgerEvent>(
  { initialState, evolve }: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
  history: readonly RecordedEvent[],
): State {
  let state = initialState;
  for (const event of history) state = evolve(state, upcast(event) as Event, event.revision);
  return state;
}

/** The longest streams hold many megabytes. */
async function readInTurns(store: EventReader, stream: StreamName): Promise<StreamRun> {
  const events: RecordedEvent[] = [];
  let last: StreamRun['last'] = 'no-stream';
  for (;;) {
    const from = last === 'no-stream' ? 0 : last + 1;
    const run = await store.readStreamRun(stream, { from, limit: EVENTS_A_TURN });
    for (const event of run.events) events.push(event);
    if (run.last !== 'no-stream') last = run.last;
    if (run.events.length < EVENTS_A_TURN) return { events, last };
    await ownTurn();
  }
}

async function seal(
  stream: StreamName,
  firstRevision: number,
  events: readonly LedgerEvent[],
  { actor, role, correlationId, causationId, source }: Provenance,
  nowMs: number,
): Promise<NewEvent[]> {
  const recordedAt = new Date(nowMs).toISOString();
  const caused = causationId === undefined ? {} : { causationId };
  const sealed: NewEvent[] = [];
  for await (const { schema, type, data } of inTurns(events, EVENTS_A_TURN)) {
    const index = sealed.length;
    const facts = canonicalJson(data.facts);
    const words = data.words && canonicalJson(data.words);
    const seals = sealsOf({ facts, words });
    sealed.push({
      id: eventIdOf(stream, firstRevision + index, seals.factsHash),
      type,
      payload: words === undefined ? `{"facts":${facts}}` : `{"facts":${facts},"words":${words}}`,
      metadata: {
        schema,
        recordedAt,
        actor,
        role,
        correlationId,
        ...caused,
        source: typeof source === 'string' ? source : source(index),
        ...seals,
      },
    });
  }
  return sealed;
}
