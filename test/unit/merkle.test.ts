/** Proofs: those of the reference set, and every one of every size to 200, which holds whole and in no other way. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  consistencyFault,
  consistencyProof,
  EMPTY_ROOT,
  Frontier,
  inclusionFault,
  inclusionProof,
  leafHash,
  nodeHash,
  parseHash,
  parseHashText,
  rootOf,
  type CompleteSubtree,
  type Hash,
} from '../../src/tlog/merkle.js';

interface Vectors {
  readonly emptyRoot: string;
  readonly leaves: readonly string[];
  readonly roots: readonly string[];
  readonly inclusion: readonly { index: number; size: number; proof: readonly string[] }[];
  readonly consistency: readonly { earlier: number; later: number; proof: readonly string[] }[];
}
const vectors = JSON.parse(readFileSync(join(__dirname, '../vectors/rfc6962/tree.json'), 'utf8')) as Vectors;
const hex = (hash: Hash) => hash.toString('hex');
const hashOf = (text: string) => parseHash(Buffer.from(text, 'hex'));

/** As RFC 6962 defines it, and as slowly. */
function mth(leaves: readonly Hash[], node = nodeHash): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  let middle = 1;
  while (2 * middle < leaves.length) middle *= 2;
  return node(mth(leaves.slice(0, middle), node), mth(leaves.slice(middle), node));
}

/** A tree whose complete subtrees are all remembered. */
function grown(leaves: readonly Hash[]): { subtree: CompleteSubtree; roots: Hash[] } {
  const complete = new Map<string, Hash>();
  const frontier = new Frontier((height, number, hash) => complete.set(`${height} ${number}`, hash));
  const roots = [frontier.root()];
  leaves.forEach((leaf, index) => {
    complete.set(`0 ${index}`, leaf);
    frontier.append(leaf);
    roots.push(frontier.root());
  });
  return { subtree: (height, number) => complete.get(`${height} ${number}`)!, roots };
}

const numbered = (size: number) => Array.from({ length: size }, (_, index) => leafHash(`entry ${index}`));

describe('the Certificate Transparency reference set', () => {
  const leaves = vectors.leaves.map((text) => leafHash(Buffer.from(text, 'hex')));
  const { subtree, roots } = grown(leaves);

  test('has these roots, the empty tree’s included', () => {
    expect(roots.map(hex)).toEqual([vectors.emptyRoot, ...vectors.roots]);
  });

  test.each(vectors.inclusion)('has the inclusion proof of $index in $size', ({ index, size, proof }) => {
    expect(inclusionProof(index, size, subtree).map(hex)).toEqual(proof);
    const root = hashOf(vectors.roots[size - 1]!);
    expect(inclusionFault({ index, size, root, leaf: leaves[index]!, proof: proof.map(hashOf) })).toBeNull();
  });

  test.each(vectors.consistency)('has the consistency proof of $earlier in $later', (vector) => {
    const { earlier, later } = vector;
    expect(consistencyProof(earlier, later, subtree).map(hex)).toEqual(vector.proof);
    const [earlierRoot, laterRoot] = [roots[earlier]!, roots[later]!];
    const proof = vector.proof.map(hashOf);
    expect(consistencyFault({ earlier, later, earlierRoot, laterRoot, proof })).toBeNull();
  });
});

