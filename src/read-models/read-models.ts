/**
 * The rest of the app asks this class about the read models: which file is current, how far it is, and whether it can
 * be trusted. Worker threads do the work.
 *
 * A rebuild writes a new file beside the current one, which goes on serving, and replaces it in one step when level.
 */
import { Injectable, Logger } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { join, sep } from 'node:path';
import { filter, firstValueFrom, Subject } from 'rxjs';
import { freeBytesAt } from '../store/data-dir.js';
import type { Position } from '../store/event-store.js';
import { inSpan } from '../store/in-span.js';
import { keyOf, type StoreLocation } from '../store/open-store.js';
import type { DatabaseKey } from '../store/database.js';
import { damageInWal } from '../store/wal-damage.js';
import { Build } from './build.js';
import { eventRowAt, positionBefore } from './events.js';
import { Progress } from './progress.js';
import type { ProjectorReport } from './projector-worker.js';
import type { SelfCheckReport } from './self-check.js';
import { SelfCheckWorker } from './self-check-worker.js';
import { ViewsDirectory } from './views-directory.js';
import { checkSmallTables, VIEWS_VERSION } from './layout.js';
import { openViewsForReading, readCheckpoint, viewsVersionOf, type ViewsCheckpoint } from './views-file.js';

export type ProjectionState =
  | { readonly status: 'starting' | 'live' }
  /** `target` is the last sequence of the views that are being replaced, as far as it is known. */
  | { readonly status: 'rebuilding'; readonly sequence: number; readonly target: number }
  /** The projector will not step over an event; what was projected before it goes on being served. */
  | { readonly status: 'stopped'; readonly message: string };

/**
 * A `stopped` answer leaves out an event that cannot be projected, and all after it; a `doubtful` one comes after the
 * self-check found a difference.
 */
export type Staleness = 'stopped' | 'doubtful';

/** The read models and the store contradict each other, so the ledger must not start. */
export class ProjectionImpossible extends Error {
  override readonly name: string = 'ProjectionImpossible';
}

/** An event that a caller waits for is not projected yet. Asking again is safe. */
export class NotProjected extends Error {
  override readonly name: string = 'NotProjected';
}

@Injectable()
export class ReadModels {
  private readonly logger = new Logger('ReadModels');
  private readonly directory: ViewsDirectory;
  private readonly reached = new Progress();
  private readonly changes$ = new Subject<void>();
  private build!: Build;
  private nextBuild: Build | null = null;
  /** The reason why the last rebuild did not replace the current views. */
  rebuildFailure: string | null = null;
  private reader: Database | null = null;
  private readonly checking = new SelfCheckWorker((fault) => this.told(fault));
  private status: ProjectionState = { status: 'starting' };
  /** This number grows whenever the catalogue may have changed. */
  catalogueVersion = 0;
  /** How often the store ended the projector's subscription; each time the projector went on where it was. */
  subscriptionsLost = 0;
  private impossible: ProjectionImpossible | null = null;

  constructor(private readonly store: StoreLocation) {
    this.directory = new ViewsDirectory(store.dataDir);
  }

  /**
   * Resolves when the views are level with the store, or stopped at an event: see `state`.
   * @throws ProjectionImpossible
   */
  async start(): Promise<void> {
    const known = this.usableFile();
    const before = known === null ? null : versionAndSequence(known, keyOf(this.store));
    const usable = before?.version === VIEWS_VERSION;
    if (before && !usable) this.status = { status: 'rebuilding', sequence: -1, target: before.sequence };
    this.build = this.startBuild(usable ? known! : this.directory.newFile(), !usable);
    await firstValueFrom(
      this.changes$.pipe(filter(() => this.status.status === 'live' || this.status.status === 'stopped')),
    );
    if (this.impossible) throw this.impossible;
    // Small tables are checked before anything is answered, which takes moments; others where they are read.
    if (this.status.status === 'live') refuseUnreadable(this.build.file, () => checkSmallTables(this.views));
  }

