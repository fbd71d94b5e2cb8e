/** An assertion stops the run at a bug or at tampering, and names the values. */

/** Ends a switch over a union: a new member breaks the build here, and a stray value stops the run. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
