/**
 * Takes what a stream of the client has ready, batch by batch, and no more than is asked for.
 *
 * The client's streams break the rules of Node's: an error is emitted and the stream lives on, a clean end comes
 * without a word, and without a listener an error ends the process. Here each ends in one way: the generator
 * returns at the end, throws at an error or when nothing came for too long, and takes the stream down with it.
 */
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { NoAnswer } from './eventstore-errors.js';

export interface Pull {
  /** What is said where nothing comes. */
  readonly what: string;
  readonly idleMs: number;
  readonly sizeMax: number;
  readonly signal?: AbortSignal;
}

/** A stream of the client, and what it is called to be given up. */
export type ClientStream = Readable & {
  cancel?(): Promise<void>;
  unsubscribe?(): Promise<void>;
};

export async function* batchesOf<Item>(
  stream: ClientStream,
  { what, idleMs, sizeMax, signal }: Pull,
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
  signal?.addEventListener('abort', look);
  try {
    while (!signal?.aborted) {
      const batch: Item[] = [];
      takeReady(stream, batch, sizeMax);
      // The client hands out one message after another: what is on its way makes the same batch.
      for (let before = 0; batch.length > before && batch.length < sizeMax;) {
        before = batch.length;
        await nextTurn();
        takeReady(stream, batch, sizeMax);
      }
      if (batch.length > 0) {
        yield batch;
        continue;
      }
      // What came before a failure was given out first.
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

function takeReady<Item>(stream: ClientStream, batch: Item[], sizeMax: number): void {
  for (let item: Item | null; batch.length < sizeMax && (item = stream.read() as Item | null) !== null;) {
    batch.push(item);
  }
}

function giveUp(stream: ClientStream): void {
  stream.destroy();
  // Both wait for the call to exist, and reject where it never came to be.
  const cancelled = stream.cancel?.() ?? stream.unsubscribe?.();
  cancelled?.catch(() => undefined);
}
