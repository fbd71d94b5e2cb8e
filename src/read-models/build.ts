/** A build is one views file, and the thread that projects into it. */
import { Worker } from 'node:worker_threads';
import { compiled } from '../kernel/compiled.js';
import { inTime } from '../kernel/in-time.js';
import type { ProjectorOptions, ProjectorReport } from './projector-worker.js';
import { NOTHING_PROJECTED, type ViewsCheckpoint } from './views-file.js';

export class Build {
  private readonly worker: Worker;
  private readonly exited: Promise<unknown>;
  progress: ViewsCheckpoint = NOTHING_PROJECTED;
  level = false;

  constructor(options: ProjectorOptions, onReport: (build: Build, report: ProjectorReport) => void) {
    this.file = options.file;
    this.worker = new Worker(compiled('read-models/projector-worker.js'), { workerData: options });
    this.exited = new Promise((resolve) => this.worker.once('exit', resolve));
    this.worker.on('message', (report: ProjectorReport) => {
      if (report.kind === 'projected') this.progress = report;
      if (report.kind === 'level') this.level = true;
      onReport(this, report);
    });
    this.worker.on('error', (error) =>
      onReport(this, { kind: 'stopped', message: error.message, atEvent: false }),
    );
  }

  readonly file: string;

  /** The thread ends after the batch in hand, with its file closed. */
  stop(): Promise<void> {
    return stopWorker(this.worker, this.exited);
  }
}

/** One answer of the store may take five seconds. A thread that is ended early loses nothing committed. */
const STOP_MS_MAX = 7_000;

export async function stopWorker(worker: Worker, exited: Promise<unknown>): Promise<void> {
  worker.postMessage('stop');
  await inTime(STOP_MS_MAX, exited, () => worker.terminate());
}
