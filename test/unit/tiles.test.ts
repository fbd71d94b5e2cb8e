import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  Frontier,
  HASH_BYTES,
  inclusionFault,
  inclusionProof,
  leafHash,
  rootOf,
  type Hash,
} from '../../src/tlog/merkle.js';
import {
  encodeEntries,
  parseTilePath,
  TILE_HEIGHT,
  TILE_WIDTH,
  TiledTree,
  tilePath,
  tileWidth,
  type TileReader,
} from '../../src/tlog/tiles.js';
import { decodeEntries } from '../support/tile-entries.js';

describe('the address of a tile', () => {
  test.each([
    ['0/000', { level: 0, index: 0, width: 256 }],
    ['0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
    ['1/273.p/112', { level: 1, index: 273, width: 112 }],
    ['63/x001/000.p/1', { level: 63, index: 1_000, width: 1 }],
    ['entries/x999/999.p/255', { level: 'entries', index: 999_999, width: 255 }],
  ] as const)('%s', (path, address) => {
    expect(parseTilePath(path)).toEqual(address);
    expect(tilePath(address)).toBe(path);
  });

  test.each([
    '',
    '0',
    '0/0',
    '0/00',
    '0/0000',
    '0/x000/001',
    '00/001',
    '64/001',
    '-1/001',
    '0/001.p/0',
    '0/001.p/256',
    '0/001.p/01',
    '0/001/002',
    '0/x001',
    '0/001/',
    '0//001',
    'data/001',
    '0/x999/x999/x999/x999/x999/x999/999',
    '0/001\n',
  ])('%j is none', (path) => expect(parseTilePath(path)).toBeNull());
});

test('a tree of 70,000 has the tiles that the specification counts', () => {
  const width = (level: number, index: number) => tileWidth({ level, index }, 70_000);
  expect([width(0, 272), width(0, 273), width(0, 274)]).toEqual([256, 112, 0]);
  expect([width(1, 0), width(1, 1), width(2, 0), width(3, 0)]).toEqual([256, 17, 1, 0]);
  expect(tileWidth({ level: 'entries', index: 273 }, 70_000)).toBe(112);
  expect(tileWidth({ level: 1, index: 0 }, 256)).toBe(1);
});

test('a tree that is kept in tiles has the roots and proofs of the tree that was grown', () => {
  const SIZE = 66_000;
  const levels: Hash[][] = [];
  const frontier = new Frontier((height, number, hash) => {
    if (height % TILE_HEIGHT === 0) (levels[height / TILE_HEIGHT] ??= [])[number] = hash;
  });
  const leaves: Hash[] = (levels[0] = []);
  const kept = new Map<number, Hash>();
  for (let index = 0; index < SIZE; index++) {
    leaves.push(leafHash(`entry ${index}`));
    frontier.append(leaves[index]!);
    if ([1, 255, 256, 257, 4_000, 65_536, 65_537, SIZE].includes(index + 1))
      kept.set(index + 1, frontier.root());
  }
  const read = (level: number, index: number) =>
    Buffer.concat(levels[level]!.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH));
  const damaged = (what: string) => new Error(what);
  const tree = () => new TiledTree({ read, size: SIZE, root: kept.get(SIZE)!, damaged });
  for (const [size, root] of kept) {
    expect(rootOf(size, tree().subtree)).toEqual(root);
    for (const index of [0, size >> 1, size - 1]) {
      const proof = inclusionProof(index, size, tree().subtree);
      expect(inclusionFault({ index, size, leaf: leaves[index]!, proof, root })).toBeNull();
    }
  }
  // Each of the four kinds of tile: full, and last, of leaves and of nodes.
  for (const [level, index] of [
    [0, 7],
    [0, 257],
    [1, 0],
    [1, 1],
    [2, 0],
  ] as const) {
    const altering =
      (bit: number): TileReader =>
      (atLevel, at) => {
        const tile = Buffer.from(read(atLevel, at));
        if (atLevel === level && at === index) tile[(bit >> 3) % tile.length]! ^= 1 << (bit & 7);
        return tile;
      };
    fc.assert(
      fc.property(fc.nat(8 * TILE_WIDTH * HASH_BYTES), fc.nat(SIZE - 1), (bit, leaf) => {
        const held = new TiledTree({ read: altering(bit), size: SIZE, root: kept.get(SIZE)!, damaged });
        expect(() => held.tile(level, index)).toThrow(/^the (tile|last tiles)/);
        // Whoever asks for something else gets it right, or is told.
        try {
          expect(inclusionProof(leaf, SIZE, held.subtree)).toEqual(
            inclusionProof(leaf, SIZE, tree().subtree),
          );
        } catch (error) {
          expect((error as Error).message).toMatch(/^the (tile|last tiles)/);
        }
      }),
      { numRuns: 20 },
    );
  }
});

describe('an entry bundle', () => {
  test('gives back its entries', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 })), (entries) => {
        expect(decodeEntries(encodeEntries(entries)).map(String)).toEqual(entries);
      }),
    );
  });

  test('has the length of each in two bytes', () => {
    expect(encodeEntries(['é', '']).toString('hex')).toBe('0002c3a90000');
    expect(encodeEntries(['x'.repeat(65_535)])).toHaveLength(65_537);
    expect(() => encodeEntries(['x'.repeat(65_536)])).toThrow(/at most 65535 bytes/);
  });

  test('does not end inside an entry', () => {
    const whole = encodeEntries(['one', 'two']);
    for (const length of [1, 4, 6, 9])
      expect(() => decodeEntries(whole.subarray(0, length))).toThrow(TypeError);
  });
});
