/**
 * The Merkle tree of RFC 6962, section 2.1, over SHA-256: hashes, roots, proofs and their verification.
 *
 * A subtree of 2^height leaves that begins at a multiple of its own size is *complete*: its hash never changes again.
 * It is named by its height and its number among the subtrees of that height. Every root and proof follows from the
 * hashes of complete subtrees, so a stored tree has to answer for those only. The functions that verify take hashes
 * only, and sizes exact to 2^63. Tests: test/unit/merkle.test.ts, vectors in test/vectors/rfc6962.
 */
import { hash } from 'node:crypto';
import { assert } from '../kernel/assert.js';
import type { Branded } from '../kernel/ids.js';

export type Hash = Branded<Buffer, 'Hash'>;

export const HASH_BYTES = 32;
/** A tree that is built here has less than 2^53 leaves, so that a number holds their count exactly. */
export const HEIGHT_MAX = 52;

export function parseHash(bytes: Buffer): Hash {
  if (bytes.length !== HASH_BYTES) throw new TypeError(`a hash has ${HASH_BYTES} bytes, not ${bytes.length}`);
  return bytes as Hash;
}

/** Standard base64 has one spelling of a hash; any other is refused. */
export function parseHashText(text: string): Hash {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new TypeError(`not base64: ${text}`);
  return parseHash(bytes);
}

/** The root of the tree without leaves is the SHA-256 of nothing. */
export const EMPTY_ROOT = sha256('');

export function leafHash(entry: string | Buffer): Hash {
  // A buffer that exists halves the time of hashing an entry. UTF-8 takes at most three bytes for each UTF-16 unit.
  if (typeof entry === 'string') {
    if (3 * entry.length < LEAF.length) return sha256(LEAF.subarray(0, 1 + LEAF.write(entry, 1)));
    return leafHash(Buffer.from(entry));
  }
  if (entry.length < LEAF.length) return sha256(LEAF.subarray(0, 1 + entry.copy(LEAF, 1)));
  return sha256(Buffer.concat([LEAF.subarray(0, 1), entry]));
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  left.copy(NODE, 1);
  right.copy(NODE, 1 + HASH_BYTES);
  return sha256(NODE);
}

/** The parent hash of each adjacent pair; an unpaired last hash has no parent. */
export function parentsOf(hashes: Buffer): Buffer {
  const pairs = Math.floor(hashes.length / (2 * HASH_BYTES));
  const parents = Buffer.alloc(pairs * HASH_BYTES);
  for (let at = 0; at < parents.length; at += HASH_BYTES) {
    hashes.copy(NODE, 1, 2 * at, 2 * at + 2 * HASH_BYTES);
    parents.write(hashText(NODE), at, 'latin1');
  }
  return parents;
}

/** The inputs of the hash function, reused: 0x00 before a leaf, 0x01 before a node. */
const LEAF = Buffer.alloc(4_096);
const NODE = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The digest is taken as text: a buffer that is made outside of JavaScript costs three times as much. */
function sha256(input: string | Buffer): Hash {
  return Buffer.from(hashText(input), 'latin1') as Hash;
}

function hashText(input: string | Buffer): string {
  return hash('sha256', input, 'binary');
}

export type CompleteSubtree = (height: number, number: number) => Hash;

/**
 * The right edge of a growing tree: the complete subtrees that later leaves may still be merged with, one for each 1
 * bit of the size. Appending and the root need nothing else.
 */
export class Frontier {
  /** For each height the node that is hashed when its right half comes: 0x01 ‖ left ‖ right. */
  private readonly nodes: Buffer[] = [];
  private leaves = 0;

  /** @param onComplete called for each subtree that an append completes, but not for the appended one itself */
  constructor(private readonly onComplete?: (height: number, number: number, hash: Hash) => void) {}

