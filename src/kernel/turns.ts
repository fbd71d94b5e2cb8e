/**
 * Pieces of work that hold the event loop for milliseconds, such as a figure or a page of history, take turns.
 *
 * Without turns all pieces that are ready would run in one round of the loop, and everyone who waits for a flush or a
 * short answer would wait for all of them. A round starts no further piece once its share of time is spent, and serves
 * all other callbacks first.
 */
const TURN_MS = 5;

const waiting: (() => void)[] = [];
let isTurnSet = false;

/** Resolves when it is the caller's turn, which lasts until the caller waits for something outside. */
export function ownTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!isTurnSet) setTurn();
  });
}

/** Each callback of a round, with all promises that follow on it, ends before the next one begins. */
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
