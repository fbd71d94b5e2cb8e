/** These views tell what became of a submission, or of one outcome. */
import { IsIn, IsUUID, Matches } from 'class-validator';
import { Instant, ListOf } from '../api/answers.js';
import { Describe, Nested, Optional, PlainText, Slug, WholeNumber } from '../api/decorators.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { EVENT_TYPE } from '../api/outcome.dto.js';
import { OutcomeView } from '../figures/outcome.views.js';

const STATUSES = ['standing', 'corrected', 'withdrawn'] as const;
export type OutcomeStatus = (typeof STATUSES)[number];

/** One version of an outcome, as its event told it. */
export class OutcomeVersion {
  @Describe({ description: 'From 0.', example: 0 })
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe({ description: 'Of the event that made it.', example: 41 })
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe({ description: 'What happened.', example: 'PatientBenefited' })
  @Matches(EVENT_TYPE)
  readonly type!: string;

  @Describe({ description: 'When it was recorded.', example: '2023-07-04T09:30:00.000Z' })
  @Instant()
  readonly recordedAt!: string;

  @Describe({ description: 'Who recorded it.', example: 'admin' })
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Optional()
  @Describe({ description: 'Why, for a correction or a withdrawal.' })
  @PlainText({ max: 2_000 })
  readonly reason?: string;

  @Optional()
  @Describe({ description: 'What it says; absent for a withdrawal.' })
  @Nested(() => OutcomeView)
  readonly outcome?: OutcomeView;

  @Optional()
  @Describe({ description: 'Present where its words were erased by a lawful order.' })
  @IsIn([true])
  readonly erased?: true;
}

/** A lawful order by which words were taken out. */
export class Erasure {
  @Describe({ description: 'Of its event.', example: 57 })
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe({ description: 'When it was recorded.', example: '2024-02-12T14:05:00.000Z' })
  @Instant()
  readonly recordedAt!: string;

  @Describe({ description: 'Who recorded it.', example: 'admin' })
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Describe({ description: 'The office that ordered it.', example: 'Data protection officer' })
  @PlainText({ max: 200 })
  readonly authorisedBy!: string;

  @Optional()
  @Describe({ description: 'Why.', example: 'request for erasure 2024-17' })
  @PlainText({ max: 2_000 })
  readonly reason?: string;
}

export class OutcomeHistory {
  @Describe({ description: '`<submission>.<line>`.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1' })
  @Matches(OUTCOME_ID)
  readonly id!: string;

  @Describe({ description: 'The one that stands: send it as If-Match to change it.', example: 0 })
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe({ description: 'Whether it stands as it was submitted.', example: 'standing' })
  @IsIn(STATUSES)
  readonly status!: OutcomeStatus;

  @Describe({ description: 'Oldest first.' })
  @ListOf(() => OutcomeVersion)
  readonly versions!: readonly OutcomeVersion[];

  @Optional()
  @Describe({ description: 'Oldest first; absent where nothing was erased.' })
  @ListOf(() => Erasure)
  readonly erasures?: readonly Erasure[];
}

export class SubmissionStory {
  @Describe({ description: 'Its idempotency key.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f' })
  @IsUUID()
  readonly submission!: string;

  @Describe({ description: 'The programme that submitted it.', example: 'lipid-management' })
  @Slug()
  readonly programme!: string;

  @Describe({ description: 'When it was recorded.', example: '2023-07-04T09:30:00.000Z' })
  @Instant()
  readonly recordedAt!: string;

  @Describe({ description: 'Who recorded it.', example: 'admin' })
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Describe({ description: 'Of the event of its last outcome.', example: 41 })
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe({ description: 'In the order of its lines.' })
  @ListOf(() => OutcomeHistory)
  readonly outcomes!: readonly OutcomeHistory[];
}
