/**
 * The metrics of the process, in the text format of Prometheus. They are few: each answers a question of the
 * ledger's operator, and the operator of the machine has other sources. `ops/` has the alerts and the dashboard
 * that use them. Memory, descriptors and the event loop have the names that all Node.js processes give them.
 */
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LogSigner } from '../audit/log-signer.js';
import { Lag, type StoreSeen } from '../read-models/lag.js';
import { ReadModels } from '../read-models/read-models.js';
import { AppendCounts } from '../store/counted-store.js';
import { Clock } from '../kernel/clock.js';
import { VERSION } from '../kernel/version.js';

@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'method' | 'route' | 'status'>;
  private readonly durations: Histogram<'method' | 'route'>;
  /** The state of the store when the metrics were last read. */
  private store: StoreSeen = { lagMs: null, silentMs: null, cutShort: false, freeBytes: NaN };

  constructor(
    readModels: ReadModels,
    private readonly lag: Lag,
    appends: AppendCounts,
    clock: Clock,
  ) {
    const registers = [this.registry];
    const gauge = this.gauge.bind(this);
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'ledger_build_info',
      help: 'Which versions run, as labels.',
      registers,
      labelNames: ['version', 'node'],
    }).set({ version: VERSION, node: process.version }, 1);
    gauge(
      'sequence',
      'Of the last event that is projected; -1 before the first.',
      () => readModels.progress.sequence,
    );
    gauge('projection_live', '1 while the read models follow the store.', () =>
      Number(readModels.state.status === 'live'),
    );
    gauge(
      'projection_lag_seconds',
      'For how long the read models have been behind the store; NaN while it cannot be asked.',
      () => (this.store.lagMs ?? NaN) / 1_000,
    );
    gauge(
      'store_silent_seconds',
      'For how long the store has not answered; NaN where it never did.',
      () => (this.store.silentMs ?? NaN) / 1_000,
    );
    gauge('store_cut_short', '1 where the store ends before what was read from it.', () =>
      Number(this.store.cutShort),
    );
    gauge('disk_free_bytes', 'Free bytes on the disk of the data directory.', () => this.store.freeBytes);
    new Counter({
      name: 'ledger_subscriptions_lost_total',
      help: 'How often the store ended what the projector was following.',
      registers,
      collect() {
        this.reset();
        this.inc(readModels.subscriptionsLost);
      },
    });
    gauge(
      'events_skipped',
      'Events of the store that are not the ledger’s own.',
      () => readModels.progress.skipped,
    );
    gauge(
      'clock_moved_seconds',
      'By how much the clock was set forward or back since the process began.',
      () => clock.movedMs() / 1_000,
    );
    gauge(
      'clock_behind_seconds',
      'How far the clock is behind ledger time.',
      () => Math.max(0, readModels.progress.ledgerTime - Date.now()) / 1_000,
    );
    gauge('self_check_ok', '0 where read models and events differ.', () => Number(readModels.selfCheck.ok));
    gauge(
      'self_check_sequence',
      'Up to which sequence they were compared.',
      () => readModels.selfCheck.sequence,
    );
    for (const counted of [appends.appends, appends.events, appends.durations, appends.groupSizes])
      this.registry.registerMetric(counted);
    this.requests = new Counter({
      name: 'ledger_http_requests_total',
      help: 'Requests that were answered, by route and status.',
      registers,
      labelNames: ['method', 'route', 'status'],
    });
    this.durations = new Histogram({
      name: 'ledger_http_request_duration_seconds',
      help: 'How long requests took to be answered to the last byte; what follows events takes as long as it is followed.',
      registers,
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
  }

  /** Adds a gauge whose value is read when the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `ledger_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  answered(method: string, route: string | undefined, status: number, ms: number): void {
    const called = { method, route: route ?? 'none' };
    this.requests.inc({ ...called, status });
    this.durations.observe(called, ms / 1_000);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async text(): Promise<string> {
    this.store = await this.lag.look();
    return this.registry.metrics();
  }
}

/** Nobody outside can prove an event that no checkpoint covers: these tell whether checkpoints keep up. */
@Injectable()
export class CheckpointMetrics {
  constructor(metrics: Metrics, signer: LogSigner) {
    metrics.gauge(
      'checkpoint_size',
      'How many events the newest signed checkpoint covers.',
      () => signer.signedSize,
    );
    metrics.gauge(
      'checkpoint_age_seconds',
      'Since it was signed, or since the start where there is none; a ledger that does not grow signs none.',
      () => signer.signedAgoMs / 1_000,
    );
  }
}
