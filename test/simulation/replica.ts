/** One process of the ledger in a simulation: it is killed and stopped, and started again on the same data. */
import type { FaultyMachine } from '../support/faulty-machine.js';
import { DrivenLedger, type Answer, type Asked } from './driven-ledger.js';

export interface Place {
  readonly dataDir: string;
  /** Undefined: the embedded store. */
  readonly storeUrl?: string;
  /** Null where there is no compiler to make one with. */
  readonly machine: FaultyMachine | null;
}

export class Replica {
  private ledger: DrivenLedger | null = null;
  private restarting: Promise<void> | null = null;

  constructor(private readonly place: Place) {}

  get machine(): FaultyMachine | null {
    return this.place.machine;
  }

  async start(): Promise<void> {
    this.machine?.heal();
    this.ledger = await DrivenLedger.start(this.place, this.machine?.env ?? {});
    if (!this.ledger) throw new Error('the ledger does not start');
  }

  ask(what: Asked, request: unknown): Promise<Answer> {
    return this.ledger!.ask(what, request);
  }

  kill(): Promise<void> {
    return this.ledger!.kill();
  }

  stop(): Promise<void> {
    return this.ledger!.stop();
  }

  get isGone(): boolean {
    return this.ledger!.isGone;
  }

  /** Several may find at once that it is gone. */
  restart(): Promise<void> {
    this.restarting ??= this.kill()
      .then(() => this.start())
      .finally(() => (this.restarting = null));
    return this.restarting;
  }
}
