/** The answers about the read models: how far they are, and whether they can be trusted. */
import { IsBoolean, IsIn, IsString, Matches } from 'class-validator';
import { Describe, Nested, Nullable, Optional, WholeNumber } from '../api/decorators.js';
import { SHA256 } from '../kernel/ids.js';

const STATUSES = ['starting', 'live', 'rebuilding', 'stopped'] as const;

export class ProjectionStateView {
  @Describe({ description: '`rebuilding` after an upgrade; `stopped` by a fault.', example: 'live' })
  @IsIn(STATUSES)
  readonly status!: (typeof STATUSES)[number];

  @Optional()
  @Describe({ description: 'While rebuilding: how far it is.' })
  @WholeNumber({ min: -1 })
  readonly sequence?: number;

  @Optional()
  @Describe({ description: 'While rebuilding: the sequence that there was before, as far as it is known.' })
  @WholeNumber({ min: -1 })
  readonly target?: number;

  @Optional()
  @Describe({ description: 'When stopped: why.' })
  @IsString()
  readonly message?: string;
}

export class SelfCheckView {
  @Describe({
    description: 'Whether all that was committed is projected, once and unaltered.',
    example: true,
  })
  @IsBoolean()
  readonly ok!: boolean;

  @Describe({ description: 'Up to which sequence the two were compared.', example: 41 })
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Optional()
  @Describe({ description: 'Outcomes that stand, counted from the events.', example: 1 })
  @WholeNumber({ min: 0 })
  readonly outcomes?: number;

  @Optional()
  @Describe({ description: 'SHA-256 over the position and the hash of the facts of every event so far.' })
  @Matches(SHA256)
  readonly digest?: string;

  @Optional()
  @Describe({ description: 'Of the transparency log of every event so far, base64.' })
  @Matches(/^[A-Za-z0-9+/]{43}=$/)
  readonly root?: string;

  @Optional()
  @Describe({ description: 'The difference that was found.' })
  @IsString()
  readonly fault?: string;
}

export class RebuildView {
  @Describe({ description: 'How far it is.', example: 20_000 })
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe({ description: 'How far it must come.', example: 50_000 })
  @WholeNumber({ min: -1 })
  readonly target!: number;
}

export class ProjectionsView {
  @Describe({ description: 'The read models in use.' })
  @Nested(() => ProjectionStateView)
  readonly projection!: ProjectionStateView;

  @Describe({ description: 'How far the read models are that are in use.', example: 41 })
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe({
    description: 'Events of the store that are not the ledger’s own, and were skipped.',
    example: 0,
  })
  @WholeNumber({ min: 0 })
  readonly skipped!: number;

  @Nullable()
  @Describe({
    description: 'The one that runs beside the read models in use; null if none does.',
    example: null,
  })
  @Nested(() => RebuildView)
  readonly rebuild!: RebuildView | null;

  @Nullable()
  @Describe({
    description: 'Why the last rebuild ended without taking their place, if it did.',
    example: null,
  })
  @IsString()
  readonly rebuildFailure!: string | null;

  @Describe({ description: 'What the running self-check says of them.' })
  @Nested(() => SelfCheckView)
  readonly selfCheck!: SelfCheckView;
}
