/** The calls that tell whether the process lives, and whether its answers can be trusted now. */
import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Lag, type StoreSeen } from '../read-models/lag.js';
import { ReadModels } from '../read-models/read-models.js';
import { Clock } from '../kernel/clock.js';
import { Call, Tagged } from '../api/call.js';
import { LiveView, ReadinessView } from './health.views.js';

/** A write waits this long for its own events: with read models further behind, no receipts are given. */
const LAG_MS_MAX = 10_000;
/**
 * The longest silence of the store in which the ledger is ready. While the store's leader changes no replica can
 * ask it, and all replicas go on answering questions; a replica that cannot reach it for longer may have missed
 * events.
 */
const SILENT_MS_MAX = 30_000;

/** The store and the read models of one large submission take no more; with less, nothing can be written. */
const FREE_BYTES_MIN = 16 * 1024 * 1024;

/**
 * Tells whether the read models are level with the store: the lag that is known is small, and was learnt lately.
 */
export function isLevel({ lagMs, silentMs, cutShort }: Omit<StoreSeen, 'freeBytes'>): boolean {
  return (lagMs ?? 0) <= LAG_MS_MAX && (silentMs ?? Infinity) <= SILENT_MS_MAX && !cutShort;
}

@Tagged('Operation')
@Controller('health')
export class HealthController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly lag: Lag,
    private readonly clock: Clock,
  ) {}

  @Get('live')
  @Call({
    summary: 'Ask whether the process lives',
    answers: { 200: { says: 'It does.', view: LiveView } },
    open: true,
  })
  isLive(): LiveView {
    return { status: 'live' };
  }

  /**
   * Answers 503 while the read models are not level, have stopped or differ from what was committed, while
   * that has not been known for too long, or while the disk has no room left to write or the clock leapt.
   */
  @Get('ready')
  @Call({
    summary: 'Ask whether answers can be trusted now',
    answers: {
      200: {
        says: 'They can: the read models are level with what was committed, as far as it is known.',
        view: ReadinessView,
      },
      503: {
        says: 'The read models are not level, have stopped or differ from what was committed; the store has been silent for over half a minute; the disk has no room left to write; or the clock leapt.',
        view: ReadinessView,
        example: {
          status: 'not-ready',
          sequence: 20_000,
          lagMs: 4_200,
          storeSilentMs: 0,
          storeCutShort: false,
          skipped: 0,
          clockMovedMs: 0,
          clockBehindMs: 0,
          diskFreeBytes: 80_000_000_000,
          projection: { status: 'rebuilding', sequence: 20_000, target: 50_000 },
          selfCheck: { ok: true, sequence: -1 },
        },
      },
    },
    open: true,
  })
  async isReady(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessView> {
    const seen = await this.lag.look();
    const { state, selfCheck, progress } = this.readModels;
    const ready =
      !this.clock.hasLeapt &&
      state.status === 'live' &&
      selfCheck.ok &&
      isLevel(seen) &&
      seen.freeBytes >= FREE_BYTES_MIN;
    if (!ready) void reply.status(503);
    return {
      status: ready ? 'ready' : 'not-ready',
      sequence: progress.sequence,
      lagMs: seen.lagMs,
      storeSilentMs: seen.silentMs,
      storeCutShort: seen.cutShort,
      skipped: progress.skipped,
      clockMovedMs: this.clock.movedMs(),
      clockBehindMs: Math.max(0, progress.ledgerTime - Date.now()),
      diskFreeBytes: seen.freeBytes,
      projection: state,
      selfCheck,
    };
  }
}
