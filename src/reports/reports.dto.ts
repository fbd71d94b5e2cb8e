/** What the calls that ask take. Query parameters arrive as text. */
import { IsIn, Matches } from 'class-validator';
import { Describe, DigitsText, Optional, Slug } from '../api/decorators.js';
import { ReadQueryDto } from '../submissions/submissions.dto.js';

export const FINANCIAL_YEAR = /^\d{4}-\d{2}$/;
export const A_YEAR = { message: 'must be a financial year such as 2018-19' };
const CURSOR = /^[A-Za-z0-9_-]{1,400}$/;
const A_CURSOR = { message: 'must be the `next` of the page before' };
/** A date, or an instant; whether it is a real one is found when it is read. */
export const DATE_OR_INSTANT = /^\d{4}-\d{2}-\d{2}(T[0-9:.]{8,18}(Z|[+-]\d{2}:\d{2}))?$/;
export const A_DATE = {
  message: 'must be a date such as 2026-04-30, or an instant such as 2026-04-30T09:30:00Z',
};
export const SEQUENCE_OR_INSTANT = /^(\d{1,16}|\d{4}-\d{2}-\d{2}(T[0-9:.]{8,18}(Z|[+-]\d{2}:\d{2}))?)$/;
export const A_MOMENT = {
  message: 'must be a sequence such as 40, a date such as 2026-04-30, or an instant',
};
const EVENT_TYPE = /^[A-Z][A-Za-z0-9]{2,63}$/;
const A_TYPE = { message: 'must be a type of event such as PatientBenefited' };

export class FigureQueryDto extends ReadQueryDto {
  @Describe({ description: 'The measure asked about.', example: 'patients-benefited' })
  @Slug()
  measure!: string;

  @Optional()
  @Describe({ description: 'Only this programme.' })
  @Slug()
  programme?: string;

  @Optional()
  @Describe({ description: 'Only this organisation.' })
  @Slug()
  organisation?: string;

  @Optional()
  @Describe({
    description: 'true: add across a break in the definition of the measure, and flag the figure.',
  })
  @IsIn(['true', 'false'])
  allowBreaks?: 'true' | 'false';
}

export class MomentQueryDto extends FigureQueryDto {
  @Optional()
  @Describe({
    description: 'As known at an instant, or at the end of a day in London.',
    example: '2026-04-30',
  })
  @Matches(DATE_OR_INSTANT, A_DATE)
  asAt?: string;

  @Optional()
  @Describe({ description: 'As known after the event with this sequence.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  asAtSequence?: string;
}

export class AnnualQueryDto extends MomentQueryDto {
  @Optional()
  @Describe({
    description: 'The first financial year; by default the one that totals since begin with.',
    example: '2018-19',
  })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  from?: string;

  @Optional()
  @Describe({ description: 'The last financial year; by default the last one with data.' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  to?: string;

  @Optional()
  @Describe({ description: 'The same figures for each programme or organisation.' })
  @IsIn(['programme', 'organisation'])
  groupBy?: 'programme' | 'organisation';

  @Optional()
  @Describe({
    description: 'true: answer with a bundle that proves the figure, instead of the figure alone.',
  })
  @IsIn(['true', 'false'])
  proof?: 'true' | 'false';
}

export class SinceQueryDto extends MomentQueryDto {
  @Optional()
  @Describe({ description: 'The first financial year; by default the one configured.', example: '2018-19' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  since?: string;

  @Optional()
  @Describe({ description: 'The last financial year; by default the last one with data.' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  through?: string;

  @Optional()
  @Describe({ description: 'The same figures for each programme or organisation.' })
  @IsIn(['programme', 'organisation'])
  groupBy?: 'programme' | 'organisation';

  @Optional()
  @Describe({
    description: 'true: answer with a bundle that proves the figure, instead of the figure alone.',
  })
  @IsIn(['true', 'false'])
  proof?: 'true' | 'false';
}

export class ChangesQueryDto extends FigureQueryDto {
  @Describe({
    description: 'The earlier moment: a sequence, an instant, or the end of a day.',
    example: '40',
  })
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  earlier!: string;

  @Optional()
  @Describe({ description: 'The later moment; now if left out.' })
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  later?: string;

  @Optional()
  @Describe({ description: 'The first financial year; by default the one that totals since begin with.' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  from?: string;

  @Optional()
  @Describe({ description: 'The last financial year; by default the last one with data.' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  to?: string;

  @Optional()
  @Describe({ description: 'Events on a page, up to 500.' })
  @DigitsText({ min: 1, max: 500 })
  limit?: string;

  @Optional()
  @Describe({ description: 'The `next` of the page before.' })
  @Matches(CURSOR, A_CURSOR)
  cursor?: string;
}

export class OutcomesQueryDto extends MomentQueryDto {
  @Optional()
  @Describe({ description: 'The first financial year; by default the one that totals since begin with.' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  from?: string;

  @Optional()
  @Describe({ description: 'The last financial year; by default the last one with data.' })
  @Matches(FINANCIAL_YEAR, A_YEAR)
  to?: string;

  @Optional()
  @Describe({ description: 'Outcomes on a page, up to 500.' })
  @DigitsText({ min: 1, max: 500 })
  limit?: string;

  @Optional()
  @Describe({ description: 'The `next` of the page before.' })
  @Matches(CURSOR, A_CURSOR)
  cursor?: string;
}

export class HistoryQueryDto extends ReadQueryDto {
  @Optional()
  @Describe({ description: 'Events after this sequence; the `next` of the page before.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional()
  @Describe({ description: 'Events up to this sequence, instant, or end of a day.' })
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  until?: string;

  @Optional()
  @Describe({ description: 'Events on a page, up to 1000. NDJSON goes on to the end without it.' })
  @DigitsText({ min: 1, max: 1_000 })
  limit?: string;
}

export class EventsQueryDto extends HistoryQueryDto {
  @Optional()
  @Describe({ description: 'Only events that concern this programme.' })
  @Slug()
  programme?: string;

  @Optional()
  @Describe({ description: 'Only events of this type.', example: 'PatientBenefited' })
  @Matches(EVENT_TYPE, A_TYPE)
  type?: string;
}

export class StreamQueryDto extends ReadQueryDto {
  @Optional()
  @Describe({ description: 'Events after this sequence. `Last-Event-ID` goes before it.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional()
  @Describe({ description: 'Only events that concern this programme.' })
  @Slug()
  programme?: string;

  @Optional()
  @Describe({ description: 'Only events of this type.' })
  @Matches(EVENT_TYPE, A_TYPE)
  type?: string;
}
