/**
 * When V8 collects the garbage of whoever makes it by the gigabyte, of which little lives at a time. By itself V8
 * lets the heap grow to several times what lives, and does not count a buffer, which is beside the heap, until
 * some 60 MB of them lie about.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'major' | 'minor' }) => void;

// Node.js offers this function to a process that is started for it; a context made under the flag has it too.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as Collect;
setFlagsFromString('--no-expose-gc');

/** From its next collection on, the heap may grow by a third of what lives, for some tenth of the processor's time. */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=30');
}

export function collectWhenV8ThinksFit(): void {
  setFlagsFromString('--heap-growing-percent=0');
}

/** Of itself V8 may let another 100 MB be made before it does. Takes some 30 ms. */
export function collectAll(): void {
  collect();
}

/** What was made a moment ago and is used no more, buffers among it. Takes a millisecond or two. */
export function collectYoung(): void {
  collect({ type: 'minor' });
}
