/** The answers about the health of the process. */
import { IsBoolean, IsIn } from 'class-validator';
import { ProjectionStateView, SelfCheckView } from './read-models.views.js';
import { Describe, Nested, Nullable, WholeNumber } from '../api/decorators.js';

const READINESS = ['ready', 'not-ready'] as const;

export class LiveView {
  @Describe('The process answers.', 'live')
  @IsIn(['live'])
  readonly status!: 'live';
}

export class ReadinessView {
  @Describe('Whether answers can be trusted now.', 'ready')
  @IsIn(READINESS)
  readonly status!: (typeof READINESS)[number];

  @Describe('How far the read models are.', 41)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Nullable(
    'For how many milliseconds the read models have been behind the store; null while it cannot be asked.',
    0,
  )
  @WholeNumber({ min: 0 })
  readonly lagMs!: number | null;

  @Nullable(
    'For how many milliseconds the store has not answered, up to 30,000 of which change nothing; null where it never did.',
    0,
  )
  @WholeNumber({ min: 0 })
  readonly storeSilentMs!: number | null;

  @Describe('Whether the store ends before what was read from it: an older one was put in its place.', false)
  @IsBoolean()
  readonly storeCutShort!: boolean;

  @Describe('Events of the store that are not the ledger’s own, and were skipped.', 0)
  @WholeNumber({ min: 0 })
  readonly skipped!: number;

  @Describe(
    'By how many milliseconds the clock was set forward (or, below 0, back) since the process began.',
    0,
  )
  @WholeNumber({ min: -Number.MAX_SAFE_INTEGER })
  readonly clockMovedMs!: number;

  @Describe('How far the clock is behind ledger time: some event was recorded by a clock that was ahead.', 0)
  @WholeNumber({ min: 0 })
  readonly clockBehindMs!: number;

  @Describe(
    'Free bytes on the disk of the data directory: with under 16 MiB nothing can be written.',
    80_000_000_000,
  )
  @WholeNumber({ min: 0 })
  readonly diskFreeBytes!: number;

  @Describe('The read models in use.')
  @Nested(() => ProjectionStateView)
  readonly projection!: ProjectionStateView;

  @Describe('What the running self-check says of them.')
  @Nested(() => SelfCheckView)
  readonly selfCheck!: SelfCheckView;
}
