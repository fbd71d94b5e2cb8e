/**
 * The transparency log. Each event's leaf stands in its row of `events`, and each complete subtree of 256, 65,536, …
 * leaves is a row of `log_nodes`: these are the hashes of all tiles, and none is ever written twice. The checkpoint has
 * the root: a wrong hash, or an old page in place of a new one, leads to another root.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { Frontier, HASH_BYTES, parseHashText, type Hash } from '../tlog/merkle.js';
import { TILE_HEIGHT, TILE_WIDTH, TiledTree, type TileReader } from '../tlog/tiles.js';
import {
  Difference,
  forEverySchema,
  type Expectation,
  type Projection,
  type ReadModel,
  type Table,
} from './read-model.js';
import { prepared, readCheckpoint, ViewsDamaged } from './views-file.js';

const NODES: Table = {
  name: 'log_nodes',
  columns: 'level INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, number)',
  isWithoutRowid: true,
  key: ['level', 'number'],
  growsWithHistory: true,
};

export const LOG: ReadModel = {
  tables: [NODES],
  project: (db) => new LogProjection(db),
  expect: (views) => new ExpectedLog(views),
};

/** Calls back with each complete subtree that is in a tile: the level of the tile, and the number of the node there. */
function onTileHash(keep: (level: number, number: number, hash: Hash) => void) {
  return (height: number, number: number, hash: Hash) => {
    if (height % TILE_HEIGHT === 0) keep(height / TILE_HEIGHT, number, hash);
  };
}

class LogProjection implements Projection {
  private frontier!: Frontier;
  private readonly insertNode: Statement<[number, number, Hash]>;
  private readonly moveRoot: Statement<[string]>;
  readonly handlers = forEverySchema((_, { leaf }) => this.frontier.append(leaf));

  constructor(private readonly db: Database) {
    this.insertNode = db.prepare('INSERT INTO log_nodes VALUES (?, ?, ?)');
    this.moveRoot = db.prepare('UPDATE checkpoint SET root = ?');
    this.forget();
  }

  flush(): void {
    this.moveRoot.run(this.frontier.root().toString('base64'));
  }

  forget(): void {
    const { size, subtree } = treeIn(this.db);
    const onComplete = onTileHash((level, number, hash) => this.insertNode.run(level, number, hash));
    this.frontier = Frontier.of(size, subtree, onComplete);
  }
}

class ExpectedLog implements Expectation {
  private readonly tree = new Frontier(onTileHash((...node) => this.compare(...node)));
  readonly handlers = forEverySchema((_, { leaf }) => this.tree.append(leaf));

  constructor(private readonly views: Database) {}

  private compare(level: number, number: number, hash: Hash): void {
    const select = 'SELECT hash FROM log_nodes WHERE level = ? AND number = ?';
    const found = prepared(this.views, select).pluck().get(level, number) as Buffer | undefined;
    if (found?.equals(hash)) return;
    const width = TILE_WIDTH ** level;
    const events = `${number * width} to ${(number + 1) * width - 1}`;
    throw new Difference(`node ${number} of level ${level} of the log is not that of the events ${events}`);
  }
}

/** Reads the log for one question. Do not keep it longer: each tile is read only once. */
export function treeIn(views: Database): TiledTree {
  const { sequence, root } = readCheckpoint(views);
  const damaged = (what: string) => new ViewsDamaged(`${what}, in the read models`);
  return new TiledTree({ read: tilesIn(views), size: sequence + 1, root: parseHashText(root), damaged });
}

export function tilesIn(views: Database): TileReader {
  // SQLite joins the hashes into one text, which costs a third of 256 buffers made outside of JavaScript.
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
    // If a hash is missing, each hash after it would stand in the place of another.
    const isWhole = last === null || (last === first + count - 1 && tile.length === count * HASH_BYTES);
    if (!isWhole) throw new ViewsDamaged(`the tile ${level}/${index} of the log lost hashes before ${last}`);
    return tile;
  };
}
