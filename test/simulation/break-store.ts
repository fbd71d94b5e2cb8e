/** What goes wrong with a store while requests are under way: a disk that fails, or a cluster in trouble. */
import type { CallKind, FaultAction } from '../double/faults.js';
import type { ProtocolDouble } from '../double/protocol-double.js';
import type { FaultyMachine } from '../support/faulty-machine.js';

type Work = () => Promise<void>;

/** Some of the next writes or flushes fail; then the disk is well again. */
export async function breakDisk(machine: FaultyMachine, random: () => number, work: Work): Promise<void> {
  const what = random() < 0.6 ? 'writes' : 'flushes';
  const error = random() < 0.5 ? 'EIO' : 'ENOSPC';
  machine.fail({ what, error, passing: pick(random, 6), failing: 1 + pick(random, 3) });
  await work();
  machine.heal();
}

const CALLS: readonly CallKind[] = ['append', 'append', 'read-stream', 'read-all', 'subscribe'];
const ACTIONS: readonly FaultAction[] = ['cut', 'unavailable', 'cancel', 'timeout', 'not-leader', 'end'];

/** A call that fails, before or after it is carried out, and a cluster that breaks off or changes its leader. */
export async function breakCluster(double: ProtocolDouble, random: () => number, work: Work): Promise<void> {
  const [kind, action] = [CALLS[pick(random, CALLS.length)]!, ACTIONS[pick(random, ACTIONS.length)]!];
  void double.faults.next(kind, { action, after: pick(random, 3) });
  const next = double.nodes[pick(random, double.nodes.length)]!;
  const disturbances: readonly Work[] = [
    () => Promise.resolve(),
    () => Promise.resolve(double.nodes.forEach((node) => node.cutAll())),
    () => double.restart(),
    () => Promise.resolve(double.failOver(next)),
  ];
  await Promise.all([work(), disturbances[pick(random, disturbances.length)]!()]);
  double.faults.clear();
}

const pick = (random: () => number, count: number) => Math.floor(random() * count);
