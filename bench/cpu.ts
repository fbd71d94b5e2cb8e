/** Processor time, which is what work costs however busy the machine is with other things. */

export function cpuMicrosOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Of several turns the cheapest: what else the machine does makes each dearer, and none cheaper. */
export function leastOf(turns: number, measure: () => number): number {
  return Math.min(...Array.from({ length: turns }, measure));
}
