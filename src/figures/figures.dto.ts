/** Questions about figures take these parameters, which arrive as text. */
import { FINANCIAL_YEAR } from '../kernel/financial-year.js';
import { IsIn, Matches } from 'class-validator';
import { Both } from '../api/answers.js';
import { BooleanText, Describe, DigitsText, Optional, Slug } from '../api/decorators.js';
import {
  A_CURSOR,
  A_DATE,
  A_MOMENT,
  A_YEAR,
  CURSOR,
  DATE_OR_INSTANT,
  ReadQueryDto,
  SEQUENCE_OR_INSTANT,
} from '../api/query.dto.js';

export class FigureQueryDto extends ReadQueryDto {
  @Describe('The measure asked about.', 'patients-benefited')
  @Slug()
  measure!: string;

  @Optional('Only this programme.')
  @Slug()
  programme?: string;

  @Optional('Only this organisation.')
  @Slug()
  organisation?: string;

  @Optional('true: add across a break in the definition of the measure, and flag the figure.')
  @BooleanText()
  allowBreaks?: 'true' | 'false';
}

export class MomentQueryDto extends FigureQueryDto {
  @Optional('As known at an instant, or at the end of a day in London.', '2026-04-30')
  @Matches(DATE_OR_INSTANT, A_DATE)
  asAt?: string;

  @Optional('As known after the event with this sequence.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  asAtSequence?: string;
}

export class YearsQueryDto {
  @Optional('The first financial year; by default the one that totals since begin with.', '2018-19')
  @Matches(FINANCIAL_YEAR, A_YEAR)
  from?: string;

  @Optional(
    'The last financial year; by default the last one with data, and of a total the last that was over.',
  )
  @Matches(FINANCIAL_YEAR, A_YEAR)
  to?: string;
}

class GroupsQueryDto {
  @Optional('The same figures for each programme or organisation.')
  @IsIn(['programme', 'organisation'])
  groupBy?: 'programme' | 'organisation';
}

class PageQueryDto {
  @Optional('Entries on a page, up to 500.')
  @DigitsText({ min: 1, max: 500 })
  limit?: string;

  @Optional('The `next` of the page before.')
  @Matches(CURSOR, A_CURSOR)
  after?: string;
}

export class TotalsQueryDto extends Both(Both(MomentQueryDto, YearsQueryDto), GroupsQueryDto) {}

export class ProofQueryDto extends Both(MomentQueryDto, YearsQueryDto) {
  @Optional('true: prove the total over these years, instead of the figure of each.')
  @BooleanText()
  total?: 'true' | 'false';
}

export class ChangesQueryDto extends Both(Both(FigureQueryDto, YearsQueryDto), PageQueryDto) {
  @Describe('The earlier moment: a sequence, an instant, or the end of a day.', '40')
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  earlier!: string;

  @Optional('The later moment; now if left out.')
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  later?: string;
}

export class OutcomesQueryDto extends Both(Both(MomentQueryDto, YearsQueryDto), PageQueryDto) {}