  /** A file that lost something which SQLite would not miss is made again. */
  private usableFile(): string | null {
    const file = this.directory.currentFile();
    const damage = file === null ? null : damageInWal(file, { isSynced: false });
    if (damage === null) return file;
    this.logger.error(`${damage}: the read models are built anew`);
    return null;
  }

  get state(): ProjectionState {
    return this.status;
  }

  get progress(): ViewsCheckpoint {
    return this.reached.checkpoint;
  }

  get progressed$() {
    return this.reached.checkpoints$;
  }

  get selfCheck(): SelfCheckReport {
    return this.checking.report;
  }

  /** A fault marks the views as doubtful until the next start, whatever the self-check then finds right. */
  distrust(fault: string): void {
    this.checking.distrust(fault);
  }

  /**
   * A connection to the current views.
   * @throws NotProjected while they are being rebuilt after an upgrade
   */
  get views(): Database {
    if (this.status.status === 'rebuilding') {
      const { sequence, target } = this.status;
      throw new NotProjected(
        `the read models are being rebuilt: ${sequence + 1} of about ${target + 1} events`,
      );
    }
    this.reader ??= openViewsForReading(this.build.file, keyOf(this.store));
    return this.reader;
  }

  /**
   * Call this before anything is recorded or signed: a stopped projection cannot number new events, and nothing may be
   * added to a ledger that contradicts itself.
   * @throws NotProjected
   */
  refuseIfStopped(): void {
    if (this.selfCheck.fault !== undefined) throw new NotProjected(this.selfCheck.fault);
    if (this.status.status === 'stopped') throw new NotProjected(this.status.message);
  }

  /** Tells why answers may not be what the events now come to. */
  get staleness(): Staleness | null {
    if (this.status.status === 'stopped') return 'stopped';
    return this.selfCheck.ok ? null : 'doubtful';
  }

  async reach(sequence: number): Promise<void> {
    await this.until((progress) => progress.sequence >= sequence, `sequence ${sequence}`);
  }

  /** Waits, up to ten seconds, until all that the store has up to a position is projected. */
  async reachPosition(position: Position): Promise<void> {
    await this.until((progress) => (progress.position ?? '') >= position, 'the event that was just recorded');
  }

  async sequenceOf(position: Position): Promise<number> {
    await this.reachPosition(position);
    const { views } = this;
    const sequence = this.reached.sequenceOf(position, (at) => eventRowAt(views, at).position);
    if (sequence === undefined)
      throw new NotProjected(`the read models have no event of position ${position}`);
    return sequence;
  }

  private async until(reached: (progress: ViewsCheckpoint) => boolean, what: string): Promise<void> {
    const stopped = this.status.status === 'stopped';
    const wait = () => inSpan('wait for projection', {}, () => this.reached.until(reached));
    if (!(stopped ? reached(this.progress) : await wait())) {
      const { sequence } = this.progress;
      throw new NotProjected(
        `the read models stand at sequence ${sequence} and have not reached ${what}: ask again`,
      );
    }
  }

  /** The position of the last event that the views know; null where there is none, or no views. */
  get lastPosition(): Position | null {
    if (this.status.status !== 'live') return null;
    return positionBefore(this.views, readCheckpoint(this.views).sequence + 1);
  }

  freeBytes(): Promise<number> {
    return freeBytesAt(this.store.dataDir);
  }

  startRebuild(): void {
    this.rebuildFailure = null;
    this.nextBuild ??= this.startBuild(this.directory.newFile(), true);
  }

  get rebuildProgress(): { sequence: number; target: number } | null {
    return this.nextBuild && { sequence: this.nextBuild.progress.sequence, target: this.progress.sequence };
  }

  private startBuild(file: string, rebuild: boolean): Build {
    return new Build({ store: this.store, file, rebuild }, (build, report) => this.onReport(build, report));
  }

  private onReport(build: Build, report: ProjectorReport): void {
    if (report.kind === 'lost') {
      this.subscriptionsLost++;
      return this.logger.warn(report.message);
    }
    if (report.kind === 'projected' && report.catalogueChanged) this.catalogueVersion++;
    if (build === this.nextBuild) this.onRebuildReport(build, report);
    else if (build === this.build) this.onCurrentReport(report);
  }

