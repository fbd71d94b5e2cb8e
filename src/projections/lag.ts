/**
 * For how long the read models have been behind the store.
 *
 * The store's end is looked at when somebody asks. Under a steady stream of writes it is always a moment ahead,
 * so what counts is the time since an end was first seen that is not reached yet.
 */
import { Injectable } from '@nestjs/common';
import { EventStore, StoreUnavailable, type Position } from '../store/event-store.js';
import { Projection } from './projection.js';

/** Who asks about the health of a process does not wait long. */
const ANSWER_MS_MAX = 1_000;

@Injectable()
export class Lag {
  private awaited: { readonly head: Position; readonly sinceMs: number } | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly projection: Projection,
  ) {}

  /** Whole milliseconds, 0 where they are level; null where the store cannot be asked now. */
  async behindMs(nowMs: () => number = () => performance.now()): Promise<number | null> {
    const head = await this.headInTime();
    if (head === undefined) return null;
    const reached = this.projection.progress.position ?? '';
    if (this.awaited && reached >= this.awaited.head) this.awaited = null;
    if (head === null || reached >= head) return 0;
    this.awaited ??= { head, sinceMs: nowMs() };
    return Math.round(nowMs() - this.awaited.sinceMs);
  }

  private async headInTime(): Promise<Position | null | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ANSWER_MS_MAX);
    });
    try {
      return await Promise.race([this.store.head(), late]);
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
