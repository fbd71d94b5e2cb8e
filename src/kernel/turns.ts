/**
 * Shares the event loop among pieces of work that hold it for milliseconds, such as a figure or a page of
 * history.
 *
 * Without turns all pieces that are ready would run in one round of the loop, and everyone who waits for a flush
 * or a short answer would wait for all of them. So a round starts no further piece once its share of time is
 * spent, and serves all other callbacks first. There is one event loop, and so one queue: first come, first
 * served.
 */
const TURN_MS = 5;

const waiting: (() => void)[] = [];
let isTurnSet = false;

/** Resolves when it is the caller's turn. The turn lasts until the caller waits for something outside. */
export function ownTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!isTurnSet) setTurn();
  });
}

/** Each callback of this round, with all promises that follow on it, ends before the next one begins. */
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
