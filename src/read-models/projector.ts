/**
 * The projector numbers every event of the store's global order (0, 1, 2, …) and applies it to the read models.
 *
 * Rows, leaves of the log and checkpoint commit together: a crash between them would count an outcome twice or lose it. So a
 * batch is one transaction, and whatever the instruction at which the process dies, the next run goes on from
 * the checkpoint. Everything is decided by the events alone: nothing is read from a clock or another stream.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { MeasureState } from '../domain/measure.js';
import { entryOf } from '../tlog/entry.js';
import { leafHash } from '../tlog/merkle.js';
import { assert } from '../kernel/assert.js';
import type { EventReader, RecordedEvent, Run } from '../store/event-store.js';
import { upcast, type LedgerEvent } from '../domain/upcast.js';
import { CatalogueProjection } from './catalogue-projection.js';
import { CellsProjection } from './cells-projection.js';
import { markOfEvent, markOfName, nameWith, type EventRow } from './event-rows.js';
import { eventKey, IdHeads } from './id-heads.js';
import { LogProjection } from './log-projection.js';
import {
  checkpointRow,
  dropReadersIndexes,
  makeReadersIndexes,
  openViewsForWriting,
  PROJECTOR_CACHE_KIB,
  readCheckpoint,
  REBUILD_CACHE_KIB,
  type ViewsCheckpoint,
} from './views-file.js';

export interface BatchProjected extends ViewsCheckpoint {
  /** Whether a programme, an organisation, a measure or a key changed. */
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
  private readonly catalogue: CatalogueProjection;
  private readonly cells: CellsProjection;
  private readonly log: LogProjection;
  private readonly insertEvent: Statement;
  private readonly moveCheckpoint: Statement;
  private readonly names: Names;
  private readonly ids: IdHeads;
  private at: ViewsCheckpoint;
  private isFast = false;

  constructor(file: string) {
    this.db = openViewsForWriting(file);
    this.catalogue = new CatalogueProjection(this.db);
    this.cells = new CellsProjection(this.db);
    this.names = new Names(this.db);
    this.insertEvent = this.db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.moveCheckpoint = this.db.prepare(
      'UPDATE checkpoint SET sequence = ?, position = ?, ledger_time = ?, skipped = ?, root = ?, mark = ?',
    );
    this.at = readCheckpoint(this.db);
    this.ids = new IdHeads(this.db);
    this.log = new LogProjection(this.db, this.at);
  }

  get checkpoint(): ViewsCheckpoint {
    return this.at;
  }

  /** Applies a part of the store's order, also where nothing in it is the ledger's. */
  projectRun({ events, end, skipped }: Run): BatchProjected {
    return this.project(events, { end, skipped });
  }

  /**
   * Applies the events that follow the checkpoint.
   * @param read how far the store was read, if not to the last of them, and what was passed over on the way
   * @throws ProjectionStopped, with everything before the event that it stopped at applied
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

  /** In one transaction: all or none. */
  private projectAll(events: readonly RecordedEvent[], read: Pick<Run, 'end' | 'skipped'>): BatchProjected {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      let { sequence, ledgerTime } = this.at;
      let catalogueChanged = false;
      for (const event of events) {
        sequence += 1;
        ledgerTime = Math.max(ledgerTime, Date.parse(event.metadata.recordedAt));
        try {
          const known = upcast(event);
          this.record(event, known, sequence, ledgerTime);
          if (this.catalogue.apply(known, sequence)) catalogueChanged = true;
          else this.cells.apply(known, event.revision, sequence, (id) => this.measure(id));
        } catch (cause) {
          if (isFaultOfDisk(cause)) throw cause;
          throw new ProjectionStopped(sequence, event, cause);
        }
      }
      this.cells.flush();
      this.names.flush();
      if (!this.isFast) this.ids.flush();
      const position = read.end ?? events.at(-1)?.position ?? this.at.position;
      const skipped = this.at.skipped + read.skipped;
      const next = { sequence, position, ledgerTime, skipped, root: this.log.root };
      this.moveCheckpoint.run(...checkpointRow(next));
      this.db.exec('COMMIT');
      this.at = next;
      return { ...this.at, catalogueChanged };
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      this.forget();
      throw error;
    }
  }

  /** After a rollback, what was remembered may be more than what is stored. */
  private forget(): void {
    this.catalogue.forget();
    this.cells.forget();
    this.names.forget();
    this.ids.forget();
    if (this.isFast) this.ids.recover();
    this.log.goOnFrom(this.at);
  }

  private record(event: RecordedEvent, known: LedgerEvent, sequence: number, ledgerTime: number): void {
    const programme = 'programmeId' in known.data ? this.names.named(known.data.programmeId) : NO_NAME;
    const type = this.names.named(event.type);
    const id = eventKey(event.id);
    const row: EventRow = {
      sequence,
      position: event.position,
      ledgerTime,
      type: type.id!,
      programme: programme.id,
      id,
      typeBefore: type.last,
      programmeBefore: programme.last,
      idBefore: this.ids.moveTo(sequence, id),
    };
    // Each by its name: to list an object's values costs as much as to write them.
    this.insertEvent.run(
      sequence,
      row.position,
      ledgerTime,
      row.type,
      row.programme,
      id,
      row.typeBefore,
      row.programmeBefore,
      row.idBefore,
      markOfEvent(row),
      this.log.append(event),
    );
    type.last = sequence;
    if (programme !== NO_NAME) programme.last = sequence;
  }

  private measure(id: string): Extract<MeasureState, { status: 'defined' }> {
    const state = this.catalogue.measure(id);
    assert(state?.status === 'defined', `measure ${id} was defined before its outcomes`);
    return state;
  }

  /**
   * A rebuild may lose its own file in a power cut, and is then begun again. So until it is level it neither waits
   * for the disk nor writes every page twice, and keeps nothing up to date that only readers use. The change back to
   * WAL flushes the whole file, before it is current.
   */
  buildFast(fast: boolean): void {
    this.isFast = fast;
    if (!fast) this.ids.flush();
    if (fast) dropReadersIndexes(this.db);
    else makeReadersIndexes(this.db);
    this.db.pragma(`cache_size = -${fast ? REBUILD_CACHE_KIB : PROJECTOR_CACHE_KIB}`);
    this.db.pragma(`synchronous = ${fast ? 'OFF' : 'NORMAL'}`);
    this.db.pragma(`journal_mode = ${fast ? 'MEMORY' : 'WAL'}`);
  }

  /**
   * Refuses to go on where the store does not hold the last event that these views know: the store has been
   * cut short or replaced, and new events would be numbered as ones that were already given out.
   */
  async verifyStoreHolds(reader: EventReader): Promise<void> {
    const { sequence } = this.at;
    if (sequence < 0) return;
    const rows = this.db
      .prepare('SELECT position, leaf FROM events WHERE sequence IN (?, ?) ORDER BY sequence')
      .all(sequence - 1, sequence) as { position: string; leaf: Buffer }[];
    const previous = sequence === 0 ? null : (rows[0]!.position as RecordedEvent['position']);
    const [event] = await reader.readAll(previous, 1);
    const last = rows.at(-1)!;
    if (event?.position !== last.position || !leafHash(entryOf(event)).equals(last.leaf)) {
      throw new Error(
        `the read models know ${sequence + 1} events, but the store does not hold the last of them: the store ` +
          `was cut short or replaced. Restore it, or, if that was meant, run: ledger rebuild --offline`,
      );
    }
  }

  close(): void {
    if (this.isFast) this.ids.flush();
    this.db.close();
  }
}

