/**
 * The projector numbers every event of the store's global order (0, 1, 2, …) and applies it to the read models.
 *
 * Rows, leaves of the log and checkpoint commit together: a crash between them would count an outcome twice or lose it.
 * A batch is one transaction, and wherever the process dies, the next run goes on from the checkpoint. Everything
 * follows from the events alone: no clock and no other stream is read.
 */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import { upcast } from '../domain/upcast.js';
import type { DatabaseKey } from '../store/database.js';
import type { EventReader, RecordedEvent, Run } from '../store/event-store.js';
import { entryOf } from '../tlog/entry.js';
import { leafHash } from '../tlog/merkle.js';
import { changesCatalogue } from './catalogue.js';
import { eventRowAt, positionBefore } from './events.js';
import { dropReadersIndexes, makeReadersIndexes, openViewsForWriting, READ_MODELS } from './layout.js';
import { handle, type Projection } from './read-model.js';
import {
  PROJECTOR_CACHE_KIB,
  readCheckpoint,
  REBUILD_CACHE_KIB,
  type ViewsCheckpoint,
} from './views-file.js';

export interface BatchProjected extends ViewsCheckpoint {
  readonly catalogueChanged: boolean;
}

/** The projection stopped at an event, and will not step over it. */
export class ProjectionStopped extends Error {
  constructor(
    readonly sequence: number,
    event: RecordedEvent,
    cause: unknown,
  ) {
    super(
      `projection stopped at sequence ${sequence}, event ${event.id} (${event.type}, ${event.stream} revision ` +
        `${event.revision}): ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.name = 'ProjectionStopped';
  }
}

export class Projector {
  private readonly db: Database;
  private readonly projections: readonly Projection[];
  private readonly moveCheckpoint: Statement;
  private at: ViewsCheckpoint;

  constructor(file: string, key: DatabaseKey) {
    this.db = openViewsForWriting(file, key);
    this.projections = READ_MODELS.map(({ project }) => project(this.db));
    this.moveCheckpoint = this.db.prepare(
      'UPDATE checkpoint SET sequence = ?, position = ?, ledger_time = ?, skipped = ?',
    );
    this.at = readCheckpoint(this.db);
  }

  get checkpoint(): ViewsCheckpoint {
    return this.at;
  }

  /**
   * Applies the events that follow the checkpoint.
   * @param read how far the store was read, and how many events of others were skipped
   * @throws ProjectionStopped, with everything before the event applied
   */
  project(
    events: readonly RecordedEvent[],
    read: Pick<Run, 'end' | 'skipped'> = { end: null, skipped: 0 },
  ): BatchProjected {
    const done = this.at.sequence + 1;
    try {
      return this.projectAll(events, read);
    } catch (error) {
      if (error instanceof ProjectionStopped && error.sequence > done) {
        this.projectAll(events.slice(0, error.sequence - done), { end: null, skipped: 0 });
      }
      throw error;
    }
  }

  /** Applies all of the events or none, in one transaction. */
  private projectAll(events: readonly RecordedEvent[], read: Pick<Run, 'end' | 'skipped'>): BatchProjected {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      let { sequence, ledgerTime } = this.at;
      let catalogueChanged = false;
      for (const recorded of events) {
        sequence += 1;
        ledgerTime = Math.max(ledgerTime, Date.parse(recorded.metadata.recordedAt));
        try {
          const event = upcast(recorded);
          const at = { recorded, sequence, ledgerTime, leaf: leafHash(entryOf(recorded)) };
          for (const { handlers } of this.projections) handle(handlers, event, at);
          catalogueChanged ||= changesCatalogue(event.schema);
        } catch (cause) {
          if (isFaultOfDisk(cause)) throw cause;
          throw new ProjectionStopped(sequence, recorded, cause);
        }
      }
      const position = read.end ?? events.at(-1)?.position ?? this.at.position;
      this.moveCheckpoint.run(sequence, position, ledgerTime, this.at.skipped + read.skipped);
      for (const projection of this.projections) projection.flush?.();
      const next = readCheckpoint(this.db);
      this.db.exec('COMMIT');
      this.at = next;
      return { ...this.at, catalogueChanged };
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      for (const projection of this.projections) projection.forget();
      throw error;
    }
  }

  /**
   * A rebuild that loses its file in a power cut begins again. So until it is level it neither waits for the disk nor
   * writes pages twice, and has no indexes that only readers use. The change back to WAL flushes the whole file, before
   * it is current.
   */
  buildFast(fast: boolean): void {
    if (fast) dropReadersIndexes(this.db);
    else makeReadersIndexes(this.db);
    this.db.pragma(`cache_size = -${fast ? REBUILD_CACHE_KIB : PROJECTOR_CACHE_KIB}`);
    this.db.pragma(`synchronous = ${fast ? 'OFF' : 'NORMAL'}`);
    this.db.pragma(`journal_mode = ${fast ? 'MEMORY' : 'WAL'}`);
  }

  /**
   * Refuses to go on where the store does not hold the last event that these views know: new events would get the
   * numbers of events that were lost.
   */
  async verifyStoreHolds(reader: EventReader): Promise<void> {
    const { sequence } = this.at;
    if (sequence < 0) return;
    const { position } = eventRowAt(this.db, sequence);
    const leaf = this.db
      .prepare('SELECT leaf FROM events WHERE sequence = ?')
      .pluck()
      .get(sequence) as Buffer;
    const [event] = await reader.readAll(positionBefore(this.db, sequence), 1);
    if (event?.position !== position || !leafHash(entryOf(event)).equals(leaf)) {
      throw new Error(
        `the read models know ${sequence + 1} events, but the store does not hold the last of them: the store ` +
          `was cut short or replaced. Restore it, or, if that was meant, run: ledger rebuild --offline`,
      );
    }
  }

  close(): void {
    this.db.close();
  }
}

/** A full disk passes by itself once there is room. */
export function isDiskFull(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'SQLITE_FULL';
}

/** A disk that SQLite cannot write to is not the fault of the event. */
function isFaultOfDisk(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(?!CONSTRAINT|MISMATCH)/.test(code);
}