  private onCurrentReport(report: Exclude<ProjectorReport, { kind: 'lost' }>): void {
    switch (report.kind) {
      case 'projected':
        if (this.status.status === 'rebuilding') this.status = { ...this.status, sequence: report.sequence };
        this.reached.advance(this.build.progress, report.positions);
        break;
      case 'level': {
        const fault = this.makeCurrent(this.build);
        if (fault !== null) return this.onCurrentReport({ kind: 'stopped', message: fault, atEvent: false });
        this.status = { status: 'live' };
        this.removeOld();
        break;
      }
      case 'stopped': {
        if (!report.atEvent) this.impossible = new ProjectionImpossible(report.message);
        // The start of the ledger throws and reports a fault that keeps it from starting.
        if (report.atEvent || this.status.status === 'live') this.logger.error(report.message);
        this.status = { status: 'stopped', message: this.told(report.message) };
        this.reached.giveUp();
        break;
      }
    }
    this.changes$.next();
  }

  private onRebuildReport(build: Build, report: ProjectorReport): void {
    if (report.kind === 'stopped') return this.giveUp(build, report.message);
    if (!build.level || build.progress.sequence < this.progress.sequence) return;
    const fault = this.makeCurrent(build);
    if (fault !== null) return this.giveUp(build, fault);
    const old = this.build;
    this.build = build;
    this.nextBuild = null;
    this.status = { status: 'live' };
    this.catalogueVersion++;
    this.reached.advance(build.progress, []);
    this.changes$.next();
    void old.stop().then(() => this.removeOld());
  }

  private giveUp(build: Build, message: string): void {
    this.nextBuild = null;
    this.rebuildFailure = this.told(message);
    this.logger.error(`the rebuild stopped: ${message}`);
    void build.stop().then(() => this.removeOld());
  }

  /** Callers are told the names of files; where they lie is for the log alone. */
  private told(message: string): string {
    return message.replaceAll(join(this.store.dataDir, sep), '');
  }

  /** @returns the reason why the build cannot be current, and then the current one goes on; else null */
  private makeCurrent(build: Build): string | null {
    try {
      this.directory.makeCurrent(build.file);
    } catch (error) {
      return `the read models cannot be put in their place: ${(error as Error).message}`;
    }
    // A request that began on the old views ends on them: the last reference closes them.
    this.reader = null;
    this.checking.start({ store: this.store, file: build.file });
    return null;
  }

  /** An old file that stays takes up room; the next start tries again. */
  private removeOld(): void {
    try {
      this.directory.removeAllBut(this.build.file);
    } catch (error) {
      this.logger.warn(`an old file of the read models cannot be removed: ${(error as Error).message}`);
    }
  }

  async stop(): Promise<void> {
    // The projector is the last to close its file: only then does SQLite move all of its log into it.
    this.reader?.close();
    const { closed, ended } = this.checking.stop();
    await closed;
    // There may be no build yet if the start failed or was broken off.
    const builds: readonly (Build | null | undefined)[] = [this.build, this.nextBuild];
    await Promise.all([...builds.map((build) => build?.stop()), ended]);
  }
}

function versionAndSequence(file: string, key: DatabaseKey): { version: number; sequence: number } {
  return refuseUnreadable(file, () => {
    const db = openViewsForReading(file, key);
    try {
      const version = viewsVersionOf(db);
      // Views of another version are only known to count events.
      const sequence =
        version === VIEWS_VERSION
          ? readCheckpoint(db).sequence
          : (db.prepare('SELECT sequence FROM checkpoint').pluck().get() as number);
      return { version, sequence };
    } finally {
      db.close();
    }
  });
}

/** @throws ProjectionImpossible, whose message says what can be done */
function refuseUnreadable<Read>(file: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    const advice =
      'the read models cannot be read; they are made of the events, so run: ledger rebuild --offline';
    throw new ProjectionImpossible(`${file}: ${(error as Error).message}: ${advice}`);
  }
}
