/** These DTOs are the bodies and the answers of the catalogue's calls. */
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, Matches } from 'class-validator';
import { Both } from '../api/answers.js';
import {
  CalendarDate,
  Describe,
  Each,
  FinancialYearText,
  Nullable,
  Optional,
  PlainText,
  Slug,
  WholeNumber,
  DigitsText,
} from '../api/decorators.js';
import { SLUG } from '../kernel/ids.js';
import { MayOverride } from '../api/personal-data.dto.js';
import { MEASURE_KINDS, type MeasureKind } from '../domain/kinds/kinds.js';

const NAME_MAX = 200;
const TEXT_MAX = 2_000;

export class AmendProgrammeDto extends MayOverride {
  @Describe({ description: 'What people call it.', example: 'Lipid management programme' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({ description: 'The first day on which its outcomes count.', example: '2020-04-01' })
  @CalendarDate()
  startedOn!: string;

  @Optional()
  @Describe({ description: 'What it does, for whom.' })
  @PlainText({ max: TEXT_MAX })
  description?: string;

  @Describe({ description: 'Why it is amended.', example: 'its full name' })
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}

export class RegisterProgrammeDto extends MayOverride {
  @Describe({ description: 'A slug; it never changes.', example: 'lipid-management' })
  @Slug()
  id!: string;

  @Describe({ description: 'What people call it.', example: 'Lipid management' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({ description: 'The first day on which its outcomes count.', example: '2020-04-01' })
  @CalendarDate()
  startedOn!: string;

  @Optional()
  @Describe({ description: 'What it does, for whom.' })
  @PlainText({ max: TEXT_MAX })
  description?: string;
}

export class CloseProgrammeDto extends MayOverride {
  @Describe({
    description: 'The last day on which its outcomes count; not in the future.',
    example: '2024-03-31',
  })
  @CalendarDate()
  closedOn!: string;

  @Describe({ description: 'Why it is closed.', example: 'funding has ended' })
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}

export class ReopenProgrammeDto extends MayOverride {
  @Describe({ description: 'Why it is reopened.', example: 'funding goes on' })
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}

export class RegisterOrganisationDto extends MayOverride {
  @Describe({ description: 'A slug; it never changes.', example: 'wessex' })
  @Slug()
  id!: string;

  @Describe({ description: 'The name it bears from the beginning.', example: 'Wessex AHSN' })
  @PlainText({ max: NAME_MAX })
  name!: string;
}

export class RenameOrganisationDto extends MayOverride {
  @Describe({ description: 'The new name.', example: 'Health Innovation Wessex' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({ description: 'The day it takes effect.', example: '2023-10-01' })
  @CalendarDate()
  from!: string;
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

class MeasureFields {
  @Describe({ description: 'A slug; it never changes.', example: 'feno-tests' })
  @Slug()
  id!: string;

  @Describe({ description: 'What people call it.', example: 'FeNO tests' })
  @PlainText({ max: NAME_MAX })
  label!: string;

  @Describe({ description: 'What an amount is in; `pounds` for money.', example: 'tests' })
  @PlainText({ max: 60 })
  unit!: string;

  @Describe({ description: 'How its figures combine.', example: 'flow' })
  @IsIn(MEASURE_KINDS)
  kind!: MeasureKind;

  @Describe({ description: 'The type of the event that records one.', example: 'FenoTestDone' })
  @Matches(/^[A-Z][A-Za-z0-9]{2,63}$/, {
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

  @Optional()
  @Describe({
    description: 'What is counted, exactly.',
    example: 'Tests of exhaled nitric oxide, each counted once.',
  })
  @PlainText({ max: TEXT_MAX })
  definition?: string;
}

export class DefineMeasureDto extends Both(MeasureFields, MayOverride) {
  @Optional()
  @Describe({
    description: 'How many digits an amount has after the point: 2 for pounds; 0 where it is left out.',
    example: 0,
  })
  @WholeNumber({ min: 0, max: 6 })
  decimals?: number;

  @Optional()
  @Describe({ description: 'Whether a quantity may be below nought; false where it is left out.' })
  @IsBoolean()
  mayBeNegative?: boolean;

  @Optional()
  @Describe({ description: 'The ways in which its quantity is split.' })
  @Each(() => BreakdownDto, { max: 3 })
  breakdowns?: BreakdownDto[];
}

export class ReviseMeasureDto extends MayOverride {
  @Describe({ description: 'The first financial year that is counted by it.', example: '2024-25' })
  @FinancialYearText()
  from!: string;

  @Describe({ description: 'What people call it from now on.', example: 'FeNO tests done' })
  @PlainText({ max: NAME_MAX })
  label!: string;

  @Optional()
  @Describe({ description: 'What is counted from now on, exactly.' })
  @PlainText({ max: TEXT_MAX })
  definition?: string;

  @Describe({ description: 'Whether figures before and after may be added.', example: true })
  @IsBoolean()
  comparable!: boolean;

  @Describe({ description: 'Why it is revised.', example: 'a clearer name' })
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}

export class CatalogueListQueryDto {
  @Optional()
  @Describe({ description: 'Where the page before ended.' })
  @Slug()
  after?: string;

  @Optional()
  @Describe({ description: 'Entries on a page, up to 500.' })
  @DigitsText({ min: 1, max: 500 })
  limit?: string;

  @Optional()
  @Describe({ description: 'Wait, up to ten seconds, until the ledger has reached this sequence.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  minSequence?: string;
}

export class OneEntryQueryDto {
  @Optional()
  @Describe({ description: 'Wait, up to ten seconds, until the ledger has reached this sequence.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  minSequence?: string;
}

export class OrganisationQueryDto extends OneEntryQueryDto {
  @Optional()
  @Describe({ description: 'The day whose name is shown; today if left out.', example: '2023-09-30' })
  @CalendarDate()
  on?: string;
}

export class ProgrammeView {
  @Describe({ description: 'Its id.', example: 'lipid-management' })
  @Slug()
  id!: string;

  @Describe({ description: 'What people call it.', example: 'Lipid management' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({ description: 'A closed programme takes no submissions.', example: 'open' })
  @IsIn(['open', 'closed'])
  status!: 'open' | 'closed';

  @Describe({ description: 'The first day on which its outcomes count.', example: '2020-04-01' })
  @CalendarDate()
  startedOn!: string;

  @Optional()
  @Describe({ description: 'Of a closed programme: the last day on which its outcomes count.' })
  @CalendarDate()
  closedOn?: string;

  @Optional()
  @Describe({ description: 'What it does, for whom.' })
  @PlainText({ max: TEXT_MAX })
  description?: string;
}

export class OrganisationNameView {
  @Describe({ description: 'A name.', example: 'Wessex AHSN' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Nullable()
  @Describe({
    description: 'The day from which it holds; null for the first, which holds from the beginning.',
    example: null,
  })
  @CalendarDate()
  from!: string | null;
}

export class OrganisationView {
  @Describe({ description: 'Its id.', example: 'wessex' })
  @Slug()
  id!: string;

  @Describe({ description: 'On the day asked about, or today.', example: 'Health Innovation Wessex' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({
    description: 'In order of the day from which each holds.',
    example: [
      { name: 'Wessex AHSN', from: null },
      { name: 'Health Innovation Wessex', from: '2023-10-01' },
    ],
  })
  @Each(() => OrganisationNameView, { min: 1, max: 1_000 })
  names!: OrganisationNameView[];
}

export class RevisionView {
  @Describe({ description: 'The first financial year that is counted by it.', example: '2024-25' })
  @FinancialYearText()
  from!: string;

  @Describe({ description: 'What people call it from then on.', example: 'FeNO tests done' })
  @PlainText({ max: NAME_MAX })
  label!: string;

  @Optional()
  @Describe({ description: 'What is counted from then on, exactly.' })
  @PlainText({ max: TEXT_MAX })
  definition?: string;

  @Describe({ description: 'Whether figures before and after may be added.', example: true })
  @IsBoolean()
  comparable!: boolean;

  @Describe({ description: 'Why it was revised.', example: 'a clearer name' })
  @PlainText({ max: TEXT_MAX })
  reason!: string;
}

/** `label` and `definition` are those by which the present financial year is counted. */
export class MeasureView extends MeasureFields {
  @Describe({ description: 'How many digits an amount has after the point.', example: 0 })
  @WholeNumber({ min: 0, max: 6 })
  decimals!: number;

  @Describe({ description: 'Whether a quantity may be below nought.', example: false })
  @IsBoolean()
  mayBeNegative!: boolean;

  @Describe({ description: 'The ways in which its quantity is split.', example: [] })
  @Each(() => BreakdownDto, { max: 3 })
  breakdowns!: BreakdownDto[];

  @Describe({ description: 'In order of the year from which each holds.', example: [] })
  @Each(() => RevisionView, { min: 0, max: 1_000 })
  revisions!: RevisionView[];
}

/** The answer to a change holds the entry, and the sequence from which reads show it. */
export class ChangeReceipt {
  @Describe({ description: 'Of what was changed.', example: 'lipid-management' })
  @Slug()
  id!: string;

  @Describe({ description: 'Of the event that made it so: pass it as minSequence to read it.', example: 40 })
  @WholeNumber({ min: 0 })
  sequence!: number;
}

export class ProgrammeListView {
  @Describe({ description: 'In order of id.' })
  @Each(() => ProgrammeView, { min: 0, max: 500 })
  programmes!: ProgrammeView[];

  @Nullable()
  @Describe({ description: 'The `after` of the next page; null on the last.', example: null })
  @Slug()
  next!: string | null;
}

export class OrganisationListView {
  @Describe({ description: 'In order of id.' })
  @Each(() => OrganisationView, { min: 0, max: 500 })
  organisations!: OrganisationView[];

  @Nullable()
  @Describe({ description: 'The `after` of the next page; null on the last.', example: null })
  @Slug()
  next!: string | null;
}

export class MeasureListView {
  @Describe({ description: 'In order of id.' })
  @Each(() => MeasureView, { min: 0, max: 500 })
  measures!: MeasureView[];

  @Nullable()
  @Describe({ description: 'The `after` of the next page; null on the last.', example: null })
  @Slug()
  next!: string | null;
}
