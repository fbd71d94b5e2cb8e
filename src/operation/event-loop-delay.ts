/** By how much the event loop is late, as a timer that looks again and again finds it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const LOOK_EVERY_MS = 10;

export class EventLoopDelay {
  private readonly histogram = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });

  constructor() {
    this.histogram.enable();
  }

  /** One time in a hundred it is later, since it was begun, or begun anew; 0 before the first look. */
  get p99Ms(): number {
    // What is recorded is the time between two looks, which on an idle loop is what was asked for.
    return Math.max(0, this.histogram.percentile(99) / 1e6 - LOOK_EVERY_MS);
  }

  beginAnew(): void {
    this.histogram.reset();
  }
}
