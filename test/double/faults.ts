/**
 * What can go wrong with a call, to be switched on for the next call of a kind or for all of them.
 *
 * A fault strikes when a call is so many steps on. An append has one step, its application: a fault after 0 steps
 * strikes before anything is written, one after 1 is the ambiguous failure, written and not told. A read or a
 * subscription takes a step with each event that it sends, or with saying that there is no such stream.
 */
import {
  accessDenied,
  cancelled,
  invalid,
  noLeader,
  notLeader,
  timedOut,
  unauthenticated,
  unavailable,
  unimplemented,
  unknown,
  type Endpoint,
  type RpcError,
} from './rpc-errors.js';

export type CallKind = 'append' | 'read-stream' | 'read-all' | 'subscribe' | 'features' | 'gossip';

export type FaultAction =
  /** The call stays open, and nothing more comes. */
  | 'stay-silent'
  /** The answer ends as if all were told: what a server does that is stopped cleanly. */
  | 'end'
  /** The status of a server that closes down or is not ready. */
  | 'cancel'
  | 'unavailable'
  /** The server gives up waiting for its own commit. */
  | 'timeout'
  | 'not-leader'
  /** The same of a node that does not know who leads. */
  | 'no-leader'
  /** The user may not do this. */
  | 'denied'
  /** The password is wrong, or the user is not known. */
  | 'unauthenticated'
  /** What the server does not know how to do, or takes for a wrong question. */
  | 'unimplemented'
  | 'invalid'
  /** A failure that says nothing: what a bug of the server's own looks like. */
  | 'unknown'
  /** The connection breaks: of this call and of every other that shares it. */
  | 'cut'
  /** Goes on once the gate is open. */
  | 'wait';

export interface Fault {
  readonly action: FaultAction;
  /** Steps of the call before it strikes; 0 by default. */
  readonly after?: number;
  /** What `wait` waits for. */
  readonly gate?: Gate;
}

/** Opened by a test, where a timer would make it guess. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** How a call can be brought to an end before its time. */
export interface FaultedCall {
  end(): void;
  fail(error: RpcError): void;
  /** Breaks its connection. */
  cut(): void;
}

export class Faults {
  private readonly queued = new Map<CallKind, { fault: Fault; met: Gate }[]>();
  private readonly standing = new Map<CallKind, Fault>();

  constructor(private readonly leader: () => Endpoint) {}

  /** For the next call of a kind, after those that are planned for it. @returns when it has struck */
  next(kind: CallKind, fault: Fault): Promise<void> {
    const met = new Gate();
    const queue = this.queued.get(kind) ?? [];
    this.queued.set(kind, queue);
    queue.push({ fault, met });
    return met.opened;
  }

  /** For every call of a kind that has no fault of its own, until it is cleared. */
  all(kind: CallKind, fault: Fault): void {
    this.standing.set(kind, fault);
  }

  /** Calls that have met their fault stay as they are. */
  clear(): void {
    this.queued.clear();
    this.standing.clear();
  }

  /** The fault of a call that begins now, if it has one. */
  take(kind: CallKind): Strike | null {
    const planned = this.queued.get(kind)?.shift();
    if (planned) return new Strike(planned.fault, this.leader, planned.met);
    const standing = this.standing.get(kind);
    return standing ? new Strike(standing, this.leader, new Gate()) : null;
  }
}

/** A fault on its way to one call. */
export class Strike {
  private steps = 0;

  constructor(
    private readonly fault: Fault,
    private readonly leader: () => Endpoint,
    private readonly met: Gate,
  ) {}

  /** To be asked before each step of the call. @returns whether the call is over: nothing more may be sent */
  async before(call: FaultedCall): Promise<boolean> {
    if (this.steps++ !== (this.fault.after ?? 0)) return false;
    this.met.open();
    switch (this.fault.action) {
      case 'stay-silent':
        return true;
      case 'end':
        call.end();
        return true;
      case 'cancel':
        call.fail(cancelled());
        return true;
      case 'unavailable':
        call.fail(unavailable());
        return true;
      case 'timeout':
        call.fail(timedOut());
        return true;
      case 'not-leader':
        call.fail(notLeader(this.leader()));
        return true;
      case 'no-leader':
        call.fail(noLeader());
        return true;
      case 'denied':
        call.fail(accessDenied());
        return true;
      case 'unauthenticated':
        call.fail(unauthenticated());
        return true;
      case 'unimplemented':
        call.fail(unimplemented());
        return true;
      case 'invalid':
        call.fail(invalid());
        return true;
      case 'unknown':
        call.fail(unknown());
        return true;
      case 'cut':
        call.cut();
        return true;
      case 'wait':
        await this.fault.gate!.opened;
        return false;
    }
  }
}
