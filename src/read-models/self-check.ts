/**
 * The self-check of a running ledger asks whether every committed event stands in the read models, once, in order and
 * unaltered, and whether the figures add up to the events.
 *
 * It shares nothing with the projector. In a thread of its own (`self-check-thread.ts`) it reads the store again from
 * the first event, checks each payload against its hash, and has each read model compare what the event left in its
 * tables with what a second fold expects. Each time, it first checks the tables by which figures are looked up, and at
 * last every cell.
 *
 * To leave the processor to requests, it rests three times as long as it worked after each batch, and longer after
 * cells.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { createHash } from 'node:crypto';
import { upcast } from '../domain/upcast.js';
import { asStoreError } from '../store/database-errors.js';
import { StoreUnavailable, type EventReader, type Position } from '../store/event-store.js';
import type { StoreLocation } from '../store/open-store.js';
import { verifyPayload } from '../store/verify-payload.js';
import { entryOf } from '../tlog/entry.js';
import { Frontier, leafHash } from '../tlog/merkle.js';
import { checkSmallTables, checkTable, READ_MODELS, TABLES } from './layout.js';
import { Difference, handle, type Expectation } from './read-model.js';
import { readCheckpoint, type ViewsCheckpoint } from './views-file.js';

export interface SelfCheckReport {
  readonly ok: boolean;
  readonly sequence: number;
  readonly outcomes?: number;
  /** SHA-256 over the position and the hash of the facts of every event so far, hexadecimal. */
  readonly digest?: string;
  /** The root of the log so far, base64. */
  readonly root?: string;
  readonly fault?: string;
}

export interface SelfCheckOptions {
  readonly store: StoreLocation;
  readonly file: string;
}

/** The disk failed to read the read models: everything is to be compared again. */
export class ViewsUnreadable extends Error {}

const BATCH_SIZE = 1_000;
/**
 * The self-check rests so many times as long as it worked: where requests keep all cores busy, it takes a quarter of
 * one.
 */
const BATCH_REST = 3;
/** All cells are compared again and again, in at most a tenth of the time. */
const CELLS_REST = 9;

export class SelfCheck {
  private sequence = -1;
  private ledgerTime = 0;
  private position: Position | null = null;
  private readonly expectations: readonly Expectation[];
  private areTablesChecked = false;
  private readonly digest = createHash('sha256');
  private readonly log = new Frontier();

  constructor(
    private readonly reader: EventReader,
    private readonly views: Database,
  ) {
    this.expectations = READ_MODELS.map(({ expect }) => expect(views));
  }

  async step(
    rest: (workedMs: number) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<SelfCheckReport> {
    try {
      return await this.compare(rest);
    } catch (error) {
      // A stop while resting is no fault, and a store that cannot be read now is no difference.
      if ((error as Error).name === 'AbortError' || error instanceof StoreUnavailable) throw error;
      const known = asStoreError(error, 'the read models');
      if (known instanceof StoreUnavailable) throw new ViewsUnreadable(known.message, { cause: error });
      return { ok: false, sequence: this.sequence, fault: (known as Error).message };
    }
  }

  /** @throws Difference, StoreDamaged; and any error that keeps the events from being compared */
  private async compare(rest: (workedMs: number) => Promise<unknown>): Promise<SelfCheckReport> {
    const { checkpoint, comparisons, tookMs } = this.takeRows();
    const target = checkpoint.sequence;
    if (!this.areTablesChecked) {
      await this.checkLargeTables(rest);
      this.areTablesChecked = true;
    }
    while (this.sequence < target) {
      const startedAt = performance.now();
      await this.compareBatch(Math.min(BATCH_SIZE, target - this.sequence));
      await rest(BATCH_REST * (performance.now() - startedAt));
    }
    const startedAt = performance.now();
    for (const compare of comparisons) compare();
    this.compareCheckpoint(checkpoint);
    await rest(CELLS_REST * (tookMs + performance.now() - startedAt));
    const outcomes = this.expectations.reduce((sum, { outcomes: some = 0 }) => sum + some, 0);
    const [digest, root] = [this.digest.copy().digest('hex'), this.log.root().toString('base64')];
    return { ok: true, sequence: this.sequence, outcomes, digest, root };
  }

  /** Takes the checkpoint and the cells at one moment. */
  private takeRows(): { checkpoint: ViewsCheckpoint; comparisons: readonly (() => void)[]; tookMs: number } {
    const startedAt = performance.now();
    checkSmallTables(this.views);
    return this.views.transaction(() => {
      const checkpoint = readCheckpoint(this.views);
      const comparisons = this.expectations.flatMap((expected) => expected.takeRows?.() ?? []);
      return { checkpoint, comparisons, tookMs: performance.now() - startedAt };
    })();
  }

  private compareCheckpoint({ ledgerTime, root }: ViewsCheckpoint): void {
    const expected = this.log.root().toString('base64');
    if (ledgerTime !== this.ledgerTime || root !== expected)
      throw new Difference(
        `the checkpoint has ledger time ${ledgerTime} and root ${root}, but ${this.ledgerTime} and ${expected} by the events`,
      );
  }

  private async checkLargeTables(rest: (workedMs: number) => Promise<unknown>): Promise<void> {
    for (const { name } of TABLES.filter(({ growsWithHistory }) => growsWithHistory)) {
      const startedAt = performance.now();
      checkTable(this.views, name);
      await rest(performance.now() - startedAt);
    }
  }

  private async compareBatch(size: number): Promise<void> {
    const { events: committed, end, atEnd } = await this.reader.readRun(this.position, size);
    for (const recorded of committed) {
      const sequence = this.sequence + 1;
      const looked = verifyPayload(recorded, this.reader);
      if (looked) await looked;
      const leaf = leafHash(entryOf(recorded));
      this.ledgerTime = Math.max(this.ledgerTime, Date.parse(recorded.metadata.recordedAt));
      const at = { recorded, sequence, ledgerTime: this.ledgerTime, leaf };
      const event = upcast(recorded);
      for (const { handlers } of this.expectations) handle(handlers, event, at);
      this.digest.update(`${recorded.position} ${recorded.metadata.factsHash}\n`);
      this.log.append(leaf);
      this.sequence = sequence;
      this.position = recorded.position;
    }
    if (committed.length < size && atEnd) {
      throw new Difference(`sequence ${this.sequence + 1} was projected, but the store does not hold it`);
    }
    this.position = end;
  }
}
