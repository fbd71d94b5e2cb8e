/**
 * Work that holds the event loop for milliseconds, a figure or a page of history, done in turns of the loop.
 *
 * All of it that is ready would otherwise be done in one turn, and everyone who waits for a flush or for a short answer
 * would wait for all of it. So a turn begins no more pieces once its share of time is spent, and serves whatever else
 * is ready before the next ones. There is one event loop, and so one queue: first come, first served.
 */
const TURN_MS = 5;

const waiting: (() => void)[] = [];
let isTurnSet = false;

/** Resolves when it is the caller's turn: what follows, up to its next wait for something outside, is done in it. */
export function ownTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!isTurnSet) setTurn();
  });
}

/** Each that is set here for the loop's next turn ends with all that follows on it before the one after it begins. */
function setTurn(): void {
  isTurnSet = waiting.length > 0;
  if (!isTurnSet) return;
  let startedAt: number | null = null;
  for (let left = waiting.length; left > 0; left--) {
    setImmediate(() => {
      startedAt ??= performance.now();
      if (performance.now() - startedAt < TURN_MS) waiting.shift()!();
    });
  }
  setImmediate(setTurn);
}
