/**
 * In one process, decisions that rest on the catalogue and changes of the catalogue wait for one another: no outcome is
 * recorded after the closure that forbids it, and no closure leaves outcomes outside that it did not count. Replicas of
 * a shared store do not wait for one another (docs/adr/0007-a-shared-store.md).
 */
import { Injectable } from '@nestjs/common';
import { EventStore, type Position } from '../store/event-store.js';
import { ReadModels } from './read-models.js';

@Injectable()
export class CatalogueTurns {
  /** The last change that was asked for. It settles once that change is over. */
  private change: Promise<unknown> = Promise.resolve();
  private readonly resting = new Set<Promise<unknown>>();
  private changedAt: Position | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  /** Carries out a decision that rests on the catalogue, beside other such decisions. @throws NotProjected */
  rest<Result>(decision: () => Promise<Result>): Promise<Result> {
    const decided = this.change.then(async () => {
      if (this.changedAt !== null) await this.readModels.reachPosition(this.changedAt);
      return decision();
    });
    const over = decided.then(nothing, nothing);
    this.resting.add(over);
    void over.then(() => this.resting.delete(over));
    return decided;
  }

  /**
   * Carries out a change of the catalogue by itself, once the read models have all that was recorded before.
   * @throws NotProjected
   */
  alone<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = Promise.all([this.change, ...this.resting]).then(async () => {
      await this.reachHead();
      try {
        return await change();
      } finally {
        this.changedAt = await this.store.head();
      }
    });
    this.change = changed.then(nothing, nothing);
    return changed;
  }

  private async reachHead(): Promise<void> {
    const head = await this.store.head();
    if (head !== null) await this.readModels.reachPosition(head);
  }
}

const nothing = () => undefined;
