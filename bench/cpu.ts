/** Processor time: the cost of work however busy the machine is with other things. */

export function cpuMicrosOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The cheapest of several turns: other work on the machine makes turns dearer, and none cheaper. */
export function leastOf(turns: number, measure: () => number): number {
  return Math.min(...Array.from({ length: turns }, measure));
}