/** It comes back by itself, once there is room. */
export function isDiskFull(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'SQLITE_FULL';
}

/** Not the event's fault: SQLite could not write, whatever it was given. */
function isFaultOfDisk(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(?!CONSTRAINT|MISMATCH)/.test(code);
}

interface Named {
  readonly id: number | null;
  /** The sequence of the last event with the name; −1 where there is none. */
  last: number;
  /** As it is stored. */
  stored: number;
}
const NO_NAME: Named = { id: null, last: -1, stored: -1 };

/** Event types and programme ids as small numbers, each with the last event that has it. */
class Names {
  private readonly known = new Map<string, Named>();
  private readonly insert: Statement<[string]>;
  private readonly update: Statement<[number, number, number]>;

  constructor(private readonly db: Database) {
    this.insert = db.prepare('INSERT INTO names (text, last, mark) VALUES (?, -1, 0)');
    this.update = db.prepare('UPDATE names SET last = ?, mark = ? WHERE id = ?');
  }

  named(text: string): Named {
    let name = this.known.get(text);
    if (!name) {
      const { id, last } = nameWith(this.db, text) ?? { id: this.insertNew(text), last: -1 };
      this.known.set(text, (name = { id, last, stored: last }));
    }
    return name;
  }

  private insertNew(text: string): number {
    return Number(this.insert.run(text).lastInsertRowid);
  }

  flush(): void {
    for (const [text, name] of this.known) {
      const { id, last, stored } = name;
      if (last === stored) continue;
      this.update.run(last, markOfName({ id: id!, text, last }), id!);
      name.stored = last;
    }
  }

  forget(): void {
    this.known.clear();
  }
}
