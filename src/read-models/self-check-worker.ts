/** Runs the thread that checks the read models that serve, and keeps its last report. */
import { Logger } from '@nestjs/common';
import { Worker } from 'node:worker_threads';
import { compiled } from '../kernel/compiled.js';
import { inTime } from '../kernel/in-time.js';
import { stopWorker } from './build.js';
import type { SelfCheckOptions, SelfCheckReport } from './self-check.js';

const NOTHING_CHECKED: SelfCheckReport = { ok: true, sequence: -1 };
/** At the end of all, the projector waits at most this long for the self-check to close the file that both read. */
const STOP_MS_MAX = 1_000;

export class SelfCheckWorker {
  private readonly logger = new Logger('SelfCheck');
  private worker: Worker | null = null;
  private ended: Promise<unknown> = Promise.resolve();
  private last = NOTHING_CHECKED;
  private distrusted: string | null = null;

  /** @param told takes paths of files out of a fault: where files lie is for the log alone */
  constructor(private readonly told: (fault: string) => string) {}

  get report(): SelfCheckReport {
    if (this.distrusted === null) return this.last;
    return { ok: false, sequence: this.last.sequence, fault: this.distrusted };
  }

  /** A fault stays until the next start of the ledger, whatever the thread then finds right. */
  distrust(fault: string): void {
    this.distrusted = fault;
  }

  start(options: SelfCheckOptions): void {
    this.worker?.postMessage('stop');
    this.last = NOTHING_CHECKED;
    const worker = new Worker(compiled('read-models/self-check-thread.js'), { workerData: options });
    this.worker = worker;
    this.ended = new Promise((resolve) => worker.once('exit', resolve));
    const hear = (report: SelfCheckReport) => {
      if (worker !== this.worker) return;
      const { fault } = report;
      this.last = fault === undefined ? report : { ...report, fault: this.told(fault) };
      if (!report.ok) this.logger.error(`self-check: ${fault}`);
    };
    worker.on('message', hear);
    worker.on('error', (error) => hear({ ok: false, sequence: this.last.sequence, fault: error.message }));
  }

  /**
   * @returns `closed`, which settles once the thread has ended or has had its time to close the file; `ended` settles
   * at its end
   */
  stop(): { readonly closed: Promise<unknown>; readonly ended: Promise<unknown> } {
    const ended = this.worker ? stopWorker(this.worker, this.ended) : Promise.resolve();
    return { closed: inTime(STOP_MS_MAX, ended, () => undefined), ended };
  }
}
