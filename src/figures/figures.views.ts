/**
 * What the calls about totals answer. One declaration gives the type that the reports are written against and
 * the schema that the OpenAPI document shows; the outcomes and events behind figures are in outcome.views.ts.
 */
import { FINANCIAL_YEAR } from '../kernel/financial-year.js';
import { IsArray, IsBoolean, IsIn, Matches } from 'class-validator';
import { MEASURE_KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { AmountString, Both, ExactQuantity, Instant, ListOf } from '../api/answers.js';
import {
  DecimalString,
  Describe,
  Nested,
  Nullable,
  Optional,
  PlainText,
  RateString,
  Slug,
  WholeNumber,
} from '../api/decorators.js';
import type { FinancialYear } from '../kernel/financial-year.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import type { Quantity } from '../domain/amount.js';
import { BASES, type Basis } from '../domain/outcome.js';

const RATIO_PERCENT = /^\d{1,40}\.\d{4}$/;

const FLAGS = [
  'definition-break',
  'people-may-be-counted-more-than-once',
  'latest-values-added-across-programmes',
  'percentages-not-combined',
  'rates-not-combined',
] as const;
export type Flag = (typeof FLAGS)[number];

export class TotalBounds {
  @Nullable()
  @Describe({
    description: 'The sum of the low bounds; null where one of them is open.',
    example: 1_150,
  })
  @ExactQuantity()
  readonly low!: Quantity | null;

  @Nullable()
  @Describe({
    description: 'The sum of the high bounds; null where one of them is open.',
    example: 1_300,
  })
  @ExactQuantity()
  readonly high!: Quantity | null;

  @Nullable()
  @Describe({ description: 'The low bound in the unit of the measure.', example: '1150' })
  @AmountString()
  readonly lowAmount!: string | null;

  @Nullable()
  @Describe({ description: 'The high bound in the unit of the measure.', example: '1300' })
  @AmountString()
  readonly highAmount!: string | null;
}

/** A basis that nothing was recorded on is absent. */
export class QuantityByBasis implements Partial<Record<Basis, Quantity>> {
  @Optional()
  @Describe({ description: 'What was counted.', example: 1_200 })
  @ExactQuantity()
  readonly counted?: Quantity;

  @Optional()
  @Describe({ description: 'What was estimated.' })
  @ExactQuantity()
  readonly estimated?: Quantity;

  @Optional()
  @Describe({ description: 'What was modelled.' })
  @ExactQuantity()
  readonly modelled?: Quantity;

  @Optional()
  @Describe({ description: 'What was reported by those who benefited.' })
  @ExactQuantity()
  readonly 'self-reported'?: Quantity;

  @Optional()
  @Describe({ description: 'What nobody stated the basis of.' })
  @ExactQuantity()
  readonly 'not-stated'?: Quantity;
}

/** The same in the unit of the measure. */
export class AmountByBasis implements Partial<Record<Basis, string>> {
  @Optional()
  @Describe({ description: 'What was counted.', example: '1200' })
  @AmountString()
  readonly counted?: string;

  @Optional()
  @Describe({ description: 'What was estimated.' })
  @AmountString()
  readonly estimated?: string;

  @Optional()
  @Describe({ description: 'What was modelled.' })
  @AmountString()
  readonly modelled?: string;

  @Optional()
  @Describe({ description: 'What was reported by those who benefited.' })
  @AmountString()
  readonly 'self-reported'?: string;

  @Optional()
  @Describe({ description: 'What nobody stated the basis of.' })
  @AmountString()
  readonly 'not-stated'?: string;
}

export class Ratio {
  @Describe({ description: 'The sum of the numerators.', example: 540 })
  @ExactQuantity()
  readonly numerator!: Quantity;

  @Describe({ description: 'The sum of the denominators.', example: 1_200 })
  @ExactQuantity()
  readonly denominator!: Quantity;

  @Describe({ description: 'Rounded half up to four decimals.', example: '45.0000' })
  @Matches(RATIO_PERCENT)
  readonly percent!: string;
}

export class Part {
  @Describe({ description: 'The measure itself, or one that rolls up into it.', example: 'jobs-created' })
  @Slug()
  readonly measure!: string;

  @Nullable()
  @Describe({ description: 'Its own figure; null for no data.', example: 700 })
  @ExactQuantity()
  readonly total!: Quantity | null;

  @Nullable()
  @Describe({ description: 'The same in the unit of the measure.', example: '700' })
  @AmountString()
  readonly amount!: string | null;

  @Describe({ description: 'How many outcomes stand behind it.', example: 4 })
  @WholeNumber({ min: 0 })
  readonly outcomes!: number;
}

export class StatedFigure {
  @Describe({ description: 'The id of the outcome.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1' })
  @Matches(OUTCOME_ID)
  readonly outcome!: string;

  @Describe({ description: 'The programme that recorded it.', example: 'lipid-management' })
  @Slug()
  readonly programme!: string;

  @Optional()
  @Describe({ description: 'The organisation that delivered.', example: 'wessex' })
  @Slug()
  readonly organisation?: string;

  @Optional()
  @Describe({ description: 'The percentage, as published.', example: '97.5' })
  @DecimalString()
  readonly percent?: string;

  @Optional()
  @Describe({ description: 'The rate, as published.' })
  @RateString()
  readonly rate?: string;

  @Describe({ description: 'How it was come by.', example: 'self-reported' })
  @IsIn(BASES)
  readonly basis!: Basis;
}

export class Figure {
  @Nullable()
  @Describe({
    description: 'Null for no data, never 0; and for a ratio or a rate, which is not summed.',
    example: 1_200,
  })
  @ExactQuantity()
  readonly total!: Quantity | null;

  @Nullable()
  @Describe({
    description: 'The total in the unit of the measure, such as "2500.50" pounds; null where the total is.',
    example: '1200',
  })
  @AmountString()
  readonly amount!: string | null;

  @Describe({ description: 'How many outcomes stand behind it.', example: 1 })
  @WholeNumber({ min: 0 })
  readonly outcomes!: number;

  @Describe({ description: 'The total, by how its parts were come by.' })
  @Nested(() => QuantityByBasis)
  readonly byBasis!: QuantityByBasis;

  @Describe({ description: 'The same in the unit of the measure.' })
  @Nested(() => AmountByBasis)
  readonly amountByBasis!: AmountByBasis;

  @Nullable()
  @Describe({ description: 'Between which bounds the total lies; null where there is no total.' })
  @Nested(() => TotalBounds)
  readonly bounds!: TotalBounds | null;

  @Nullable()
  @Describe({ description: 'Of a ratio: re-derived from its parts; null for other kinds.', example: null })
  @Nested(() => Ratio)
  readonly ratio!: Ratio | null;

  @Describe({ description: 'What a reader of the figure must know.', example: [] })
  @IsArray()
  @IsIn(FLAGS, { each: true })
  readonly flags!: readonly Flag[];

  @Optional()
  @Describe({ description: 'Of a measure into which others roll up: its own figure and each of theirs.' })
  @ListOf(() => Part)
  readonly parts?: readonly Part[];

  @Optional()
  @Describe({ description: 'For a ratio: percentages published without their parts, at most 100 of them.' })
  @ListOf(() => StatedFigure)
  readonly percentages?: readonly StatedFigure[];

  @Optional()
  @Describe({ description: 'For a rate: each as it was published, at most 100 of them.' })
  @ListOf(() => StatedFigure)
  readonly rates?: readonly StatedFigure[];
}

export class YearFigure extends Figure {
  @Describe({ description: '1 April to 31 March, Europe/London.', example: '2023-24' })
  @Matches(FINANCIAL_YEAR)
  readonly financialYear!: FinancialYear;
}

export class MeasureAsked {
  @Describe({ description: 'Its id.', example: 'patients-benefited' })
  @Slug()
  readonly id!: string;

  @Describe({
    description: 'What people called it in the last year asked about, as known at the moment.',
    example: 'Patients benefited',
  })
  @PlainText({ max: 200 })
  readonly label!: string;

  @Describe({ description: 'What an amount is in; `pounds` for money.', example: 'people' })
  @PlainText({ max: 60 })
  readonly unit!: string;

  @Describe({
    description:
      'How many digits an amount has after the point: with 2, a quantity is in hundredths of the unit.',
    example: 0,
  })
  @WholeNumber({ min: 0, max: 6 })
  readonly decimals!: number;

  @Describe({ description: 'How its figures combine.', example: 'flow' })
  @IsIn(MEASURE_KINDS)
  readonly kind!: MeasureKind;

  @Describe({ description: 'Whether it counts people, who may be counted twice.', example: true })
  @IsBoolean()
  readonly countsPeople!: boolean;
}

/** What was asked, and the moment of the answer. */
export class Context {
  @Describe({ description: 'The measure asked about.' })
  @Nested(() => MeasureAsked)
  readonly measure!: MeasureAsked;

  @Optional()
  @Describe({ description: 'The programme asked about, if one was.' })
  @Slug()
  readonly programme?: string;

  @Optional()
  @Describe({ description: 'The organisation asked about, if one was.' })
  @Slug()
  readonly organisation?: string;

  @Describe({
    description: 'Of the last event known at the moment of the answer; -1 before the first.',
    example: 41,
  })
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe({ description: 'The moment of the answer.', example: '2026-04-30T09:30:00.000Z' })
  @Instant()
  readonly asAt!: string;
}

export class GroupName {
  @Nullable()
  @Describe({ description: 'Null where no organisation was named.', example: 'wessex' })
  @Slug()
  readonly id!: string | null;

  @Nullable()
  @Describe({ description: 'As it was at the moment asked about.', example: 'Health Innovation Wessex' })
  @PlainText({ max: 200 })
  readonly name!: string | null;
}

export class GroupOfYears {
  @Optional()
  @Describe({ description: 'Of the group, when grouped by programme.' })
  @Nested(() => GroupName)
  readonly programme?: GroupName;

  @Optional()
  @Describe({ description: 'Of the group, when grouped by organisation.' })
  @Nested(() => GroupName)
  readonly organisation?: GroupName;

  @Describe({ description: 'The same years as without groups.' })
  @ListOf(() => YearFigure)
  readonly years!: readonly YearFigure[];
}

export class AnnualTotals extends Context {
  @Describe({ description: 'Every year asked about, those without data too.' })
  @ListOf(() => YearFigure)
  readonly years!: readonly YearFigure[];

  @Optional()
  @Describe({ description: 'With `groupBy`: the same years for each programme or organisation with data.' })
  @ListOf(() => GroupOfYears)
  readonly groups?: readonly GroupOfYears[];
}

export class GroupSince extends Figure {
  @Optional()
  @Describe({ description: 'Of the group, when grouped by programme.' })
  @Nested(() => GroupName)
  readonly programme?: GroupName;

  @Optional()
  @Describe({ description: 'Of the group, when grouped by organisation.' })
  @Nested(() => GroupName)
  readonly organisation?: GroupName;

  @Describe({ description: 'Years in which nothing was recorded for it.', example: ['2022-23'] })
  @IsArray()
  @Matches(FINANCIAL_YEAR, { each: true })
  readonly missingYears!: readonly FinancialYear[];
}

export class TotalSince extends Both(Context, Figure) {
  @Describe({ description: 'The first year of the total.', example: '2018-19' })
  @Matches(FINANCIAL_YEAR)
  readonly since!: FinancialYear;

  @Describe({ description: 'The last year of the total.', example: '2023-24' })
  @Matches(FINANCIAL_YEAR)
  readonly through!: FinancialYear;

  @Describe({
    description: 'Years between them in which nothing was recorded: not counted as 0.',
    example: ['2018-19', '2019-20', '2020-21', '2021-22', '2022-23'],
  })
  @IsArray()
  @Matches(FINANCIAL_YEAR, { each: true })
  readonly missingYears!: readonly FinancialYear[];

  @Optional()
  @Describe({ description: 'With `groupBy`: the same total for each programme or organisation with data.' })
  @ListOf(() => GroupSince)
  readonly groups?: readonly GroupSince[];
}
