/**
 * How V8 uses memory in this process: its flags, which are global, are set here and nowhere else
 * (docs/adr/0005-imports-all-checked-first.md has the measurements).
 *
 * By itself V8 lets the heap grow to several times what lives, and does not count a buffer, which is beside the heap,
 * until some 60 MB of them lie about. An import makes garbage by the gigabyte, of which little lives at a time.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'major' | 'minor' }) => void;

// Node.js offers this function to a process that is started for it; a context made under the flag has it too.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as Collect;
setFlagsFromString('--no-expose-gc');

/** Sets what holds from the start of a server to its end. It must run before worker threads start. */
export function serveInLittleMemory(): void {
  // The worker threads keep little alive: with V8's default each would let 48 MB of garbage lie, and gain nothing by it.
  setFlagsFromString('--max-semi-space-size=2');
  // A parallel scavenge ends with the last of V8's helpers and holds the event loop until then, which on busy cores is
  // much longer than the work takes.
  setFlagsFromString('--no-parallel-scavenge');
}

/** From its next collection on, the heap may grow by a third of what lives, for some tenth of the processor's time. */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=30');
}

export function collectWhenV8ThinksFit(): void {
  setFlagsFromString('--heap-growing-percent=0');
}

/** Collects all garbage, in some 30 ms. V8 by itself may let another 100 MB be made first. */
export function collectAll(): void {
  collect();
}

/** Collects what was made a moment ago and is used no more, buffers among it, in a millisecond or two. */
export function collectYoung(): void {
  collect({ type: 'minor' });
}
