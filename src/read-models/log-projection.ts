/**
 * The transparency log in the read models: each event's leaf stands in its row of `events`, and each complete
 * subtree of 256, 65,536, … leaves is a row of `log_nodes`. These are the hashes of all tiles; nothing is ever
 * written twice, and an append costs as many hashes as the size has trailing 1 bits.
 */
import type { Database, Statement } from 'better-sqlite3';
import { entryOf } from '../tlog/entry.js';
import { Frontier, HASH_BYTES, leafHash, parseHashText, type Hash } from '../tlog/merkle.js';
import { TILE_HEIGHT, TILE_WIDTH, TiledTree, type TileReader } from '../tlog/tiles.js';
import type { RecordedEvent } from '../store/event-store.js';
import { ViewsDamaged } from './mark.js';
import { prepared, readCheckpoint, type ViewsCheckpoint } from './views-file.js';

export class LogProjection {
  private frontier!: Frontier;
  private readonly insertNode: Statement<[number, number, Hash]>;

  constructor(
    private readonly db: Database,
    checkpoint: ViewsCheckpoint,
  ) {
    this.insertNode = db.prepare('INSERT INTO log_nodes VALUES (?, ?, ?)');
    this.goOnFrom(checkpoint);
  }

  /** Base64. */
  get root(): string {
    return this.frontier.root().toString('base64');
  }

  /** @returns the leaf of an event, which is appended */
  append(event: RecordedEvent): Hash {
    const leaf = leafHash(entryOf(event));
    this.frontier.append(leaf);
    return leaf;
  }

  /** From what is stored: at the start, and after a rollback. */
  goOnFrom(checkpoint: ViewsCheckpoint): void {
    const onComplete = (height: number, number: number, hash: Hash) => {
      if (height % TILE_HEIGHT === 0) this.insertNode.run(height / TILE_HEIGHT, number, hash);
    };
    const { size, subtree } = treeAt(this.db, checkpoint);
    this.frontier = Frontier.of(size, subtree, onComplete);
  }
}

/** The log as it stands in the views, to be kept for no longer than a question: each tile is read once. */
export function treeIn(views: Database): TiledTree {
  return treeAt(views, readCheckpoint(views));
}

function treeAt(views: Database, { sequence, root }: ViewsCheckpoint): TiledTree {
  const damaged = (what: string) => new ViewsDamaged(`${what}, in the read models`);
  return new TiledTree({ read: tilesIn(views), size: sequence + 1, root: parseHashText(root), damaged });
}

/** The tiles of the log, as far as they are there. @throws ViewsDamaged */
export function tilesIn(views: Database): TileReader {
  // As one text, which costs a third of what 256 buffers do that are made outside of JavaScript.
  const tileOf = (number: string, hash: string, rows: string) =>
    prepared(
      views,
      `SELECT count(*), max(${number}), group_concat(hex(${hash}), '' ORDER BY ${number})
       FROM ${rows} ${number} >= ? AND ${number} < ?`,
    ).raw();
  const leaves = tileOf('sequence', 'leaf', 'events WHERE');
  const nodes = tileOf('number', 'hash', 'log_nodes WHERE level = ? AND');
  return (level, index) => {
    const first = index * TILE_WIDTH;
    const range = [first, first + TILE_WIDTH];
    const row = level === 0 ? leaves.get(...range) : nodes.get(level, ...range);
    const [count, last, text] = row as [number, number | null, string | null];
    const tile = Buffer.from(text ?? '', 'hex');
    // With one missing, each that follows would stand for another.
    const isWhole = last === null || (last === first + count - 1 && tile.length === count * HASH_BYTES);
    if (!isWhole) throw new ViewsDamaged(`the tile ${level}/${index} of the log lost hashes before ${last}`);
    return tile;
  };
}
