/** What goes wrong with a store while requests are under way: a disk that fails, or a cluster in trouble. */
import type { CallKind, FaultAction } from '../double/faults.js';
import type { ProtocolDouble } from '../double/protocol-double.js';
import type { FaultyMachine } from '../support/faulty-machine.js';

type Work = () => Promise<void>;

/** Some of the next writes or flushes fail; then the disk is well again. @returns whether any did */
export async function breakDisk(machine: FaultyMachine, random: () => number, work: Work): Promise<boolean> {
  const what = random() < 0.6 ? 'writes' : 'flushes';
  const error = random() < 0.5 ? 'EIO' : 'ENOSPC';
  machine.fail({ what, error, passing: pick(random, 6), failing: 1 + pick(random, 3) });
  await work();
  return machine.heal().failed > 0;
}

const CALLS: readonly CallKind[] = ['append', 'append', 'read-stream', 'read-all', 'subscribe'];
const ACTIONS: readonly FaultAction[] = ['cut', 'unavailable', 'cancel', 'timeout', 'not-leader', 'end'];

/**
 * A call that fails, before or after it is carried out, and a cluster that breaks off or changes its leader.
 * @returns whether the call was met, or the cluster disturbed
 */
export async function breakCluster(
  double: ProtocolDouble,
  random: () => number,
  work: Work,
): Promise<boolean> {
  const [kind, action] = [CALLS[pick(random, CALLS.length)]!, ACTIONS[pick(random, ACTIONS.length)]!];
  let isMet = false;
  void double.faults.next(kind, { action, after: pick(random, 3) }).then(() => (isMet = true));
  const next = double.nodes[pick(random, double.nodes.length)]!;
  const disturbances: readonly Work[] = [
    () => Promise.resolve(),
    () => Promise.resolve(double.nodes.forEach((node) => node.cutAll())),
    () => double.restart(),
    () => Promise.resolve(double.failOver(next)),
  ];
  const disturbance = pick(random, disturbances.length);
  await Promise.all([work(), disturbances[disturbance]!()]);
  double.faults.clear();
  return isMet || disturbance > 0;
}

const pick = (random: () => number, count: number) => Math.floor(random() * count);
