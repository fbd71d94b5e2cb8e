/**
 * Takes ready items from a stream of the client, batch by batch, and no more than the reader asks for.
 *
 * The client's streams break the rules of Node's: a stream lives on after an error, ends cleanly without an event, and
 * ends the process where nobody listens for errors. Here each stream ends in one way: the generator returns at the end,
 * throws at an error or when nothing came for too long, and destroys the stream in any case.
 */
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { NoAnswer } from './errors.js';

export interface Pull<Item> {
  /** An error text names the read by this. */
  readonly what: string;
  readonly idleMs: number;
  readonly isFull: (batch: readonly Item[]) => boolean;
  readonly signal?: AbortSignal;
}

export type ClientStream = Readable & {
  cancel?(): Promise<void>;
  unsubscribe?(): Promise<void>;
};

export async function* batchesOf<Item>(
  stream: ClientStream,
  { what, idleMs, isFull, signal }: Pull<Item>,
): AsyncGenerator<Item[]> {
  let failure: { readonly error: unknown } | null = null;
  let ended = false;
  let wake: () => void = () => undefined;
  const look = () => wake();
  const end = () => {
    ended = true;
    wake();
  };
  stream.on('error', (error: unknown) => {
    failure ??= { error };
    wake();
  });
  stream.on('readable', look).on('end', end).on('close', end);
  // The call beneath pauses when the stream is taken down. If the server ends the call before it is cancelled, the
  // cancellation does nothing, and the client keeps a paused call for ever: its `dispose()` would never resolve. So the
  // call is read to its end.
  stream.on('unpipe', (call: Readable) => call.resume());
  signal?.addEventListener('abort', look);
  try {
    while (!signal?.aborted) {
      const batch: Item[] = [];
      // The client hands out one message after another: messages that have arrived go into the same batch.
      while (takeReady(stream, batch, isFull)) await nextTurn();
      if (batch.length > 0) {
        yield batch;
        continue;
      }
      // Items that came before the failure were given out first.
      const failed = failure as { readonly error: unknown } | null;
      if (failed) throw failed.error;
      if (ended) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new NoAnswer(what, idleMs)), idleMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    wake();
    signal?.removeEventListener('abort', look);
    giveUp(stream);
  }
}

export async function collected<Item>(stream: unknown, pull: Pull<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const batch of batchesOf<Item>(stream as ClientStream, pull)) {
    for (const item of batch) items.push(item);
    // The rest of the stream is not needed, so nobody waits for it.
    if (pull.isFull(items)) break;
  }
  return items;
}

/** @returns whether something was ready, and there is room for more */
function takeReady<Item>(
  stream: ClientStream,
  batch: Item[],
  isFull: (batch: readonly Item[]) => boolean,
): boolean {
  const before = batch.length;
  for (let item: Item | null; (item = stream.read() as Item | null) !== null;) {
    batch.push(item);
    if (isFull(batch)) return false;
  }
  return batch.length > before;
}

function giveUp(stream: ClientStream): void {
  stream.destroy();
  // Both methods wait for the call to exist, and reject where it never came to be.
  const cancelled = stream.cancel?.() ?? stream.unsubscribe?.();
  cancelled?.catch(() => undefined);
}
