import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Progress } from '../../src/read-models/progress.js';

/** Positions have gaps; the ledger's sequences have none. */
const positionOf = (sequence: number) => String(sequence * 3 + 1).padStart(16, '0');
const checkpointAt = (sequence: number) => ({
  sequence,
  position: positionOf(sequence),
  ledgerTime: 0,
  skipped: 0,
  root: '',
});
const between = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => positionOf(first + index));

test('every position is found at its sequence, and no other position at all, whatever the batches were', () => {
  const batches = fc.array(fc.record({ size: fc.integer({ min: 1, max: 9_000 }), known: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(batches, fc.nat(), (sizes, seed) => {
      const progress = new Progress();
      let last = -1;
      for (const { size, known } of sizes) {
        const first = last + 1;
        last += size;
        progress.advance(checkpointAt(last), known ? between(first, last) : []);
      }
      for (const sequence of [0, seed % (last + 1), last]) {
        expect(progress.sequenceOf(positionOf(sequence), positionOf)).toBe(sequence);
        expect(progress.sequenceOf(`${positionOf(sequence)}0`, positionOf)).toBeUndefined();
      }
    }),
    { numRuns: 50 },
  );
});

test('what was projected just now is found without a look into the views', () => {
  const progress = new Progress();
  progress.advance(checkpointAt(999), []);
  progress.advance(checkpointAt(1_063), between(1_000, 1_063));
  const read = (sequence: number): string => {
    throw new Error(`looked up ${sequence}`);
  };
  expect(progress.sequenceOf(positionOf(1_000), read)).toBe(1_000);
  expect(progress.sequenceOf(positionOf(1_063), read)).toBe(1_063);
});

test('nothing is found before anything is projected', () => {
  expect(new Progress().sequenceOf(positionOf(0), positionOf)).toBeUndefined();
});

test('a wait ends with the checkpoint that reaches it, and not before', async () => {
  const progress = new Progress();
  const ended: number[] = [];
  const waits = [3, 1, 2].map(async (sequence) => {
    expect(await progress.until((checkpoint) => checkpoint.sequence >= sequence)).toBe(true);
    ended.push(sequence);
  });
  for (const sequence of [0, 1, 2]) progress.advance(checkpointAt(sequence), [positionOf(sequence)]);
  await waits[2];
  expect(ended).toEqual([1, 2]);
  progress.advance(checkpointAt(3), [positionOf(3)]);
  await Promise.all(waits);
});

test('who waits is told when nothing more will be projected', async () => {
  const progress = new Progress();
  const wait = progress.until(({ sequence }) => sequence >= 0);
  progress.giveUp();
  expect(await wait).toBe(false);
});
