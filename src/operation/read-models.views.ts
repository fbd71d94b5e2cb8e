/** The answers about the read models: how far they are, and whether they can be trusted. */
import { IsBoolean, IsIn, IsString, Matches } from 'class-validator';
import { Describe, Nested, Nullable, Optional, WholeNumber } from '../api/decorators.js';
import { SHA256 } from '../kernel/ids.js';

const STATUSES = ['starting', 'live', 'rebuilding', 'stopped'] as const;

export class ProjectionStateView {
  @Describe('`rebuilding` after an upgrade; `stopped` by a fault.', 'live')
  @IsIn(STATUSES)
  readonly status!: (typeof STATUSES)[number];

  @Optional('While rebuilding: how far it is.')
  @WholeNumber({ min: -1 })
  readonly sequence?: number;

  @Optional('While rebuilding: the sequence that there was before, as far as it is known.')
  @WholeNumber({ min: -1 })
  readonly target?: number;

  @Optional('When stopped: why.')
  @IsString()
  readonly message?: string;
}

export class SelfCheckView {
  @Describe('Whether all that was committed is projected, once and unaltered.', true)
  @IsBoolean()
  readonly ok!: boolean;

  @Describe('Up to which sequence the two were compared.', 41)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Optional('Outcomes that stand, counted from the events.', 1)
  @WholeNumber({ min: 0 })
  readonly outcomes?: number;

  @Optional('SHA-256 over the position and the hash of the facts of every event so far.')
  @Matches(SHA256)
  readonly digest?: string;

  @Optional('Of the transparency log of every event so far, base64.')
  @Matches(/^[A-Za-z0-9+/]{43}=$/)
  readonly root?: string;

  @Optional('The difference that was found.')
  @IsString()
  readonly fault?: string;
}

export class RebuildView {
  @Describe('How far it is.', 20_000)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe('How far it must come.', 50_000)
  @WholeNumber({ min: -1 })
  readonly target!: number;
}

export class ProjectionsView {
  @Describe('The read models in use.')
  @Nested(() => ProjectionStateView)
  readonly projection!: ProjectionStateView;

  @Describe('How far the read models are that are in use.', 41)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe('Events of the store that are not the ledger’s own, and were skipped.', 0)
  @WholeNumber({ min: 0 })
  readonly skipped!: number;

  @Nullable('The one that runs beside the read models in use; null if none does.', null)
  @Nested(() => RebuildView)
  readonly rebuild!: RebuildView | null;

  @Nullable('Why the last rebuild ended without taking their place, if it did.', null)
  @IsString()
  readonly rebuildFailure!: string | null;

  @Describe('What the running self-check says of them.')
  @Nested(() => SelfCheckView)
  readonly selfCheck!: SelfCheckView;
}
