/**
 * Pieces of work that hold the event loop for milliseconds, such as a figure or a page of history, take turns.
 *
 * Without turns all pieces that are ready would run in one round of the loop, and everyone who waits for a flush or a
 * short answer would wait for all of them. A round starts no further piece once its share of time is spent, and serves
 * all other callbacks first. Callers take turns too: of each one piece, and then of the next, whoever asks for how many.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const TURN_MS = 5;

/** The caller that a piece of work is done for. */
export interface Asker {
  readonly actor: string;
  /** Nobody reads an answer any more. */
  readonly hasGone: () => boolean;
}

/** The asker of all that is done within a request. */
export const asking = new AsyncLocalStorage<Asker>();

/** Work is not gone on with whose asker has gone. */
export class AskerGone extends Error {
  constructor() {
    super('the caller has gone');
    this.name = 'AskerGone';
  }
}

/** The pieces that wait, by actor, in the order of the actors’ next turns. */
const waiting = new Map<string, (() => void)[]>();
let isTurnSet = false;

/**
 * Resolves when it is the caller's turn, which lasts until the caller waits for something outside.
 * @throws AskerGone
 */
export async function ownTurn(): Promise<void> {
  const asker = asking.getStore();
  await new Promise<void>((resolve) => {
    const actor = asker?.actor ?? '';
    const others = waiting.get(actor);
    if (others) others.push(resolve);
    else waiting.set(actor, [resolve]);
    if (!isTurnSet) setTurn();
  });
  if (asker?.hasGone()) throw new AskerGone();
}

/**
 * Goes through very many things, with a turn after each so many of them.
 * @param sizeOf where things take work of their own size, what each of them counts for
 * @throws AskerGone
 */
export async function* inTurns<Thing>(
  things: Iterable<Thing>,
  aTurn: number,
  sizeOf: (thing: Thing) => number = () => 1,
): AsyncGenerator<Thing> {
  let size = 0;
  for (const thing of things) {
    yield thing;
    size += sizeOf(thing);
    if (size < aTurn) continue;
    size = 0;
    await ownTurn();
  }
}

/** Each callback of a round, with all promises that follow on it, ends before the next one begins. */
function setTurn(): void {
  let left = 0;
  for (const { length } of waiting.values()) left += length;
  isTurnSet = left > 0;
  if (!isTurnSet) return;
  let startedAt: number | null = null;
  for (; left > 0; left--) {
    setImmediate(() => {
      startedAt ??= performance.now();
      if (performance.now() - startedAt < TURN_MS) takeNext();
    });
  }
  setImmediate(setTurn);
}

function takeNext(): void {
  for (const [actor, pieces] of waiting) {
    const next = pieces.shift()!;
    waiting.delete(actor);
    if (pieces.length > 0) waiting.set(actor, pieces);
    return next();
  }
}