  static of(size: number, subtree: CompleteSubtree, onComplete?: Frontier['onComplete']): Frontier {
    const frontier = new Frontier(onComplete);
    frontier.leaves = size;
    for (let height = 0, rest = size; rest > 0; height++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) subtree(height, rest - 1).copy(frontier.nodeAt(height), LEFT);
    }
    return frontier;
  }

  get size(): number {
    return this.leaves;
  }

  /** Appends a copy of the hash of a leaf, or of a complete subtree where the size is a multiple of its leaves. */
  append(hash: Hash, height = 0): void {
    const leaves = height === 0 ? 1 : leavesOf(height);
    // The message costs more than hashing, so it is made only for a failure.
    if (this.leaves % leaves !== 0)
      assert(false, `a subtree of ${leaves} leaves does not fit at ${this.leaves}`);
    assert(this.leaves + leaves <= Number.MAX_SAFE_INTEGER, 'a tree has at most 2^53 − 1 leaves');
    let at = height;
    let number = this.leaves / leaves;
    let node = this.nodeAt(at);
    hash.copy(node, sideOf(number));
    // Each trailing 1 bit of the number is a subtree to the left that the new one completes to the next height.
    while (number % 2 === 1) {
      const carried = hashText(node);
      at++;
      number = (number - 1) / 2;
      node = this.nodeAt(at);
      node.write(carried, sideOf(number), 'latin1');
      this.onComplete?.(at, number, Buffer.from(carried, 'latin1') as Hash);
    }
    this.leaves += leaves;
  }

  root(): Hash {
    let root: Hash | undefined;
    for (let height = 0, rest = this.leaves; rest > 0; height++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      const left = this.subtreeAt(height);
      root = root ? nodeHash(left, root) : left;
    }
    return root ?? EMPTY_ROOT;
  }

  private subtreeAt(height: number): Hash {
    const node = this.nodes[height];
    assert(node !== undefined, `of ${this.leaves} leaves there is a subtree of height ${height}`);
    return parseHash(Buffer.from(node.subarray(LEFT, RIGHT)));
  }

  private nodeAt(height: number): Buffer {
    // A subtree that is appended may skip heights, at which there is no node yet.
    return (this.nodes[height] ??= Buffer.alloc(1 + 2 * HASH_BYTES, 1));
  }
}

const [LEFT, RIGHT] = [1, 1 + HASH_BYTES];

function leavesOf(height: number): number {
  // A height below 0 would name part of a leaf, and the append would overwrite a hash that is needed.
  assert(
    Number.isSafeInteger(height) && height >= 0 && height <= HEIGHT_MAX,
    `a subtree has a height from 0 to ${HEIGHT_MAX}, not ${String(height)}`,
  );
  return 2 ** height;
}

function sideOf(number: number): number {
  return number % 2 === 0 ? LEFT : RIGHT;
}

export function rootOf(size: number, subtree: CompleteSubtree): Hash {
  return Frontier.of(size, subtree).root();
}

/** RFC 6962, section 2.1.1: the hashes from the leaf's sibling up to the root's child. */
export function inclusionProof(index: number, size: number, subtree: CompleteSubtree): Hash[] {
  assert(index < size, `leaf ${index} is in a tree of ${size}`);
  return wayTo(index, size, { subtree, isEnd: (from, to) => to - from === 1 }).siblings.reverse();
}

/** RFC 6962, section 2.1.2: a proof that the earlier tree is the beginning of the later one. */
export function consistencyProof(earlier: number, later: number, subtree: CompleteSubtree): Hash[] {
  assert(earlier <= later, `a tree of ${earlier} is not later than one of ${later}`);
  if (earlier === 0 || earlier === later) return [];
  const { siblings, from } = wayTo(earlier - 1, later, { subtree, isEnd: (_, to) => to === earlier });
  // The verifier has this hash as the earlier root, unless leaves lie to its left.
  if (from > 0) siblings.push(rangeHash(from, earlier, subtree));
  return siblings.reverse();
}

interface Way {
  readonly subtree: CompleteSubtree;
  /** Whether the way ends with the leaves `from` to before `to`. */
  readonly isEnd: (from: number, to: number) => boolean;
}

/** Goes down from the root of `size` leaves towards a leaf: the hashes beside the way, and the leaf it ends from. */
function wayTo(leaf: number, size: number, { subtree, isEnd }: Way): { siblings: Hash[]; from: number } {
  const siblings: Hash[] = [];
  let [from, to] = [0, size];
  while (!isEnd(from, to)) {
    const middle = from + splitOf(to - from);
    const isLeft = leaf < middle;
    siblings.push(isLeft ? rangeHash(middle, to, subtree) : rangeHash(from, middle, subtree));
    [from, to] = isLeft ? [from, middle] : [middle, to];
  }
  return { siblings, from };
}

function splitOf(leaves: number): number {
  let power = 1;
  while (2 * power < leaves) power *= 2;
  return power;
}

