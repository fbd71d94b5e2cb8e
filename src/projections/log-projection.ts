/**
 * The transparency log in the read models: each event's leaf stands in its row of `events`, and each complete
 * subtree of 256, 65,536, … leaves is a row of `log_nodes`. These are the hashes of all tiles; nothing is ever
 * written twice, and an append costs as many hashes as the size has trailing 1 bits.
 */
import type { Database, Statement } from 'better-sqlite3';
import { entryOf } from '../audit/entry.js';
import { assert } from '../kernel/assert.js';
import { Frontier, leafHash, type Hash } from '../audit/merkle.js';
import { subtreesOf, TILE_HEIGHT, TILE_WIDTH, type TileReader } from '../audit/tiles.js';
import type { RecordedEvent } from '../store/event-store.js';
import { prepared } from './views-file.js';

export class LogProjection {
  private frontier!: Frontier;
  private readonly insertNode: Statement<[number, number, Hash]>;

  /** @param size how many events the views have */
  constructor(
    private readonly db: Database,
    size: number,
  ) {
    this.insertNode = db.prepare('INSERT INTO log_nodes VALUES (?, ?, ?)');
    this.goOnFrom(size);
  }

  /** @returns the leaf of an event, which is appended */
  append(event: RecordedEvent): Hash {
    const leaf = leafHash(entryOf(event));
    this.frontier.append(leaf);
    return leaf;
  }

  /** From what is stored: at the start, and after a rollback. */
  goOnFrom(size: number): void {
    const onComplete = (height: number, number: number, hash: Hash) => {
      if (height % TILE_HEIGHT === 0) this.insertNode.run(height / TILE_HEIGHT, number, hash);
    };
    this.frontier = Frontier.of(size, subtreesOf(tilesIn(this.db)), onComplete);
  }
}

/** The tiles of the log, as far as they are there. */
export function tilesIn(views: Database): TileReader {
  const leaves = prepared(
    views,
    'SELECT sequence, leaf FROM events WHERE sequence >= ? AND sequence < ? ORDER BY sequence',
  ).raw();
  const nodes = prepared(
    views,
    'SELECT number, hash FROM log_nodes WHERE level = ? AND number >= ? AND number < ? ORDER BY number',
  ).raw();
  return (level, index) => {
    const range = [index * TILE_WIDTH, (index + 1) * TILE_WIDTH];
    const rows = (level === 0 ? leaves.all(...range) : nodes.all(level, ...range)) as [number, Buffer][];
    return Buffer.concat(
      rows.map(([number, hash], at) => {
        // With one missing, each that follows would stand for another.
        assert(number === range[0]! + at, `the log has the hash ${range[0]! + at} of level ${level}`);
        return hash;
      }),
    );
  };
}
