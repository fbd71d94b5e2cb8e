/** The parts of an outcome that are sent, stored and answered in one shape. */
import { IsIn, Matches } from 'class-validator';
import { BASES, COUNTINGS, type Basis, type Counting } from '../domain/outcome.js';
import {
  CalendarDate,
  DecimalString,
  Describe,
  Optional,
  PlainText,
  RateString,
  ReferenceText,
  SlugMap,
  WholeNumber,
} from './decorators.js';
import { SHA256 } from '../kernel/ids.js';

export const EVENT_TYPE = /^[A-Z][A-Za-z0-9]{2,63}$/;

export class EffectiveView {
  @Describe('The first day.', '2023-04-01')
  @CalendarDate()
  readonly from!: string;

  @Describe('The last day.', '2023-06-30')
  @CalendarDate()
  readonly to!: string;
}

/** The bounds as stored: a side that is left out is open. */
export class BoundsDto {
  @Optional('At least so many.', 900)
  @WholeNumber()
  low?: number;

  @Optional('At most so many.', 1_000)
  @WholeNumber()
  high?: number;
}

export class EvidenceDto {
  @Describe('What the figure rests on.', 'Quarter 1 return')
  @PlainText({ max: 300 })
  title!: string;

  @Optional('Where it is kept.', 'https://example.org/returns/2023-q1')
  @Matches(/^(?:https?:\/\/|doi:|urn:)[\x21-\x7e]{1,2000}$/, {
    message:
      'must be an address such as https://example.org/returns/2023-q1, of http, https, doi or urn, without spaces',
  })
  uri?: string;
}

/** The figure of an outcome: which of these members it has follows from the kind of its measure. */
export class FigureMembers {
  @Optional('For a flow or a stock: a whole number of the smallest part of the unit, for money pence.', 1_200)
  @WholeNumber()
  quantity?: number;

  @Optional('For a ratio, with its denominator.')
  @WholeNumber({ min: 0 })
  numerator?: number;

  @Optional('For a ratio, with its numerator.')
  @WholeNumber({ min: 1 })
  denominator?: number;

  @Optional('For a ratio whose denominator nobody published: kept and shown, never combined.')
  @DecimalString()
  percent?: string;

  @Optional('For a rate, such as 3 for 3:1: kept and shown, never combined.')
  @RateString()
  rate?: string;
}

/** These members tell all of an outcome but its measure, its period, its bounds and its words. */
export class OutcomeMembers extends FigureMembers {
  @Optional('A value of each of the measure’s breakdowns; left out for the whole.')
  @SlugMap({ max: 3 })
  breakdown?: Record<string, string>;

  @Optional('What its period brought, or all that the year had brought by its end.')
  @IsIn(COUNTINGS)
  counting?: Counting;

  @Optional('The sender’s own key of the row that it came from.', 'q1/row-17')
  @ReferenceText()
  reference?: string;

  @Describe('How the figure was come by; `not-stated` where nobody says.', 'counted')
  @IsIn(BASES)
  basis!: Basis;

  @Optional('SHA-256 of the document that it rests on, hexadecimal.')
  @Matches(SHA256, { message: 'must be a SHA-256 of 64 hexadecimal digits in lower case' })
  evidenceSha256?: string;
}
