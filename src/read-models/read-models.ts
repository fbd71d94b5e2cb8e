/**
 * The read models as the rest of the app sees them: which file is current, how far it is, and whether it can
 * be trusted. The work itself is done in worker threads.
 *
 * A rebuild writes a new file beside the current one, which goes on serving, and takes its place in one step
 * when it is level.
 */
import { Injectable, Logger } from '@nestjs/common';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { join, sep } from 'node:path';
import { filter, firstValueFrom, Subject } from 'rxjs';
import type { Position } from '../store/event-store.js';
import { inSpan } from '../store/in-span.js';
import { keyOf, type StoreLocation } from '../store/open-reader.js';
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
  /** `target` is the sequence that the views had before, as far as it is known. */
  | { readonly status: 'rebuilding'; readonly sequence: number; readonly target: number }
  /** At an event that it will not step over; what was projected before it goes on being served. */
  | { readonly status: 'stopped'; readonly message: string };

/** `stopped`: at an event that is not in it, nor any after it. `doubtful`: the self-check found a difference. */
export type Staleness = 'stopped' | 'doubtful';

/** The read models and the store contradict each other: a reason not to start. */
export class ProjectionImpossible extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProjectionImpossible';
  }
}

/** What a caller waits for is not projected. Asking again is safe. */
export class NotProjected extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotProjected';
  }
}

