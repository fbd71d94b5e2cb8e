/** Milliseconds since 1970 that never go back: a clock that is set back must not reorder what is recorded. */
export class Clock {
  private last = 0;
  private readonly offAtStartMs = offFromMachineMs();

  now(): number {
    this.last = Math.max(this.last, Date.now());
    return this.last;
  }

  /** How far the wall clock was set forward, or back, since the process began, by the machine's own timer. */
  movedMs(): number {
    return Math.round(offFromMachineMs() - this.offAtStartMs);
  }
}

function offFromMachineMs(): number {
  return Date.now() - performance.now();
}