/** The hash of the leaves `from` to before `to`, split as RFC 6962 does; `from` is a multiple of the largest part. */
function rangeHash(from: number, to: number, subtree: CompleteSubtree): Hash {
  let height = 0;
  while (2 ** (height + 1) <= to - from) height++;
  const middle = from + 2 ** height;
  const left = subtree(height, from / 2 ** height);
  return middle === to ? left : nodeHash(left, rangeHash(middle, to, subtree));
}

export interface Inclusion {
  readonly index: number | bigint;
  readonly size: number | bigint;
  readonly leaf: Hash;
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/** RFC 9162, section 2.1.3.2. @returns why the proof does not hold, or null where it does */
export function inclusionFault({ index, size, leaf, proof, root }: Inclusion): string | null {
  if (BigInt(index) < 0n || BigInt(index) >= BigInt(size)) return `there is no leaf ${index} in ${size}`;
  let reached = leaf;
  const climbed = climb([BigInt(index), BigInt(size) - 1n], proof, (hash, isLeft) => {
    reached = isLeft ? nodeHash(hash, reached) : nodeHash(reached, hash);
  });
  return climbed === null
    ? differenceOf(reached, root, 'the inclusion proof')
    : `the inclusion proof is too ${climbed}`;
}

/**
 * Climbs from a node to the root, with one hash of a proof at each step.
 * @param node the number of the node, and that of the last node of its height
 * @param join is given each hash, and whether it is that of the left side
 * @returns what the proof is, where it does not end at the root
 */
function climb(
  [at, last]: readonly [bigint, bigint],
  proof: readonly Hash[],
  join: (hash: Hash, isLeft: boolean) => void,
): 'short' | 'long' | null {
  for (const hash of proof) {
    if (last === 0n) return 'long';
    const isLeft = at % 2n === 1n || at === last;
    join(hash, isLeft);
    while (isLeft && at % 2n === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n ? null : 'short';
}

export interface Consistency {
  readonly earlier: number | bigint;
  readonly later: number | bigint;
  readonly earlierRoot: Hash;
  readonly laterRoot: Hash;
  readonly proof: readonly Hash[];
}

/** RFC 9162, section 2.1.4.2. @returns why the proof does not hold, or null where it does */
export function consistencyFault({
  earlier,
  later,
  earlierRoot,
  laterRoot,
  proof,
}: Consistency): string | null {
  const [first, second] = [BigInt(earlier), BigInt(later)];
  if (first < 0n || first > second) return `a tree of ${later} does not contain one of ${earlier}`;
  if (first === 0n || first === second) {
    if (proof.length > 0) return 'the consistency proof is too long';
    return differenceOf(first === 0n ? EMPTY_ROOT : laterRoot, earlierRoot, 'the earlier tree');
  }
  let [at, last] = [first - 1n, second - 1n];
  while (at % 2n === 1n) [at, last] = [at >> 1n, last >> 1n];
  // Where the earlier tree is one complete subtree, the proof omits its hash: it is the earlier root.
  const [begin, ...rest] = at === 0n ? [earlierRoot, ...proof] : proof;
  if (!begin) return 'the consistency proof is too short';
  let [reachedEarlier, reachedLater] = [begin, begin];
  const climbed = climb([at, last], rest, (hash, isLeft) => {
    if (isLeft) reachedEarlier = nodeHash(hash, reachedEarlier);
    reachedLater = isLeft ? nodeHash(hash, reachedLater) : nodeHash(reachedLater, hash);
  });
  if (climbed !== null) return `the consistency proof is too ${climbed}`;
  return (
    differenceOf(reachedEarlier, earlierRoot, 'the earlier part of the consistency proof') ??
    differenceOf(reachedLater, laterRoot, 'the consistency proof')
  );
}

function differenceOf(reached: Hash, expected: Hash, what: string): string | null {
  if (reached.equals(expected)) return null;
  return `${what} leads to the root ${reached.toString('base64')}, not to ${expected.toString('base64')}`;
}

/** The fewest complete subtrees that cover the leaves `from` to before `to`, left to right. */
export function subtreesBetween(from: number, to: number): { height: number; number: number }[] {
  const subtrees = [];
  for (let at = from; at < to;) {
    let height = 0;
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= to) height++;
    subtrees.push({ height, number: at / 2 ** height });
    at += 2 ** height;
  }
  return subtrees;
}
