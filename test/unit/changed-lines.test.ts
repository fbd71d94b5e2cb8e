/** The line of an event in a bundle: whatever single member of it is changed, the checker finds it. */
import { describe, expect, test } from '@jest/globals';
import {
  bundleOf,
  check,
  definition,
  eventAt,
  eventLine,
  outcome,
  type ForgedEvent,
} from '../support/forged-bundle.js';

const EVERYTHING = { scope: { kind: 'everything' } };
const flow = definition(0, 'flow');

describe('in the line of an event', () => {
  const told = {
    ...eventAt(1, {
      stream: 'submission-s1',
      schema: 'outcome@2',
      facts: { ...outcome(1, 10).data.facts, range: { low: 9, high: 11 } },
      words: { evidence: { title: 'Quarter 1 return' }, note: 'two sites' },
    }),
    causationid: 'e0',
  } as ForgedEvent;
  const line = JSON.parse(eventLine(told)) as Json;
  const log = [flow, told, outcome(2, 20)];
  const verdictOf = (changed: Json) =>
    check(bundleOf(log, EVERYTHING, [eventLine(flow), JSON.stringify(changed), eventLine(log[2]!)])).verdict;

  test('nothing is wrong before it is changed', () => expect(verdictOf(line)).toBe('good'));

  // A word or two that are taken away with their salt are the one thing that others have to explain.
  test.each(placesIn(line))('any single change at %j is found', (...path) => {
    for (const change of changesOf(at(line, path))) {
      expect([change, verdictOf(withChange(line, path, change))]).toEqual([change, 'tampered']);
    }
  });
});

type Json = Readonly<Record<string, unknown>>;
type Path = [string, ...string[]];

/** Every member of an object, and of the objects in it, by its path. */
function placesIn(value: unknown, path: readonly string[] = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const place = [...path, name] as unknown as Path;
    return [place, ...placesIn(member, place)];
  });
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((found, name) => (found as Json)[name], value);
}

/** Other values of its kind, of another kind, and none at all. */
function changesOf(value: unknown): readonly unknown[] {
  const other = {
    string: `${String(value)}x`,
    number: Number(value) + 1,
    object: { ...(value as Json), x: 1 },
  };
  const alike = other[typeof value as keyof typeof other];
  const shorter = typeof value === 'string' ? [value.slice(0, -1)] : [];
  return [alike, ...shorter, null, [value], undefined].filter((one) => one !== value);
}

function withChange(value: Json, [name, ...path]: readonly string[], change: unknown): Json {
  const member = path.length === 0 ? change : withChange(value[name!] as Json, path, change);
  return { ...value, [name!]: member };
}
