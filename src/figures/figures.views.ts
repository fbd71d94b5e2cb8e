/**
 * The calls about totals answer these classes. One declaration gives the type that the reports are written against and
 * the schema that the OpenAPI document shows.
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
import { Flag } from './flag.views.js';

const RATIO_PERCENT = /^\d{1,40}\.\d{4}$/;

export class TotalBounds {
  @Nullable('The sum of the low bounds; null where one of them is open.', 1_200)
  @ExactQuantity()
  readonly low!: Quantity | null;

  @Nullable('The sum of the high bounds; null where one of them is open.', 1_200)
  @ExactQuantity()
  readonly high!: Quantity | null;

  @Nullable('The low bound in the unit of the measure.', '1200')
  @AmountString()
  readonly lowAmount!: string | null;

  @Nullable('The high bound in the unit of the measure.', '1200')
  @AmountString()
  readonly highAmount!: string | null;
}

/** A basis that nothing was recorded on is absent. */
export class QuantityByBasis implements Partial<Record<Basis, Quantity>> {
  @Optional('What was counted.', 1_200)
  @ExactQuantity()
  readonly counted?: Quantity;

  @Optional('What was estimated.')
  @ExactQuantity()
  readonly estimated?: Quantity;

  @Optional('What was modelled.')
  @ExactQuantity()
  readonly modelled?: Quantity;

  @Optional('What was reported by those who benefited.')
  @ExactQuantity()
  readonly 'self-reported'?: Quantity;

  @Optional('What nobody stated the basis of.')
  @ExactQuantity()
  readonly 'not-stated'?: Quantity;
}

export class AmountByBasis implements Partial<Record<Basis, string>> {
  @Optional('What was counted.', '1200')
  @AmountString()
  readonly counted?: string;

  @Optional('What was estimated.')
  @AmountString()
  readonly estimated?: string;

  @Optional('What was modelled.')
  @AmountString()
  readonly modelled?: string;

  @Optional('What was reported by those who benefited.')
  @AmountString()
  readonly 'self-reported'?: string;

  @Optional('What nobody stated the basis of.')
  @AmountString()
  readonly 'not-stated'?: string;
}

export class Ratio {
  @Describe('The sum of the numerators.', 540)
  @ExactQuantity()
  readonly numerator!: Quantity;

  @Describe('The sum of the denominators.', 1_200)
  @ExactQuantity()
  readonly denominator!: Quantity;

  @Describe('Rounded half up to four decimals; 100.0000 and 0.0000 only where it is exactly that.', '45.0000')
  @Matches(RATIO_PERCENT)
  readonly percent!: string;
}

export class Part {
  @Describe('The measure itself, or one that rolls up into it.', 'jobs-created')
  @Slug()
  readonly measure!: string;

  @Nullable('Its own figure; null for no data.', 700)
  @ExactQuantity()
  readonly total!: Quantity | null;

  @Nullable('The same in the unit of the measure.', '700')
  @AmountString()
  readonly amount!: string | null;

  @Describe('How many outcomes stand behind it.', 4)
  @WholeNumber({ min: 0 })
  readonly outcomes!: number;
}

export class StatedFigure {
  @Describe('The id of the outcome.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1')
  @Matches(OUTCOME_ID)
  readonly outcome!: string;

  @Describe('The programme that recorded it.', 'lipid-management')
  @Slug()
  readonly programme!: string;

  @Optional('The organisation that delivered.', 'wessex')
  @Slug()
  readonly organisation?: string;

  @Optional('The percentage, as published.', '97.5')
  @DecimalString()
  readonly percent?: string;

  @Optional('The rate, as published.')
  @RateString()
  readonly rate?: string;

  @Describe('How it was come by.', 'self-reported')
  @IsIn(BASES)
  readonly basis!: Basis;
}

export class Figure {
  @Nullable('Null for no data, never 0; and for a ratio or a rate, which is not summed.', 1_200)
  @ExactQuantity()
  readonly total!: Quantity | null;

  @Nullable(
    'The total in the unit of the measure, such as "2500.50" pounds; null where the total is.',
    '1200',
  )
  @AmountString()
  readonly amount!: string | null;

  @Describe('How many outcomes stand behind it.', 1)
  @WholeNumber({ min: 0 })
  readonly outcomes!: number;

  @Describe('The total, by how its parts were come by.')
  @Nested(() => QuantityByBasis)
  readonly byBasis!: QuantityByBasis;

  @Describe('The same in the unit of the measure.')
  @Nested(() => AmountByBasis)
  readonly amountByBasis!: AmountByBasis;

  @Nullable('Between which bounds the total lies; null where there is no total.')
  @Nested(() => TotalBounds)
  readonly bounds!: TotalBounds | null;

  @Nullable('Of a ratio: re-derived from its parts; null for other kinds.', null)
  @Nested(() => Ratio)
  readonly ratio!: Ratio | null;

