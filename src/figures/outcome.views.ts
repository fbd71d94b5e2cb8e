/** What is answered about outcomes: those behind a figure, and what became of one. */
import { IsBoolean, Matches } from 'class-validator';
import { AmountString, Instant, ListOf } from '../api/answers.js';
import { Describe, Nested, Nullable, Optional, PlainText, Slug, WholeNumber } from '../api/decorators.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { BoundsDto, EffectiveView, OutcomeMembers } from '../api/outcome.dto.js';
import { CURSOR } from '../api/query.dto.js';

/** A side that is left out is open. */
export class BoundsView extends BoundsDto {
  @Optional()
  @Describe({ description: 'The low bound in the unit of the measure.', example: '900' })
  @AmountString()
  readonly lowAmount?: string;

  @Optional()
  @Describe({ description: 'The high bound in the unit of the measure.', example: '1000' })
  @AmountString()
  readonly highAmount?: string;
}

/** One version of an outcome, without its words. */
export class VersionView extends OutcomeMembers {
  @Describe({ description: 'What is counted.', example: 'patients-benefited' })
  @Slug()
  readonly measure!: string;

  @Optional()
  @Describe({ description: 'Who delivered.', example: 'wessex' })
  @Slug()
  readonly organisation?: string;

  @Describe({ description: 'When it happened.' })
  @Nested(() => EffectiveView)
  readonly effective!: EffectiveView;

  @Optional()
  @Describe({ description: 'The quantity in the unit of the measure.', example: '1200' })
  @AmountString()
  readonly amount?: string;

  @Optional()
  @Describe({ description: 'What the quantity may really be; without bounds it is exact.' })
  @Nested(() => BoundsView)
  readonly bounds?: BoundsView;
}

/** Without a title and an address once the words of its event were erased. */
export class EvidenceView {
  @Optional()
  @Describe({ description: 'What the figure rests on.', example: 'Quarter 1 return' })
  @PlainText({ max: 300 })
  readonly title?: string;

  @Optional()
  @Describe({ description: 'Where it is kept.', example: 'https://example.org/returns/2023-q1' })
  @PlainText({ max: 2_100 })
  readonly uri?: string;
}

/** One version of an outcome, as recorded. */
export class OutcomeView extends VersionView {
  @Describe({ description: '`<submission>.<line>`.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1' })
  @Matches(OUTCOME_ID)
  readonly id!: string;

  @Describe({ description: 'From 0; one more with each correction.', example: 0 })
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe({ description: 'The programme that recorded it.', example: 'lipid-management' })
  @Slug()
  readonly programme!: string;

  @Optional()
  @Describe({ description: 'What the figure rests on.', example: { title: 'Quarter 1 return' } })
  @Nested(() => EvidenceView)
  readonly evidence?: Readonly<EvidenceView>;

  @Optional()
  @Describe({ description: 'Anything a reader should know.' })
  @PlainText({ max: 2_000 })
  readonly note?: string;

  @Describe({ description: 'When this version was recorded.', example: '2023-07-04T09:30:00.000Z' })
  @Instant()
  readonly recordedAt!: string;

  @Describe({ description: 'Who recorded this version.', example: 'admin' })
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Describe({ description: 'Of the event that recorded this version.', example: 41 })
  @WholeNumber({ min: 0 })
  readonly sequence!: number;
}

export class ListedOutcome extends OutcomeView {
  @Describe({
    description: 'False for what is kept beside the figure: superseded values of a stock, bare percentages.',
    example: true,
  })
  @IsBoolean()
  readonly contributes!: boolean;
}

export class OutcomesPage {
  @Describe({
    description: 'Grouped by programme, organisation, year and basis; in each group as recorded.',
  })
  @ListOf(() => ListedOutcome)
  readonly outcomes!: readonly ListedOutcome[];

  @Nullable()
  @Describe({ description: 'The `cursor` of the next page; null on the last.', example: null })
  @Matches(CURSOR)
  readonly next!: string | null;

  @Describe({ description: 'The sequence at which every page of the list is read.', example: 41 })
  @WholeNumber({ min: -1 })
  readonly sequence!: number;
}
