/** These views tell what became of a submission, or of one outcome. */
import { IsIn, IsUUID, Matches } from 'class-validator';
import { Instant, ListOf } from '../api/answers.js';
import { Describe, Nested, Optional, PlainText, Slug, WholeNumber } from '../api/decorators.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { EVENT_TYPE } from '../api/outcome.dto.js';
import { OutcomeView } from '../figures/outcome.views.js';

const STATUSES = ['standing', 'corrected', 'withdrawn', 'reinstated'] as const;
export type OutcomeStatus = (typeof STATUSES)[number];

/** One version of an outcome, as its event told it. */
export class OutcomeVersion {
  @Describe('From 0.', 0)
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe('Of the event that made it.', 41)
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe('What happened.', 'PatientBenefited')
  @Matches(EVENT_TYPE)
  readonly type!: string;

  @Describe('When it was recorded.', '2023-07-04T09:30:00.000Z')
  @Instant()
  readonly recordedAt!: string;

  @Optional('Who recorded it; a reporter is not told.', 'admin')
  @PlainText({ max: 200 })
  readonly actor?: string;

  @Optional('Why, for a correction or a withdrawal.')
  @PlainText({ max: 2_000 })
  readonly reason?: string;

  @Optional('What it says; absent for a withdrawal.')
  @Nested(() => OutcomeView)
  readonly outcome?: OutcomeView;

  @Optional('Present where its words were erased by a lawful order.')
  @IsIn([true])
  readonly erased?: true;
}

/** A lawful order by which words were taken out. */
export class Erasure {
  @Describe('Of its event.', 57)
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe('When it was recorded.', '2024-02-12T14:05:00.000Z')
  @Instant()
  readonly recordedAt!: string;

  @Optional('Who recorded it; a reporter is not told.', 'admin')
  @PlainText({ max: 200 })
  readonly actor?: string;

  @Describe('The office that ordered it.', 'Data protection officer')
  @PlainText({ max: 200 })
  readonly authorisedBy!: string;

  @Optional('Why.', 'request for erasure 2024-17')
  @PlainText({ max: 2_000 })
  readonly reason?: string;
}

export class OutcomeHistory {
  @Describe('`<submission>.<line>`.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1')
  @Matches(OUTCOME_ID)
  readonly id!: string;

  @Describe('The one that stands: send it as If-Match to change it.', 0)
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe('Whether it stands as it was submitted.', 'standing')
  @IsIn(STATUSES)
  readonly status!: OutcomeStatus;

  @Describe('Oldest first.')
  @ListOf(() => OutcomeVersion)
  readonly versions!: readonly OutcomeVersion[];

  @Optional('Oldest first; absent where nothing was erased.')
  @ListOf(() => Erasure)
  readonly erasures?: readonly Erasure[];
}

export class SubmissionStory {
  @Describe('Its idempotency key.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f')
  @IsUUID()
  readonly submission!: string;

  @Describe('The programme that submitted it.', 'lipid-management')
  @Slug()
  readonly programme!: string;

  @Describe('When it was recorded.', '2023-07-04T09:30:00.000Z')
  @Instant()
  readonly recordedAt!: string;

  @Optional('Who recorded it; a reporter is not told.', 'admin')
  @PlainText({ max: 200 })
  readonly actor?: string;

  @Describe('Of the event of its last outcome.', 41)
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe('In the order of its lines.')
  @ListOf(() => OutcomeHistory)
  readonly outcomes!: readonly OutcomeHistory[];
}