  @Describe('What a reader of the figure must know.', [])
  @ListOf(() => Flag)
  readonly flags!: readonly Flag[];

  @Optional('Of a measure into which others roll up: its own figure and each of theirs.')
  @ListOf(() => Part)
  readonly parts?: readonly Part[];

  @Optional('For a ratio: percentages published without their parts, at most 100 of them.')
  @ListOf(() => StatedFigure)
  readonly percentages?: readonly StatedFigure[];

  @Optional('For a rate: each as it was published, at most 100 of them.')
  @ListOf(() => StatedFigure)
  readonly rates?: readonly StatedFigure[];
}

export class YearFigure extends Figure {
  @Describe('1 April to 31 March, Europe/London.', '2023-24')
  @Matches(FINANCIAL_YEAR)
  readonly financialYear!: FinancialYear;
}

export class MeasureAsked {
  @Describe('Its id.', 'patients-benefited')
  @Slug()
  readonly id!: string;

  @Describe(
    'What people called it in the last year asked about, as known at the moment.',
    'Patients benefited',
  )
  @PlainText({ max: 200 })
  readonly label!: string;

  @Describe('What an amount is in; `pounds` for money.', 'people')
  @PlainText({ max: 60 })
  readonly unit!: string;

  @Describe(
    'How many digits an amount has after the point: with 2, a quantity is in hundredths of the unit.',
    0,
  )
  @WholeNumber({ min: 0, max: 6 })
  readonly decimals!: number;

  @Describe('How its figures combine.', 'flow')
  @IsIn(MEASURE_KINDS)
  readonly kind!: MeasureKind;

  @Describe('Whether it counts people, who may be counted twice.', true)
  @IsBoolean()
  readonly countsPeople!: boolean;
}

/** An answer repeats its question, and has its moment. */
export class Context {
  @Describe('The measure asked about.')
  @Nested(() => MeasureAsked)
  readonly measure!: MeasureAsked;

  @Optional('The programme asked about, if one was.')
  @Slug()
  readonly programme?: string;

  @Optional('The organisation asked about, if one was.')
  @Slug()
  readonly organisation?: string;

  @Describe('Of the last event known at the moment of the answer; -1 before the first.', 41)
  @WholeNumber({ min: -1 })
  readonly sequence!: number;

  @Describe('The moment of the answer.', '2026-04-30T09:30:00.000Z')
  @Instant()
  readonly asAt!: string;
}

export class GroupName {
  @Nullable('Null where no organisation was named.', 'wessex')
  @Slug()
  readonly id!: string | null;

  @Nullable('As it was at the moment asked about.', 'Health Innovation Wessex')
  @PlainText({ max: 200 })
  readonly name!: string | null;
}

export class GroupOfYears {
  @Optional('Of the group, when grouped by programme.')
  @Nested(() => GroupName)
  readonly programme?: GroupName;

  @Optional('Of the group, when grouped by organisation.')
  @Nested(() => GroupName)
  readonly organisation?: GroupName;

  @Describe('The same years as without groups.')
  @ListOf(() => YearFigure)
  readonly years!: readonly YearFigure[];
}

export class AnnualTotals extends Context {
  @Describe('Every year asked about, those without data too.')
  @ListOf(() => YearFigure)
  readonly years!: readonly YearFigure[];

  @Optional('With `groupBy`: the same years for each programme or organisation with data.')
  @ListOf(() => GroupOfYears)
  readonly groups?: readonly GroupOfYears[];
}

class FigureSince extends Figure {
  @Describe('Years in which nothing was recorded: not counted as 0.', [
    '2018-19',
    '2019-20',
    '2020-21',
    '2021-22',
    '2022-23',
  ])
  @IsArray()
  @Matches(FINANCIAL_YEAR, { each: true })
  readonly missingYears!: readonly FinancialYear[];

  @Optional(
    'The year that was not over at the moment asked about, where `through` was left out: not in the total.',
  )
  @Nested(() => YearFigure)
  readonly soFar?: YearFigure;
}

export class GroupSince extends FigureSince {
  @Optional('Of the group, when grouped by programme.')
  @Nested(() => GroupName)
  readonly programme?: GroupName;

  @Optional('Of the group, when grouped by organisation.')
  @Nested(() => GroupName)
  readonly organisation?: GroupName;
}

export class TotalSince extends Both(Context, FigureSince) {
  @Describe('The first year of the total.', '2018-19')
  @Matches(FINANCIAL_YEAR)
  readonly since!: FinancialYear;

  @Describe('The last year of the total.', '2023-24')
  @Matches(FINANCIAL_YEAR)
  readonly through!: FinancialYear;

  @Optional('With `groupBy`: the same total for each programme or organisation with data.')
  @ListOf(() => GroupSince)
  readonly groups?: readonly GroupSince[];
}
