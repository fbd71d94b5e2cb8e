/**
 * The mark of a row: a checksum over its values, which changes with any bit of them, and with the type of any. SQLite
 * alone does not notice a flipped bit.
 *
 * Every row that is projected gets one and every row that is read is held to one, so it is made of what costs least, which
 * for values as short as these is FNV-1a, over half words. Each step keeps two marks that differ apart.
 */
import { StoreDamaged } from '../store/event-store.js';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const WORD = 2 ** 32;
/** No half word. */
const END = 2 ** 16;
/** Of values that were never written, since what is damaged may be of any type. No row has it. */
const NO_MARK = -1;

/** @param texts one that ends sooner, with the next one beginning sooner, is another */
export function markOf(numbers: readonly number[], ...texts: readonly string[]): number {
  let mark = FNV_OFFSET;
  for (const number of numbers) {
    if (typeof number !== 'number') return NO_MARK;
    mark = Math.imul(Math.imul(mark ^ number, FNV_PRIME) ^ (number / WORD), FNV_PRIME);
  }
  for (const text of texts) {
    if (typeof text !== 'string') return NO_MARK;
    for (let at = 0; at < text.length; at++) mark = Math.imul(mark ^ text.charCodeAt(at), FNV_PRIME);
    mark = Math.imul(mark ^ END, FNV_PRIME);
  }
  return mark >>> 0;
}

/** @throws ViewsDamaged */
export function refuseUnmarked(stored: unknown, expected: unknown, what: string): void {
  if (stored !== expected) throw new ViewsDamaged(`${what} in the read models fails its checksum`);
}

/** They can be made again from the events: `ledger rebuild` does. */
export class ViewsDamaged extends StoreDamaged {
  constructor(message: string) {
    super(message);
    this.name = 'ViewsDamaged';
  }
}
