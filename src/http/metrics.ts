/**
 * What the process tells of itself in numbers, in the text format of Prometheus. Few of them: each answers a question
 * that an operator has, and the rest is for whoever runs the machine.
 */
import { Injectable } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import { Lag } from '../projections/lag.js';
import { Projection } from '../projections/projection.js';
import { AppendCounts } from '../store/counted-store.js';
import { Clock } from '../store/run-decider.js';
import { VERSION } from '../version.js';

@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'method' | 'route' | 'status'>;

  constructor(projection: Projection, lag: Lag, appends: AppendCounts, clock: Clock) {
    const registers = [this.registry];
    const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
      new Gauge({
        name: `ledger_${name}`,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    new Gauge({
      name: 'ledger_build_info',
      help: 'Which versions run, as labels.',
      registers,
      labelNames: ['version', 'node'],
    }).set({ version: VERSION, node: process.version }, 1);
    gauge(
      'sequence',
      'Of the last event that is projected; -1 before the first.',
      () => projection.progress.sequence,
    );
    gauge('projection_live', '1 while the read models follow the store.', () =>
      Number(projection.state.status === 'live'),
    );
    gauge(
      'projection_lag_seconds',
      'For how long the read models have been behind the store; NaN while it cannot be asked.',
      async () => ((await lag.behindMs()) ?? NaN) / 1_000,
    );
    gauge(
      'events_skipped',
      'Events of the store that are not the ledger’s own.',
      () => projection.progress.skipped,
    );
    gauge(
      'clock_moved_seconds',
      'By how much the clock was set forward or back since the process began.',
      () => clock.movedMs() / 1_000,
    );
    gauge(
      'clock_behind_seconds',
      'How far the clock is behind ledger time.',
      () => Math.max(0, projection.progress.ledgerTime - Date.now()) / 1_000,
    );
    gauge('self_check_ok', '0 where read models and events differ.', () => Number(projection.selfCheck.ok));
    gauge(
      'self_check_sequence',
      'Up to which sequence they were compared.',
      () => projection.selfCheck.sequence,
    );
    this.counted('appends_total', 'Appends to the store, by how they ended.', 'outcome', () => ({
      appended: appends.appended,
      overtaken: appends.overtaken,
      failed: appends.failed,
    }));
    this.counted('events_appended_total', 'Events that were appended.', null, () => ({ '': appends.events }));
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    gauge('event_loop_delay_p99_seconds', 'Since it was last asked.', () => {
      const seconds = delay.count === 0 ? 0 : delay.percentile(99) / 1e9;
      delay.reset();
      return seconds;
    });
    this.requests = new Counter({
      name: 'ledger_http_requests_total',
      help: 'Requests that were answered, by route and status.',
      registers,
      labelNames: ['method', 'route', 'status'],
    });
  }

  /** What is counted elsewhere, told as a counter. */
  private counted(
    name: string,
    help: string,
    label: string | null,
    read: () => Readonly<Record<string, number>>,
  ): void {
    new Counter({
      name: `ledger_${name}`,
      help,
      registers: [this.registry],
      labelNames: label === null ? [] : [label],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) {
          this.inc(label === null ? {} : { [label]: value }, count);
        }
      },
    });
  }

  answered(method: string, route: string | undefined, status: number): void {
    this.requests.inc({ method, route: route ?? 'none', status });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}
