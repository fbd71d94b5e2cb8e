/**
 * Assertions stop the run at a bug or at tampering, and name the values. Refusals (a rule saying no) are in
 * `refusals.ts`; faults of disk and network are in the adapters.
 */

/** Ends a switch over a union: a new member breaks the build here, and a stray value stops the run. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
