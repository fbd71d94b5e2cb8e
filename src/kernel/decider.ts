/**
 * The decider pattern (Chassaing): rules as pure functions over the history of one stream.
 *
 * `decide` returns the events that follow from a command, or throws `Refused`; it reads no clock and makes no id.
 * `evolve` never refuses, because a recorded event has happened.
 */
export interface Decider<State, Command, Event> {
  readonly initialState: State;
  decide(this: void, state: State, command: Command): readonly Event[];
  /** @param revision the event's revision in its stream; left out, the event follows the one before it */
  evolve(this: void, state: State, event: Event, revision?: number): State;
}

export function fold<State, Event>(
  decider: Pick<Decider<State, never, Event>, 'initialState' | 'evolve'>,
  events: Iterable<Event>,
): State {
  let state = decider.initialState;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
