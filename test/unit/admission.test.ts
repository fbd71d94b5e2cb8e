import { expect, test } from '@jest/globals';
import { Admission } from '../../src/http/admission.js';

test('L9: however many keys take all the places that they can have, another key and the admin find one', () => {
  const admission = new Admission({ requestsAtOnce: 1_000, bodiesMib: 1 });
  const takesAll = (actor: string) => {
    for (let places = 0; ; places++) {
      try {
        admission.enter(actor, true);
      } catch {
        return places;
      }
    }
  };
  const taken = ['a', 'b', 'c', 'd', 'e', 'f'].map(takesAll);
  expect(taken[0]).toBe(250);
  expect(Math.min(...taken)).toBeGreaterThan(10);
  admission.enter('admin', false);
});

test('with one place, it is anyone’s', () => {
  const admission = new Admission({ requestsAtOnce: 1, bodiesMib: 1 });
  const place = admission.enter('a', true);
  expect(() => admission.enter('b', true)).toThrow('too many requests');
  place.leave();
  admission.enter('b', true);
});
