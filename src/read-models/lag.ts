/**
 * The lag is the time for which the read models have been behind the store.
 *
 * Under a steady stream of writes the store's end is always a moment ahead, so the lag counts from when an end was
 * first seen that is not reached yet.
 */
import { Injectable } from '@nestjs/common';
import { inTime } from '../kernel/in-time.js';
import { EventStore, StoreUnavailable, type Position } from '../store/event-store.js';
import { ReadModels } from './read-models.js';

const ANSWER_MS_MAX = 1_000;

export interface StoreSeen {
  /** The lag in whole milliseconds; null where the store does not answer. */
  readonly lagMs: number | null;
  /** The milliseconds since the store's last answer; null where it never answered. */
  readonly silentMs: number | null;
  /** The store ends before a position that was read from it: an older store was put in its place. */
  readonly cutShort: boolean;
  /** The bytes that are free on the disk of the data directory. */
  readonly freeBytes: number;
}

@Injectable()
export class Lag {
  private awaited: { readonly head: Position; readonly sinceMs: number } | null = null;
  private answeredAtMs: number | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly readModels: ReadModels,
  ) {}

  async behindMs(nowMs: () => number = () => performance.now()): Promise<number | null> {
    return (await this.look(nowMs)).lagMs;
  }

  async look(nowMs: () => number = () => performance.now()): Promise<StoreSeen> {
    // The projector may get past the end that the store tells, so the position is taken first.
    const known = this.readModels.lastPosition;
    const [head, freeBytes] = await Promise.all([this.headInTime(), this.readModels.freeBytes()]);
    if (head === undefined) {
      const silentMs = this.answeredAtMs === null ? null : Math.round(nowMs() - this.answeredAtMs);
      return { lagMs: null, silentMs, cutShort: false, freeBytes };
    }
    this.answeredAtMs = nowMs();
    const cutShort = known !== null && (head === null || head < known);
    return { lagMs: this.lagBehind(head, nowMs()), silentMs: 0, cutShort, freeBytes };
  }

  private lagBehind(head: Position | null, nowMs: number): number {
    const reached = this.readModels.progress.position ?? '';
    if (this.awaited && reached >= this.awaited.head) this.awaited = null;
    if (head === null || reached >= head) return 0;
    this.awaited ??= { head, sinceMs: nowMs };
    return Math.round(nowMs - this.awaited.sinceMs);
  }

  private async headInTime(): Promise<Position | null | undefined> {
    try {
      return await inTime(ANSWER_MS_MAX, this.store.head(), () => undefined);
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    }
  }
}
