/** The clock by which the ledger dates what it records. */

/** Milliseconds since 1970, never less than it said before: a clock set back does not reorder what is recorded. */
export class Clock {
  private last = 0;
  private readonly offAtStartMs = offFromMachineMs();

  now(): number {
    this.last = Math.max(this.last, Date.now());
    return this.last;
  }

  /** By how much the clock was set forward, or back, since the process began: the machine counts time by itself. */
  movedMs(): number {
    return Math.round(offFromMachineMs() - this.offAtStartMs);
  }
}

function offFromMachineMs(): number {
  return Date.now() - performance.now();
}
