/**
 * A tree as tiles of 256 hashes (C2SP tlog-tiles): where they are, how they are addressed, and entry bundles.
 *
 * The tile with index n at level l holds the hashes of the complete subtrees of height 8·l with the numbers
 * 256·n to 256·n + 255. What lies between two levels is hashed from the tile below. A tile that is not full yet
 * is *partial*, and has its width in its address.
 */
import { assert } from '../kernel/assert.js';
import { HASH_BYTES, parentsOf, type CompleteSubtree, type Hash } from './merkle.js';

export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
const LEVEL_MAX = 63;
const ENTRY_BYTES_MAX = 0xffff;

export interface TileAddress {
  /** Of a tile of hashes; or the bundle of the entries themselves. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 256 where it is full. */
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

/** How many hashes a tile has in a tree of that size: 0 where there is no such tile yet. */
export function tileWidth({ level, index }: Pick<TileAddress, 'level' | 'index'>, size: number): number {
  const hashes = Math.floor(size / 2 ** (TILE_HEIGHT * (level === 'entries' ? 0 : level)));
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** The hashes of a tile as far as they are there, one after another. */
export type TileReader = (level: number, index: number) => Buffer;

/**
 * The complete subtrees of a tree that is kept in tiles. Each tile is read once and hashed once, as high as it is
 * asked about, so that the proofs of neighbours cost little more than one.
 */
export function subtreesOf(read: TileReader): CompleteSubtree {
  /** The hashes of a tile, and of those of each two neighbours, up to the one over all. */
  const tiles = new Map<string, Buffer[]>();
  return (height, number) => {
    const level = Math.floor(height / TILE_HEIGHT);
    const heightInTile = height % TILE_HEIGHT;
    const perTile = TILE_WIDTH / 2 ** heightInTile;
    const index = Math.floor(number / perTile);
    const name = `${level}/${index}`;
    let heights = tiles.get(name);
    if (!heights) tiles.set(name, (heights = [read(level, index)]));
    while (heights.length <= heightInTile) heights.push(parentsOf(heights.at(-1)!));
    const at = (number % perTile) * HASH_BYTES;
    const hash = heights[heightInTile]!.subarray(at, at + HASH_BYTES);
    assert(hash.length === HASH_BYTES, `the tile ${name} has the subtree ${number} of height ${height}`);
    return hash as Hash;
  };
}

/** Each entry with its length in two bytes before it, the larger first. */
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

/** @throws TypeError where the bytes end inside an entry */
export function decodeEntries(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    const start = at + 2;
    const end = start <= bundle.length ? start + bundle.readUInt16BE(at) : Infinity;
    if (end > bundle.length) throw new TypeError(`the bundle ends inside entry ${entries.length}`);
    entries.push(bundle.subarray(start, end));
    at = end;
  }
  return entries;
}
