/** Answers about outcomes: those behind a figure, and what became of one. */
import { IsBoolean, Matches } from 'class-validator';
import { AmountString, Instant, ListOf } from '../api/answers.js';
import { Describe, Nested, Nullable, Optional, PlainText, Slug, WholeNumber } from '../api/decorators.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { BoundsDto, EffectiveView, OutcomeMembers } from '../api/outcome.dto.js';
import { CURSOR } from '../api/query.dto.js';

/** A side that is left out is open. */
export class BoundsView extends BoundsDto {
  @Optional('The low bound in the unit of the measure.', '900')
  @AmountString()
  readonly lowAmount?: string;

  @Optional('The high bound in the unit of the measure.', '1000')
  @AmountString()
  readonly highAmount?: string;
}

export class VersionView extends OutcomeMembers {
  @Describe('What is counted.', 'patients-benefited')
  @Slug()
  readonly measure!: string;

  @Optional('Who delivered.', 'wessex')
  @Slug()
  readonly organisation?: string;

  @Describe('When it happened.')
  @Nested(() => EffectiveView)
  readonly effective!: EffectiveView;

  @Optional('The quantity in the unit of the measure.', '1200')
  @AmountString()
  readonly amount?: string;

  @Optional('What the quantity may really be; without bounds it is exact.')
  @Nested(() => BoundsView)
  readonly bounds?: BoundsView;
}

/** Without a title and an address once the words of its event were erased. */
export class EvidenceView {
  @Optional('What the figure rests on.', 'Quarter 1 return')
  @PlainText({ max: 300 })
  readonly title?: string;

  @Optional('Where it is kept.', 'https://example.org/returns/2023-q1')
  @PlainText({ max: 2_100 })
  readonly uri?: string;
}

export class OutcomeView extends VersionView {
  @Describe('`<submission>.<line>`.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1')
  @Matches(OUTCOME_ID)
  readonly id!: string;

  @Describe('From 0; one more with each correction.', 0)
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe('The programme that recorded it.', 'lipid-management')
  @Slug()
  readonly programme!: string;

  @Optional('What the figure rests on.', { title: 'Quarter 1 return' })
  @Nested(() => EvidenceView)
  readonly evidence?: Readonly<EvidenceView>;

  @Optional('Anything a reader should know.')
  @PlainText({ max: 2_000 })
  readonly note?: string;

  @Describe('When this version was recorded.', '2023-07-04T09:30:00.000Z')
  @Instant()
  readonly recordedAt!: string;

  @Optional('Who recorded this version; a reporter is not told.', 'admin')
  @PlainText({ max: 200 })
  readonly actor?: string;

  @Describe('Of the event that recorded this version.', 41)
  @WholeNumber({ min: 0 })
  readonly sequence!: number;
}

export class ListedOutcome extends OutcomeView {
  @Describe('False for what is kept beside the figure: superseded values of a stock, bare percentages.', true)
  @IsBoolean()
  readonly contributes!: boolean;
}

export class OutcomesPage {
  @Describe('Grouped by programme, organisation, year and basis; in each group as recorded.')
  @ListOf(() => ListedOutcome)
  readonly outcomes!: readonly ListedOutcome[];

  @Nullable('The `after` of the next page; null on the last.', null)
  @Matches(CURSOR)
  readonly next!: string | null;

  @Describe('The sequence at which every page of the list is read.', 41)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;
}
