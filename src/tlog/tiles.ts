/**
 * A tree as tiles of 256 hashes (C2SP tlog-tiles): addresses of tiles, a tree that reads tiles, and entry bundles.
 *
 * The tile with index n at level l holds the hashes of the complete subtrees of height 8·l with the numbers 256·n to
 * 256·n + 255. The heights between two levels are hashed from the tile below them. A tile that is not full yet is
 * *partial*, and has its width in its address.
 */
import { assert } from '../kernel/assert.js';
import { HASH_BYTES, parentsOf, rootOf, type CompleteSubtree, type Hash } from './merkle.js';

export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
const LEVEL_MAX = 63;
const ENTRY_BYTES_MAX = 0xffff;

export interface TileAddress {
  /** The level of a tile of hashes, or `entries` for a bundle of the log's entries. */
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** `0/x001/x234/067.p/12`: the index in groups of three digits, all but the last led by an x. */
export function tilePath({ level, index, width }: TileAddress): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g)!;
  const last = groups.pop()!;
  const path = [level, ...groups.map((group) => `x${group}`), last].join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

/** @returns null where the path is no tile's, or writes one in another way than `tilePath` */
export function parseTilePath(path: string): TileAddress | null {
  const match = /^(\d{1,2}|entries)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (!match) return null;
  const [, levelText, indexText, widthText] = match;
  const address: TileAddress = {
    level: levelText === 'entries' ? 'entries' : Number(levelText),
    index: Number(indexText!.replaceAll(/[x/]/g, '')),
    width: widthText === undefined ? TILE_WIDTH : Number(widthText),
  };
  const { level, index, width } = address;
  const exists = Number.isSafeInteger(index) && width >= 1 && (level === 'entries' || level <= LEVEL_MAX);
  return exists && tilePath(address) === path ? address : null;
}

/** The number of hashes of a tile in a tree of this size: 0 where there is no such tile yet. */
export function tileWidth({ level, index }: Pick<TileAddress, 'level' | 'index'>, size: number): number {
  const hashes = Math.floor(size / 2 ** (TILE_HEIGHT * (level === 'entries' ? 0 : level)));
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

export type TileReader = (level: number, index: number) => Buffer;

export interface TiledTreeOptions {
  readonly read: TileReader;
  readonly size: number;
  readonly root: Hash;
  readonly damaged: (what: string) => Error;
}

/**
 * A tree that is kept in tiles checks each tile against the root as soon as it reads it: a full tile must hash to its
 * place in the tile above it, and the partial tiles must lead, together, to the root. So a wrong hash leads nobody to
 * another root, or to a proof of nothing.
 *
 * Each tile is read once and hashed once, so that proofs of neighbours cost little more than one proof.
 */
export class TiledTree {
  readonly size: number;
  readonly root: Hash;
  private readonly read: TileReader;
  private readonly damaged: TiledTreeOptions['damaged'];
  /** Each tile's hashes, then their parents, height by height, up to the height that was needed. */
  private readonly tiles = new Map<string, Buffer[]>();
  private isEdgeHeld = false;
  private fault: Error | null = null;

  constructor({ read, size, root, damaged }: TiledTreeOptions) {
    [this.read, this.size, this.root, this.damaged] = [read, size, root, damaged];
  }

  /** The hashes of a tile, as many as the tree's size gives it or more. */
  readonly tile: TileReader = (level, index) => this.heightsOf(level, index)[0]!;

  readonly subtree: CompleteSubtree = (height, number) => {
    const level = Math.floor(height / TILE_HEIGHT);
    const heightInTile = height % TILE_HEIGHT;
    const perTile = TILE_WIDTH / 2 ** heightInTile;
    const index = Math.floor(number / perTile);
    const hashes = hashedUpTo(heightInTile, this.heightsOf(level, index));
    const hash = hashAt(hashes, number % perTile);
    assert(hash.length === HASH_BYTES, `the tile ${level}/${index} has the subtree ${number} of ${height}`);
    return hash;
  };

  private heightsOf(level: number, index: number): Buffer[] {
    if (this.fault) throw this.fault;
    const name = `${level}/${index}`;
    const known = this.tiles.get(name);
    if (known) return known;
    const heights = [this.read(level, index)];
    this.tiles.set(name, heights);
    const width = tileWidth({ level, index }, this.size);
    if (heights[0]!.length < width * HASH_BYTES) this.refuse(`the tile ${name} of the log lost hashes`);
    if (width < TILE_WIDTH) {
      this.holdEdge();
    } else {
      const above = this.tile(level + 1, Math.floor(index / TILE_WIDTH));
      if (!hashedUpTo(TILE_HEIGHT, heights).equals(hashAt(above, index % TILE_WIDTH)))
        this.refuse(`the tile ${name} of the log does not hash to its place in the one above`);
    }
    return heights;
  }

  private holdEdge(): void {
    if (this.isEdgeHeld) return;
    this.isEdgeHeld = true;
    if (!rootOf(this.size, this.subtree).equals(this.root))
      this.refuse(`the last tiles of the log do not lead to its root at ${this.size}`);
  }

  /** A tree that found one damaged tile refuses for good: a tile that it read before may be the wrong one. */
  private refuse(what: string): never {
    throw (this.fault = this.damaged(what));
  }
}

function hashedUpTo(height: number, heights: Buffer[]): Buffer {
  while (heights.length <= height) heights.push(parentsOf(heights.at(-1)!));
  return heights[height]!;
}

function hashAt(hashes: Buffer, at: number): Hash {
  return hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES) as Hash;
}

/** Each entry follows its length in two bytes, big-endian. */
export function encodeEntries(entries: readonly string[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const bytes = Buffer.from(entry);
    assert(bytes.length <= ENTRY_BYTES_MAX, `an entry has at most ${ENTRY_BYTES_MAX} bytes`);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(parts);
}
