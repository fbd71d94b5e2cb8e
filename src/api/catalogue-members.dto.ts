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
  @Optional('Up to eight keys with a value each, by which it is found and grouped. They are told whole.', {
    theme: 'cardiovascular',
  })
  @SlugMap({ max: 8 })
  tags?: Record<string, string>;
}

export class ProgrammeMembers extends Tagged {
  @Describe('What people call it.', 'Lipid management')
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe('The first day on which its outcomes count.', '2020-04-01')
  @CalendarDate()
  startedOn!: string;

  @Optional('Whether a return is accepted by another than who drafted it; if left out, it is not.', true)
  @IsBoolean()
  needsSecondPerson?: boolean;
}

export class DescriptionMember {
  @Optional('What it does, for whom.')
  @PlainText({ max: TEXT_MAX })
  description?: string;
}

export class OrganisationName {
  @Describe('The name it bears from the beginning.', 'Wessex AHSN')
  @PlainText({ max: NAME_MAX })
  name!: string;
}

/** These members say all of an organisation but its names. */
export class OrganisationMembers extends Tagged {
  @Optional('What it is, as a slug.', 'network')
  @Slug()
  kind?: string;

  @Optional('The organisation that it is a body within.')
  @Slug()
  parent?: string;

  @Optional('The first day of its life.', '2013-04-01')
  @CalendarDate()
  from?: string;

  @Optional('The last day of its life.')
  @CalendarDate()
  to?: string;
}

export class BreakdownDto {
  @Describe('A slug.', 'age-band')
  @Slug()
  id!: string;

  @Describe('The values that there are, up to 100 slugs.', ['under-60', '60-plus'])
  @IsArray()
  @ArrayMaxSize(100)
  @Matches(SLUG, { each: true, message: 'must be slugs such as 60-plus' })
  values!: string[];
}

export class MeasureLabel {
  @Describe('What people call it.', 'FeNO tests')
  @PlainText({ max: NAME_MAX })
  label!: string;
}

export class MeasureMembers extends MeasureLabel {
  @Describe('What an amount is in; `pounds` for money.', 'tests')
  @PlainText({ max: 60 })
  unit!: string;

  @Describe('How its figures combine.', 'flow')
  @IsIn(MEASURE_KINDS)
  kind!: MeasureKind;

  @Describe('The type of the event that records one.', 'FenoTestDone')
  @Matches(EVENT_TYPE, {
    message: 'must be words of letters and digits joined as in FenoTestDone, 3 to 64 characters',
  })
  eventType!: string;

  @Describe('Whether it counts people, who may be counted by two programmes.', false)
  @IsBoolean()
  countsPeople!: boolean;

  @Nullable('The measure whose totals include this one’s, or null.', null)
  @Slug()
  rollsUpInto!: string | null;
}

/** How the quantities of a measure are written. */
export class QuantityMembers {
  @Describe('How many digits an amount has after the point: 2 for pounds.', 0)
  @WholeNumber({ min: 0, max: 6 })
  decimals!: number;

  @Describe('Whether a quantity may be below nought.', false)
  @IsBoolean()
  mayBeNegative!: boolean;
}

export class Breakdowns {
  @Optional('The ways in which its quantity is split.')
  @Each(() => BreakdownDto, { max: 3 })
  breakdowns?: BreakdownDto[];
}

export class DefinitionMember {
  @Optional('What is counted, exactly.', 'Tests of exhaled nitric oxide, each counted once.')
  @PlainText({ max: TEXT_MAX })
  definition?: string;
}

export class RevisionMembers extends MeasureLabel {
  @Describe('The first financial year that is counted by it.', '2024-25')
  @FinancialYearText()
  from!: string;

  @Describe('Whether figures before and after may be added.', true)
  @IsBoolean()
  comparable!: boolean;
}

/** Why something was changed. */
export class ReasonMember {
  @Describe('Why.', 'the board decided so')
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}