@Injectable()
export class ReadModels {
  private readonly logger = new Logger('ReadModels');
  private readonly directory: ViewsDirectory;
  private readonly reached = new Progress();
  private readonly changes$ = new Subject<void>();
  private build!: Build;
  private nextBuild: Build | null = null;
  private rebuildFault: string | null = null;
  private reader: Database | null = null;
  private readonly checking = new SelfCheckWorker((fault) => this.told(fault));
  private status: ProjectionState = { status: 'starting' };
  private catalogueAt = 0;
  private timesLost = 0;
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
    // Moments, before anything is answered. All else is held to something where it is read.
    if (this.status.status === 'live') refuseUnreadable(this.build.file, () => checkSmallTables(this.views));
  }

  /** Null where there is none yet, or where it lost what SQLite would not miss: it is made of the events again. */
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

  /** Every progress of the current views, beginning with where they are. */
  get progressed$() {
    return this.reached.checkpoints$;
  }

  get selfCheck(): SelfCheckReport {
    return this.checking.report;
  }

  /** Until the next start: what was found wrong with the whole outlasts whatever the self-check finds right. */
  distrust(fault: string): void {
    this.checking.distrust(fault);
  }

  /** How often the store ended what the projector was following, which then began anew where it was. */
  get subscriptionsLost(): number {
    return this.timesLost;
  }

  /** Grows whenever the catalogue may have changed. */
  get catalogueVersion(): number {
    return this.catalogueAt;
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
   * To be asked before anything is recorded or signed: what a stopped projection cannot number gets no receipt, and
   * nothing is added to what contradicts itself.
   * @throws NotProjected
   */
  refuseIfStopped(): void {
    if (this.selfCheck.fault !== undefined) throw new NotProjected(this.selfCheck.fault);
    if (this.status.status === 'stopped') throw new NotProjected(this.status.message);
  }

  /** Why an answer may not be what the events now come to; null as long as nothing speaks against it. */
  get staleness(): Staleness | null {
    if (this.status.status === 'stopped') return 'stopped';
    return this.selfCheck.ok ? null : 'doubtful';
  }

  /** Waits, up to ten seconds, until a sequence is projected. */
  async reach(sequence: number): Promise<void> {
    await this.until((progress) => progress.sequence >= sequence, `sequence ${sequence}`);
  }

  /** The sequence of a committed event, once it is projected. */
  async sequenceOf(position: Position): Promise<number> {
    await this.until((progress) => (progress.position ?? '') >= position, 'what was recorded');
    const { views } = this;
    const sequence = this.reached.sequenceOf(position, (at) => eventRowAt(views, at).position);
    if (sequence === undefined) throw new NotProjected(`no event is projected from position ${position}`);
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

  /** Where the last event that the views know stands in the store; null where there is none, or no views. */
  get lastPosition(): Position | null {
    if (this.status.status !== 'live') return null;
    return positionBefore(this.views, readCheckpoint(this.views).sequence + 1);
  }

  /** Begins to build the views anew beside the current ones, unless that is being done. */
  startRebuild(): void {
    this.rebuildFault = null;
    this.nextBuild ??= this.startBuild(this.directory.newFile(), true);
  }

  /** How far a rebuild beside the current views is, if one runs. */
  get rebuildProgress(): { sequence: number; target: number } | null {
    return this.nextBuild && { sequence: this.nextBuild.progress.sequence, target: this.progress.sequence };
  }

  /** Why the last rebuild ended without taking the place of the current views, if it did. */
  get rebuildFailure(): string | null {
    return this.rebuildFault;
  }

  private startBuild(file: string, rebuild: boolean): Build {
    return new Build({ store: this.store, file, rebuild }, (build, report) => this.onReport(build, report));
  }

  private onReport(build: Build, report: ProjectorReport): void {
    if (report.kind === 'lost') {
      this.timesLost++;
      return this.logger.warn(report.message);
    }
    if (report.kind === 'projected' && report.catalogueChanged) this.catalogueAt++;
    if (build === this.nextBuild) this.onRebuildReport(build, report);
    else if (build === this.build) this.onCurrentReport(report);
  }

  private onCurrentReport(report: Exclude<ProjectorReport, { kind: 'lost' }>): void {
    switch (report.kind) {
      case 'projected':
        if (this.status.status === 'rebuilding') this.status = { ...this.status, sequence: report.sequence };
        this.reached.advance(this.build.progress, report.positions);
        break;
      case 'level':
        this.status = { status: 'live' };
        this.makeCurrent(this.build);
        this.directory.removeAllBut(this.build.file);
        break;
      case 'stopped': {
        if (!report.atEvent) this.impossible = new ProjectionImpossible(report.message);
        // What keeps the ledger from starting is thrown, and told by whoever starts it.
        if (report.atEvent || this.status.status === 'live') this.logger.error(report.message);
        this.status = { status: 'stopped', message: this.told(report.message) };
        this.reached.giveUp();
        break;
      }
    }
    this.changes$.next();
  }

  private onRebuildReport(build: Build, report: ProjectorReport): void {
    if (report.kind === 'stopped') {
      this.nextBuild = null;
      this.rebuildFault = this.told(report.message);
      this.logger.error(`the rebuild stopped: ${report.message}`);
      void build.stop().then(() => this.directory.removeAllBut(this.build.file));
      return;
    }
    if (!build.level || build.progress.sequence < this.progress.sequence) return;
    const old = this.build;
    this.build = build;
    this.nextBuild = null;
    this.status = { status: 'live' };
    this.catalogueAt++;
    this.makeCurrent(build);
    this.reached.advance(build.progress, []);
    this.changes$.next();
    void old.stop().then(() => this.directory.removeAllBut(this.build.file));
  }

  /** To whoever asks, files go by their names: where they lie is for the log. */
  private told(message: string): string {
    return message.replaceAll(join(this.store.dataDir, sep), '');
  }

  private makeCurrent(build: Build): void {
    this.directory.makeCurrent(build.file);
    // Not closed here: a request that began on the old views ends on them, and the last reference closes them.
    this.reader = null;
    this.checking.start({ store: this.store, file: build.file });
  }

  async stop(): Promise<void> {
    // The projector is the last to close its file: only then does SQLite move all of its log into it.
    this.reader?.close();
    const { closed, ended } = this.checking.stop();
    await closed;
    // Where the start failed, or was broken off, there may be none yet.
    const builds: readonly (Build | null | undefined)[] = [this.build, this.nextBuild];
    await Promise.all([...builds.map((build) => build?.stop()), ended]);
  }
}

function versionAndSequence(file: string, key: DatabaseKey): { version: number; sequence: number } {
  return refuseUnreadable(file, () => {
    const db = openViewsForReading(file, key);
    try {
      const version = viewsVersionOf(db);
      // Of another version no more is known than that it counts events.
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

/** @throws ProjectionImpossible, with what can be done */
function refuseUnreadable<Read>(file: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    const advice =
      'the read models cannot be read; they are made of the events, so run: ledger rebuild --offline';
    throw new ProjectionImpossible(`${file}: ${(error as Error).message}: ${advice}`);
  }
}
