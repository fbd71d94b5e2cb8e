/**
 * A checkpoint (C2SP tlog-checkpoint) is a signed note that says how many entries a log has, and their root.
 *
 * Sizes go to 2^63 − 1, so they are BigInt here; what this ledger signs stays within 2^53.
 */
import { assert } from '../kernel/assert.js';
import { parseHashText, type Hash } from './merkle.js';
import { BadNote, parseNote, type Note } from './note.js';

export interface TreeHead {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Hash;
}

export interface Checkpoint extends TreeHead {
  readonly note: Note;
}

const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;
const SIZE_MAX = 2n ** 63n - 1n;

export function encodeTreeHead({ origin, size, root }: TreeHead): string {
  assert(origin !== '' && !origin.includes('\n'), 'an origin is one line');
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Checks the form of a checkpoint; `verifiedSignatures` checks its signatures. @throws BadNote */
export function parseCheckpoint(text: string): Checkpoint {
  const note = parseNote(text);
  const [origin, sizeText, rootText, ...more] = note.text.slice(0, -1).split('\n');
  const fault = (what: string) => new BadNote(`not a checkpoint: ${what}`);
  if (!origin || sizeText === undefined || rootText === undefined) throw fault('it has fewer than 3 lines');
  if (!SIZE.test(sizeText) || BigInt(sizeText) > SIZE_MAX) throw fault(`the size is ${sizeText}`);
  if (more.includes('')) throw fault('it has an empty line');
  let root: Hash;
  try {
    root = parseHashText(rootText);
  } catch {
    throw fault(`the root is ${rootText}`);
  }
  return { origin, size: BigInt(sizeText), root, note };
}
