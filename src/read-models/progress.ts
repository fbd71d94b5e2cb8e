/**
 * Progress knows how far the views are, who waits until they are further, and where the last events stand.
 *
 * Every write waits here for its own events. So a wait is only an entry of a set, and the sequence of an event that was
 * just projected is found without the database.
 */
import { BehaviorSubject, type Observable } from 'rxjs';
import { NOTHING_PROJECTED, type ViewsCheckpoint } from './views-file.js';

const WAIT_MS_MAX = 10_000;
/** At least so many positions are remembered, those of the events projected last. */
const RECENT_MIN = 4_096;

interface Waiter {
  readonly reached: (checkpoint: ViewsCheckpoint) => boolean;
  readonly resolve: (reached: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

export class Progress {
  private readonly checkpoint$ = new BehaviorSubject<ViewsCheckpoint>(NOTHING_PROJECTED);
  private readonly waiting = new Set<Waiter>();
  /** The positions of the last events, up to the checkpoint's own. */
  private recent: string[] = [];

  get checkpoint(): ViewsCheckpoint {
    return this.checkpoint$.value;
  }

  get checkpoints$(): Observable<ViewsCheckpoint> {
    return this.checkpoint$.asObservable();
  }

  /** @param positions of the last events up to the checkpoint's own, as many as are known */
  advance(checkpoint: ViewsCheckpoint, positions: readonly string[]): void {
    if (checkpoint.sequence - positions.length !== this.checkpoint.sequence) this.recent = [];
    this.recent.push(...positions);
    if (this.recent.length > 2 * RECENT_MIN) this.recent.splice(0, this.recent.length - RECENT_MIN);
    this.checkpoint$.next(checkpoint);
    for (const waiting of this.waiting) if (waiting.reached(checkpoint)) this.end(waiting, true);
  }

  /** Resolves, in ten seconds at most, with whether the views got so far. */
  until(reached: Waiter['reached']): Promise<boolean> {
    if (reached(this.checkpoint)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(waiting, false), WAIT_MS_MAX);
      const waiting: Waiter = { reached, resolve, timer };
      this.waiting.add(waiting);
    });
  }

  /** Ends every wait: nothing more will be projected. */
  giveUp(): void {
    for (const waiting of this.waiting) this.end(waiting, false);
  }

  private end(waiting: Waiter, reached: boolean): void {
    clearTimeout(waiting.timer);
    this.waiting.delete(waiting);
    waiting.resolve(reached);
  }

  /**
   * Finds the sequence of the event at a position, if it is projected. Positions grow with sequences, so bisection
   * finds it; the remembered positions have that of an event just recorded.
   * @param read gives the position of any other sequence
   */
  sequenceOf(position: string, read: (sequence: number) => string): number | undefined {
    const last = this.checkpoint.sequence;
    const firstRecent = last - this.recent.length + 1;
    const at = (sequence: number) => this.recent[sequence - firstRecent] ?? read(sequence);
    const [oldest] = this.recent;
    let low = oldest !== undefined && oldest <= position ? firstRecent : 0;
    for (let high = last; low < high;) {
      const middle = (low + high) >>> 1;
      if (at(middle) < position) low = middle + 1;
      else high = middle;
    }
    return last >= 0 && at(low) === position ? low : undefined;
  }
}
