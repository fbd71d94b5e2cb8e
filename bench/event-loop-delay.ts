/** The delay of the event loop, as a timer measures it that fires every few milliseconds. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const LOOK_EVERY_MS = 10;

export class EventLoopDelay {
  private readonly histogram = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });

  constructor() {
    this.histogram.enable();
  }

  /**
   * The delay that one measurement in a hundred exceeds, since the last reset; 0 before the first measurement.
   */
  get p99Ms(): number {
    // The histogram records the time between two measurements, which is LOOK_EVERY_MS on an idle loop.
    return Math.max(0, this.histogram.percentile(99) / 1e6 - LOOK_EVERY_MS);
  }

  beginAnew(): void {
    this.histogram.reset();
  }
}
