/**
 * The ledger's transparency log as it is served: roots, proofs, tiles and entries, all read from the read models
 * and the store.
 *
 * An answer about a size never changes. The signer decides for which sizes the ledger vouches.
 */
import { Injectable } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { assert } from '../kernel/assert.js';
import { rowsWithId, eventRowAt, nameOf, positionBefore } from '../read-models/events.js';
import { treeIn } from '../read-models/log.js';
import { ReadModels } from '../read-models/read-models.js';
import { EventStore, StoreDamaged, type RecordedEvent } from '../store/event-store.js';
import { entryOf } from '../tlog/entry.js';
import { consistencyProof, HASH_BYTES, inclusionProof, leafHash, rootOf } from '../tlog/merkle.js';
import type { CompleteSubtree, Hash } from '../tlog/merkle.js';
import { encodeEntries, TILE_WIDTH, tileWidth, type TileAddress } from '../tlog/tiles.js';

/** `count` entries from the index `first` on, in the tree of a size. */
export interface EntriesInTree {
  readonly first: number;
  readonly count: number;
  readonly size: number;
}

export interface EntryProof {
  readonly index: number;
  readonly entry: string;
  readonly hashes: readonly Hash[];
}

@Injectable()
export class TransparencyLog {
  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
  ) {}

  /** The number of entries now. */
  get size(): number {
    return this.readModels.progress.sequence + 1;
  }

  /** A tree that reads each tile once: it must not be kept for longer than one question. */
  subtrees(): CompleteSubtree {
    return treeIn(this.views).subtree;
  }

  rootAt(size: number): Hash {
    return rootOf(size, this.subtrees());
  }

  consistency(earlier: number, later: number): Hash[] {
    return consistencyProof(earlier, later, this.subtrees());
  }

  /**
   * @param subtree a tree that the caller reads the root from too, so that both read each tile once
   * @throws StoreDamaged where the store lacks the events that were logged
   */
  async entryProofs({ first, count, size }: EntriesInTree, subtree = this.subtrees()): Promise<EntryProof[]> {
    const events = await this.events(first, count);
    return events.map((event, at) => {
      const [index, entry] = [first + at, entryOf(event)];
      if (!leafHash(entry).equals(subtree(0, index))) {
        throw notLogged(index);
      }
      return { index, entry, hashes: inclusionProof(index, size, subtree) };
    });
  }

  /**
   * @returns null where the tree has no such tile, or the tile is not so wide
   * @throws StoreDamaged where the store lacks the events that were logged
   */
  async tile({ level, index, width }: TileAddress): Promise<Buffer | null> {
    if (width > tileWidth({ level, index }, this.size)) return null;
    const hashes = treeIn(this.views)
      .tile(level === 'entries' ? 0 : level, index)
      .subarray(0, width * HASH_BYTES);
    assert(hashes.length === width * HASH_BYTES, `the log has all ${width} hashes of a tile`);
    if (level !== 'entries') return hashes;
    const entries = (await this.events(index * TILE_WIDTH, width)).map(entryOf);
    entries.forEach((entry, at) => {
      const leaf = hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      if (!leafHash(entry).equals(leaf)) throw notLogged(index * TILE_WIDTH + at);
    });
    return encodeEntries(entries);
  }

  async sequenceOf(eventId: string): Promise<number | null> {
    const { views, size } = this;
    for (const { sequence } of rowsWithId(views, eventId)) {
      if (sequence >= size) continue;
      const [event] = await this.events(sequence, 1);
      if (event!.id === eventId) return sequence;
    }
    return null;
  }

  /** The programme that an event concerns, or null. */
  programmeOf(sequence: number): string | null {
    const { views } = this;
    const { programme } = eventRowAt(views, sequence);
    return programme === null ? null : nameOf(views, programme);
  }

  /** `count` events from the sequence `first` on, all of which are projected. */
  async events(first: number, count: number): Promise<readonly RecordedEvent[]> {
    const events = await this.store.readAll(positionBefore(this.views, first), count);
    assert(events.length === count, `the store has the ${count} events from sequence ${first} on`);
    return events;
  }

  private get views(): Database {
    return this.readModels.views;
  }
}

function notLogged(sequence: number): StoreDamaged {
  return new StoreDamaged(`the event with the sequence ${sequence} is not the one that was logged`);
}
