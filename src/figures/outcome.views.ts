/** What is answered about outcomes: those behind a figure, what changed a figure, and what became of one. */
import { FINANCIAL_YEAR } from '../kernel/financial-year.js';
import { IsBoolean, IsUUID, Matches } from 'class-validator';
import { AmountString, ExactQuantity, Instant, ListOf } from '../api/answers.js';
import { Describe, Nested, Nullable, Optional, PlainText, Slug, WholeNumber } from '../api/decorators.js';
import type { FinancialYear } from '../kernel/financial-year.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { BoundsDto, EffectiveView, EVENT_TYPE, OutcomeMembers } from '../api/outcome.dto.js';
import type { Quantity } from '../domain/amount.js';
import { Context, YearFigure } from './figures.views.js';

const CURSOR = /^[A-Za-z0-9_-]{1,400}$/;

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
export class OutcomeView extends OutcomeMembers {
  @Describe({ description: '`<submission>.<line>`.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1' })
  @Matches(OUTCOME_ID)
  readonly id!: string;

  @Describe({ description: 'From 0; one more with each correction.', example: 0 })
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe({ description: 'The programme that recorded it.', example: 'lipid-management' })
  @Slug()
  readonly programme!: string;

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

export class ChangedYear {
  @Describe({ description: 'The year whose figure changed.', example: '2023-24' })
  @Matches(FINANCIAL_YEAR)
  readonly financialYear!: FinancialYear;

  @Describe({ description: 'At the earlier moment.' })
  @Nested(() => YearFigure)
  readonly before!: YearFigure;

  @Describe({ description: 'At the later moment.' })
  @Nested(() => YearFigure)
  readonly after!: YearFigure;

  @Nullable()
  @Describe({ description: 'Of the totals; null where one of them is.', example: -100 })
  @ExactQuantity()
  readonly difference!: Quantity | null;
}

export class ChangingEvent {
  @Describe({ description: 'Its place in the ledger.', example: 42 })
  @WholeNumber({ min: 0 })
  readonly sequence!: number;

  @Describe({ description: 'Its id.', example: '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11' })
  @IsUUID()
  readonly event!: string;

  @Describe({ description: 'What happened.', example: 'OutcomeCorrected' })
  @Matches(EVENT_TYPE)
  readonly type!: string;

  @Describe({
    description: 'The outcome that it is about.',
    example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1',
  })
  @Matches(OUTCOME_ID)
  readonly outcome!: string;

  @Describe({ description: 'The programme of the outcome.', example: 'lipid-management' })
  @Slug()
  readonly programme!: string;

  @Optional()
  @Describe({ description: 'The organisation whose figure changed.', example: 'wessex' })
  @Slug()
  readonly organisation?: string;

  @Describe({ description: 'The measure whose figure changed.', example: 'patients-benefited' })
  @Slug()
  readonly measure!: string;

  @Describe({ description: 'The year whose figure changed.', example: '2023-24' })
  @Matches(FINANCIAL_YEAR)
  readonly financialYear!: FinancialYear;

  @Describe({ description: 'When it was recorded.', example: '2023-08-01T10:00:00.000Z' })
  @Instant()
  readonly recordedAt!: string;

  @Describe({ description: 'Who recorded it.', example: 'admin' })
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Optional()
  @Describe({ description: 'Why, for a correction or a withdrawal.', example: 'recount' })
  @PlainText({ max: 2_000 })
  readonly reason?: string;
}

export class MomentView {
  @Describe({ description: 'Of the last event known then; -1 before the first.', example: 41 })
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe({ description: 'In ledger time.', example: '2023-07-31T22:59:59.999Z' })
  @Instant()
  readonly asAt!: string;
}

export class Changes extends Context {
  @Describe({ description: 'The moment that the figures changed from.' })
  @Nested(() => MomentView)
  readonly earlier!: MomentView;

  @Describe({ description: 'The moment that they changed to.' })
  @Nested(() => MomentView)
  readonly later!: MomentView;

  @Describe({ description: 'Only years whose figure differs.' })
  @ListOf(() => ChangedYear)
  readonly years!: readonly ChangedYear[];

  @Describe({ description: 'The events between the two moments that changed the figures.' })
  @ListOf(() => ChangingEvent)
  readonly events!: readonly ChangingEvent[];

  @Nullable()
  @Describe({ description: 'The `cursor` of the next page of events; null on the last.', example: null })
  @Matches(CURSOR)
  readonly next!: string | null;
}