describe('every size to 200', () => {
  const SIZE = 200;
  const leaves = numbered(SIZE);
  const { subtree, roots } = grown(leaves);
  const sizes = Array.from({ length: SIZE + 1 }, (_, size) => size);

  test('has the root that RFC 6962 defines, and can be gone on from', () => {
    for (const size of sizes) {
      expect(hex(roots[size]!)).toBe(hex(mth(leaves.slice(0, size))));
      const frontier = Frontier.of(size, subtree);
      if (size < SIZE) frontier.append(leaves[size]!);
      expect(hex(frontier.root())).toBe(hex(roots[Math.min(size + 1, SIZE)]!));
      expect(hex(rootOf(size, subtree))).toBe(hex(roots[size]!));
    }
  });

  test('has an inclusion proof of each leaf that holds, and with a bit of any hash flipped does not', () => {
    const wrong: string[] = [];
    for (const size of sizes) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, subtree);
        const claim = { index, size, leaf: leaves[index]!, root: roots[size]!, proof };
        if (inclusionFault(claim) !== null) wrong.push(`${index} in ${size}`);
        // Bits go round over sizes and leaves, so that each place of a hash is met many times.
        const bit = (size * 7 + index * 13) % 256;
        const altered = [
          ...proof.map((hash, at) => ({ ...claim, proof: proof.with(at, flipped(hash, bit)) })),
          { ...claim, leaf: flipped(claim.leaf, bit) },
          { ...claim, root: flipped(claim.root, bit) },
        ];
        const holds = altered.filter((each) => inclusionFault(each) === null);
        if (holds.length > 0) wrong.push(`${index} in ${size} altered`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('has a consistency proof from each smaller one that holds, and with a bit of any hash flipped does not', () => {
    const wrong: string[] = [];
    for (const later of sizes) {
      for (let earlier = 0; earlier <= later; earlier++) {
        const proof = consistencyProof(earlier, later, subtree);
        const [earlierRoot, laterRoot] = [roots[earlier]!, roots[later]!];
        const claim = { earlier, later, earlierRoot, laterRoot, proof };
        if (consistencyFault(claim) !== null) wrong.push(`${earlier} in ${later}`);
        const bit = (later * 11 + earlier * 17) % 256;
        const altered = [
          ...proof.map((hash, at) => ({ ...claim, proof: proof.with(at, flipped(hash, bit)) })),
          { ...claim, earlierRoot: flipped(earlierRoot, bit) },
          // Of an empty tree everything is a continuation.
          ...(earlier > 0 ? [{ ...claim, laterRoot: flipped(laterRoot, bit) }] : []),
        ];
        const holds = altered.filter((each) => consistencyFault(each) === null);
        if (holds.length > 0) wrong.push(`${earlier} in ${later} altered`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('has no node that is the same with any bit of what it is made of flipped', () => {
    const made = new Set<string>();
    const same: string[] = [];
    // By this, what is wrong in a proof stays wrong up to its root.
    const check = (left: Hash, right: Hash): Hash => {
      const node = nodeHash(left, right);
      if (made.has(hex(node))) return node;
      made.add(hex(node));
      eachFlipped(left, (wrong) => nodeHash(wrong, right).equals(node) && same.push(hex(node)));
      eachFlipped(right, (wrong) => nodeHash(left, wrong).equals(node) && same.push(hex(node)));
      return node;
    };
    for (const size of sizes.slice(1)) expect(hex(mth(leaves.slice(0, size), check))).toBe(hex(roots[size]!));
    expect(made.size).toBeGreaterThan(SIZE);
    expect(same).toEqual([]);
  });

  /**
   * Each subtree of each tree once, in a proof of which it is a hash: in the others what follows from it is the same.
   * To 200 it is run by hand (`FLIP_BITS_TO=200`): all hold, and it takes some three minutes of processor time.
   */
  const FLIPPED_SIZE = Number(process.env['FLIP_BITS_TO'] ?? 32);
  function holdingFlipped(
    size: number,
    proofs: readonly (readonly Hash[])[],
    holds: (proof: readonly Hash[], of: number) => boolean,
  ) {
    const seen = new Set<string>();
    const holding: string[] = [];
    proofs.forEach((proof, of) =>
      proof.forEach((hash, at) => {
        if (seen.has(hex(hash))) return;
        seen.add(hex(hash));
        eachFlipped(hash, (wrong) => {
          if (holds(proof.with(at, wrong), of)) holding.push(`${of} in ${size}`);
        });
      }),
    );
    return holding;
  }

  test(`to ${FLIPPED_SIZE}: with every single bit of an inclusion proof flipped, none holds`, () => {
    for (let size = 1; size <= FLIPPED_SIZE; size++) {
      const proofs = sizes.slice(0, size).map((index) => inclusionProof(index, size, subtree));
      const holding = holdingFlipped(size, proofs, (proof, index) => {
        const claim = { index, size, leaf: leaves[index]!, root: roots[size]!, proof };
        return inclusionFault(claim) === null;
      });
      expect(holding).toEqual([]);
    }
  });

  test(`to ${FLIPPED_SIZE}: with every single bit of a consistency proof flipped, none holds`, () => {
    for (let later = 1; later <= FLIPPED_SIZE; later++) {
      const proofs = sizes.slice(0, later).map((earlier) => consistencyProof(earlier, later, subtree));
      const holding = holdingFlipped(later, proofs, (proof, earlier) => {
        const claim = { earlier, later, earlierRoot: roots[earlier]!, laterRoot: roots[later]!, proof };
        return consistencyFault(claim) === null;
      });
      expect(holding).toEqual([]);
    }
  });
});

describe('a proof of something else', () => {
  const leaves = numbered(64);
  const { subtree, roots } = grown(leaves);
  const proofOf = fc.record({ size: fc.integer({ min: 1, max: 64 }), at: fc.nat(), other: fc.nat(70) });

  test('of another leaf or another size does not hold', () => {
    fc.assert(
      fc.property(proofOf, ({ size, at, other }) => {
        const index = at % size;
        const claim = { index, size, leaf: leaves[index]!, root: roots[size]! };
        const proof = inclusionProof(index, size, subtree);
        if (other !== index) expect(inclusionFault({ ...claim, index: other, proof })).not.toBeNull();
        // With the root that a tree of that size has: of some sizes the paths are alike, and only the root differs.
        const otherSize = 1 + (other % 64);
        if (otherSize !== size) {
          const inOther = { ...claim, size: otherSize, root: roots[otherSize]!, proof };
          expect(inclusionFault(inOther)).not.toBeNull();
        }
        for (const wrong of [[...proof, roots[size]!], [roots[size]!, ...proof], proof.slice(1)]) {
          if (wrong.length !== proof.length)
            expect(inclusionFault({ ...claim, proof: wrong })).not.toBeNull();
        }
      }),
    );
  });

  test('says what is wrong', () => {
    const [leaf, root] = [leaves[0]!, roots[8]!];
    const proof = inclusionProof(0, 8, subtree);
    expect(inclusionFault({ index: 8, size: 8, leaf, proof, root })).toBe('there is no leaf 8 in 8');
    expect(inclusionFault({ index: 0, size: 8, leaf, proof: [...proof, root], root })).toMatch(/too long/);
    expect(inclusionFault({ index: 0, size: 8, leaf, proof: proof.slice(1), root })).toMatch(/too short/);
    const claim = { earlier: 5, later: 3, earlierRoot: root, laterRoot: root, proof: [] };
    expect(consistencyFault(claim)).toBe('a tree of 3 does not contain one of 5');
    expect(consistencyFault({ ...claim, earlier: 2 })).toMatch(/too short/);
  });
});

test('indexes and sizes to 2^63 are exact', () => {
  // A tree in which every left half is the same: its proofs can be made for sizes that nobody could store.
  const [leaf, other] = [leafHash('last'), leafHash('left')];
  const size = 2n ** 62n + 1n;
  const root = nodeHash(other, leaf);
  expect(inclusionFault({ index: size - 1n, size, leaf, proof: [other], root })).toBeNull();
  expect(inclusionFault({ index: size - 2n, size, leaf, proof: [other], root })).not.toBeNull();
  // As floating point numbers these two are the same.
  expect(Number(size)).toBe(Number(size - 1n));
});

test('a subtree is appended only where it fits', () => {
  const frontier = new Frontier();
  frontier.append(leafHash('one'));
  expect(() => frontier.append(leafHash('two'), 1)).toThrow(/does not fit/);
});

test('a hash in base64 has one spelling', () => {
  const text = leafHash('one').toString('base64');
  expect(parseHashText(text).toString('base64')).toBe(text);
  for (const wrong of [text.slice(0, -1), ` ${text}`, text.replace('=', '=='), 'AAAA', '']) {
    expect(() => parseHashText(wrong)).toThrow(TypeError);
  }
});

/** With each of its bits flipped, until the next one is. */
function eachFlipped(hash: Hash, take: (wrong: Hash) => unknown): void {
  const wrong = parseHash(Buffer.from(hash));
  for (let bit = 0; bit < 256; bit++) {
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    take(wrong);
    wrong[bit >> 3]! ^= 1 << (bit & 7);
  }
}

function flipped(hash: Hash, bit: number): Hash {
  const copy = Buffer.from(hash);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return parseHash(copy);
}
