/** The parts of a programme, an organisation and a measure that are sent, stored and answered in one shape. */
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, Matches } from 'class-validator';
import { MEASURE_KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import { SLUG } from '../kernel/ids.js';
import {
  CalendarDate,
  Describe,
  Each,
  FinancialYearText,
  Nullable,
  Optional,
  PlainText,
  Slug,
  SlugMap,
  WholeNumber,
} from './decorators.js';
import { EVENT_TYPE } from './outcome.dto.js';

export const NAME_MAX = 200;
export const TEXT_MAX = 2_000;

class Tagged {
  @Optional()
  @Describe({
    description: 'Up to eight keys with a value each, by which it is found and grouped. They are told whole.',
    example: { theme: 'cardiovascular' },
  })
  @SlugMap({ max: 8 })
  tags?: Record<string, string>;
}

export class ProgrammeMembers extends Tagged {
  @Describe({ description: 'What people call it.', example: 'Lipid management' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({ description: 'The first day on which its outcomes count.', example: '2020-04-01' })
  @CalendarDate()
  startedOn!: string;

  @Optional()
  @Describe({
    description: 'Whether a return is accepted by another than who drafted it; if left out, it is not.',
    example: true,
  })
  @IsBoolean()
  needsSecondPerson?: boolean;
}

export class DescriptionMember {
  @Optional()
  @Describe({ description: 'What it does, for whom.' })
  @PlainText({ max: TEXT_MAX })
  description?: string;
}

export class OrganisationName {
  @Describe({ description: 'The name it bears from the beginning.', example: 'Wessex AHSN' })
  @PlainText({ max: NAME_MAX })
  name!: string;
}

/** These members say all of an organisation but its names. */
export class OrganisationMembers extends Tagged {
  @Optional()
  @Describe({ description: 'What it is, as a slug.', example: 'network' })
  @Slug()
  kind?: string;

  @Optional()
  @Describe({ description: 'The organisation that it is a body within.' })
  @Slug()
  parent?: string;

  @Optional()
  @Describe({ description: 'The first day of its life.', example: '2013-04-01' })
  @CalendarDate()
  from?: string;

  @Optional()
  @Describe({ description: 'The last day of its life.' })
  @CalendarDate()
  to?: string;
}

export class BreakdownDto {
  @Describe({ description: 'A slug.', example: 'age-band' })
  @Slug()
  id!: string;

  @Describe({ description: 'The values that there are, up to 100 slugs.', example: ['under-60', '60-plus'] })
  @IsArray()
  @ArrayMaxSize(100)
  @Matches(SLUG, { each: true, message: 'must be slugs such as 60-plus' })
  values!: string[];
}

export class MeasureLabel {
  @Describe({ description: 'What people call it.', example: 'FeNO tests' })
  @PlainText({ max: NAME_MAX })
  label!: string;
}

export class MeasureMembers extends MeasureLabel {
  @Describe({ description: 'What an amount is in; `pounds` for money.', example: 'tests' })
  @PlainText({ max: 60 })
  unit!: string;

  @Describe({ description: 'How its figures combine.', example: 'flow' })
  @IsIn(MEASURE_KINDS)
  kind!: MeasureKind;

  @Describe({ description: 'The type of the event that records one.', example: 'FenoTestDone' })
  @Matches(EVENT_TYPE, {
    message: 'must be words of letters and digits joined as in FenoTestDone, 3 to 64 characters',
  })
  eventType!: string;

  @Describe({
    description: 'Whether it counts people, who may be counted by two programmes.',
    example: false,
  })
  @IsBoolean()
  countsPeople!: boolean;

  @Describe({ description: 'The measure whose totals include this one’s, or null.', example: null })
  @Nullable()
  @Slug()
  rollsUpInto!: string | null;
}

/** How the quantities of a measure are written. */
export class QuantityMembers {
  @Describe({ description: 'How many digits an amount has after the point: 2 for pounds.', example: 0 })
  @WholeNumber({ min: 0, max: 6 })
  decimals!: number;

  @Describe({ description: 'Whether a quantity may be below nought.', example: false })
  @IsBoolean()
  mayBeNegative!: boolean;
}

export class Breakdowns {
  @Optional()
  @Describe({ description: 'The ways in which its quantity is split.' })
  @Each(() => BreakdownDto, { max: 3 })
  breakdowns?: BreakdownDto[];
}

export class DefinitionMember {
  @Optional()
  @Describe({
    description: 'What is counted, exactly.',
    example: 'Tests of exhaled nitric oxide, each counted once.',
  })
  @PlainText({ max: TEXT_MAX })
  definition?: string;
}

export class RevisionMembers extends MeasureLabel {
  @Describe({ description: 'The first financial year that is counted by it.', example: '2024-25' })
  @FinancialYearText()
  from!: string;

  @Describe({ description: 'Whether figures before and after may be added.', example: true })
  @IsBoolean()
  comparable!: boolean;
}

/** Why something was changed. */
export class ReasonMember {
  @Describe({ description: 'Why.', example: 'the board decided so' })
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}
