/**
 * Deciders as given, when, then: the events that have happened, the command, and the events or refusals that
 * follow.
 *
 *     const given = decided(programmeDecider);
 *     given(registered, closed).when(amend).refuses('programme-closed');
 */
import { expect } from '@jest/globals';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { fold, type Decider } from '../../src/kernel/decider.js';
import { Refused, type RefusalCode } from '../../src/kernel/refusals.js';

/** A code, followed by the pointer where one field is at fault. */
export type ExpectedRefusal = RefusalCode | `${RefusalCode} ${string}`;

export interface Expectation<Event> {
  then(...events: readonly Event[]): void;
  changesNothing(): void;
  /** Expects these refusals in order of precedence: the first decides the answer's status. */
  refuses(...refusals: readonly [ExpectedRefusal, ...ExpectedRefusal[]]): void;
}

export function decided<State, Command, Event>(decider: Decider<State, Command, Event>) {
  return (...history: readonly Event[]) => ({
    when(command: Command): Expectation<Event> {
      const decide = () => outcomeOf(decider, history, command);
      return {
        then(...events) {
          expect(decide()).toEqual({ events });
          // The new events are folded and written as canonical JSON, since they will be recorded.
          fold(decider, [...history, ...events]);
          expect(JSON.parse(canonicalJson(events))).toEqual(events);
        },
        changesNothing() {
          expect(decide()).toEqual({ events: [] });
        },
        refuses(...refusals) {
          expect(decide()).toEqual({ refusals });
        },
      };
    },
  });
}

/** Decides twice on a frozen state: a decision must depend on nothing but state and command. */
function outcomeOf<State, Command, Event>(
  decider: Decider<State, Command, Event>,
  history: readonly Event[],
  command: Command,
): { events: readonly Event[] } | { refusals: string[] } {
  const state = deeplyFrozen(fold(decider, deeplyFrozen(history)));
  const attempt = () => {
    try {
      return { events: decider.decide(state, deeplyFrozen(command)) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      for (const { detail } of error.refusals) expect(detail).toMatch(/\w+ \w+/);
      return {
        refusals: error.refusals.map(({ code, pointer }) =>
          pointer === undefined ? code : `${code} ${pointer}`,
        ),
      };
    }
  };
  const first = attempt();
  expect(attempt()).toEqual(first);
  return first;
}

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of value instanceof Map ? value.values() : Object.values(value)) deeplyFrozen(part);
  return value;
}
