/**
 * The clocks of the ledger: the real one, by which keys and tokens expire and a day is in the future, and the one that
 * dates what is recorded.
 *
 * Ledger time never goes back, so an event that is dated with a wall clock that leapt ahead would hold it there until
 * that time comes. The wall clock is therefore held to the machine's time since its start, which counts a sleep.
 */
import { uptime } from 'node:os';

/** Time services move a clock by less, and a summer time not at all. */
const LEAP_MS_MAX = 3_600_000;

/** The wall clock leapt, and nobody knows yet whether the time before or after the leap is the right one. */
export class ClockLeapt extends Error {
  constructor(movedMs: number) {
    const [by, whither] = [Math.abs(Math.round(movedMs / 1_000)), movedMs > 0 ? 'ahead' : 'back'];
    super(
      `the clock of the ledger leapt ${by} seconds ${whither}: nothing is recorded until it is right, or the ledger was ` +
        'started again with it',
    );
    this.name = 'ClockLeapt';
  }
}

export class Clock {
  private last = 0;
  private readonly offAtStartMs = offFromMachineMs();

  /** Milliseconds since 1970, by the wall clock. */
  now(): number {
    return Date.now();
  }

  /**
   * Milliseconds since 1970 to date what is recorded: they never go back in one process.
   * @throws ClockLeapt before the leap dates anything
   */
  recording(): number {
    this.refuseIfLeapt();
    this.last = Math.max(this.last, this.now());
    return this.last;
  }

  /** @throws ClockLeapt */
  refuseIfLeapt(): void {
    if (this.hasLeapt) throw new ClockLeapt(this.movedMs());
  }

  get hasLeapt(): boolean {
    return Math.abs(this.movedMs()) > LEAP_MS_MAX;
  }

  /** How far the wall clock was set forward, or back, since the process began. */
  movedMs(): number {
    return Math.round(offFromMachineMs() - this.offAtStartMs);
  }
}

function offFromMachineMs(): number {
  return Date.now() - uptime() * 1_000;
}
