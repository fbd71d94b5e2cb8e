/** Random flipped bits from a seed: `FLIPS=20000` tries more of them, `FLIP_SEED` others. */
import fc from 'fast-check';

export const FLIPS = Number(process.env['FLIPS'] ?? 600);
export const SEED = Number(process.env['FLIP_SEED'] ?? 2018);
export const TEST_MS_MAX = 60_000 + FLIPS * 200;

/** The bits of a range of bytes. */
export const bitsOf = (from: number, to: number) =>
  Array.from({ length: 8 * (to - from) }, (_, at) => 8 * from + at);
export const randomBits = (bytes: number, count: number) =>
  fc.sample(fc.nat(8 * bytes - 1), { numRuns: count, seed: SEED });

export const someOf = (bits: readonly number[]) =>
  fc.sample(fc.constantFrom(...bits), { numRuns: FLIPS / 6, seed: SEED });

export function flip(content: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(content);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}
