/**
 * What the data of events hold, as stored: the shape of each schema that `dataschema` may name. A stored event
 * never changes, so neither does a class here but for a field that may be absent; a new version of a shape is a new
 * class beside it.
 */
import { IsArray, IsBoolean, IsIn, Matches } from 'class-validator';
import { ROLES } from '../domain/role.js';
import { MEASURE_KINDS } from '../domain/kinds/kinds.js';
import { Both, Instant, ListOf } from './answers.js';
import { CalendarDate, Describe, Nested, Nullable, Optional } from './decorators.js';
import { PlainText, Slug, WholeNumber } from './decorators.js';
import { PersonalDataOverrideDto } from './personal-data.dto.js';
import { KEY_ID, OUTCOME_ID, SLUG } from '../kernel/ids.js';
import type { LedgerSchema } from '../domain/upcast.js';
import { BASES } from '../domain/outcome.js';
import { FigureMembers, EffectiveView, EVENT_TYPE, EvidenceDto, RangeDto } from './outcome.dto.js';

const NAME_MAX = 200;
const TEXT_MAX = 2_000;

class MayBeOverridden {
  @Optional()
  @Describe({ description: 'Present where a text that looks like personal data was recorded with a reason.' })
  @Nested(() => PersonalDataOverrideDto)
  readonly personalDataOverride?: PersonalDataOverrideDto;
}

class OfProgramme extends MayBeOverridden {
  @Describe({ description: 'The programme.' })
  @Slug()
  readonly programmeId!: string;
}

export class ProgrammeRegisteredData extends OfProgramme {
  @Describe({ description: 'What people call it.' })
  @PlainText({ max: NAME_MAX })
  readonly name!: string;

  @Describe({ description: 'The first day on which its outcomes count.' })
  @CalendarDate()
  readonly startedOn!: string;

  @Optional()
  @Describe({ description: 'What it does, for whom.' })
  @PlainText({ max: TEXT_MAX })
  readonly description?: string;
}

export class ProgrammeAmendedData extends ProgrammeRegisteredData {
  @Describe({ description: 'Why it was amended.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

export class ProgrammeReopenedData extends OfProgramme {
  @Describe({ description: 'Why.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

export class ProgrammeClosedData extends ProgrammeReopenedData {
  @Describe({ description: 'The last day on which its outcomes count.' })
  @CalendarDate()
  readonly closedOn!: string;
}

export class OrganisationRegisteredData extends MayBeOverridden {
  @Describe({ description: 'The organisation.' })
  @Slug()
  readonly organisationId!: string;

  @Describe({ description: 'What people call it.' })
  @PlainText({ max: NAME_MAX })
  readonly name!: string;
}

export class OrganisationRenamedData extends OrganisationRegisteredData {
  @Describe({ description: 'The day the name takes effect.' })
  @CalendarDate()
  readonly from!: string;
}

class OfMeasure extends MayBeOverridden {
  @Describe({ description: 'The measure.' })
  @Slug()
  readonly measureId!: string;

  @Describe({ description: 'What people call it.' })
  @PlainText({ max: NAME_MAX })
  readonly label!: string;

  @Optional()
  @Describe({ description: 'What is counted, exactly.' })
  @PlainText({ max: TEXT_MAX })
  readonly definition?: string;
}

export class MeasureDefinedData extends OfMeasure {
  @Describe({ description: 'What one of it is.' })
  @PlainText({ max: 60 })
  readonly unit!: string;

  @Describe({ description: 'How its figures combine.' })
  @IsIn(MEASURE_KINDS)
  readonly kind!: string;

  @Describe({ description: 'The type of the event that records one.' })
  @Matches(EVENT_TYPE)
  readonly eventType!: string;

  @Describe({ description: 'Whether it counts people, who may be counted twice.' })
  @IsBoolean()
  readonly countsPeople!: boolean;

  @Nullable()
  @Describe({ description: 'The measure whose totals include this one’s.' })
  @Slug()
  readonly rollsUpInto!: string | null;
}

export class MeasureRevisedData extends OfMeasure {
  @Describe({ description: 'The new version, from 2.' })
  @WholeNumber({ min: 2 })
  readonly version!: number;

  @Describe({ description: 'Whether figures before and after may be added.' })
  @IsBoolean()
  readonly comparable!: boolean;

  @Describe({ description: 'Why it was revised.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

class FiguresData extends FigureMembers {
  @Describe({ description: 'What is counted.' })
  @Slug()
  readonly measureId!: string;

  @Describe({ description: 'Under which definition of the measure.' })
  @WholeNumber({ min: 1 })
  readonly measureVersion!: number;

  @Optional()
  @Describe({ description: 'Who delivered.' })
  @Slug()
  readonly organisationId?: string;

  @Describe({ description: 'When it happened.' })
  @Nested(() => EffectiveView)
  readonly effective!: EffectiveView;

  @Describe({ description: 'How the figure was come by.' })
  @IsIn(BASES)
  readonly basis!: string;

  @Optional()
  @Describe({ description: 'The bounds of an estimate.' })
  @Nested(() => RangeDto)
  readonly range?: RangeDto;
}

export class OutcomeData extends Both(FiguresData, MayBeOverridden) {
  @Describe({ description: 'The outcome: `<submission>.<line>`.' })
  @Matches(OUTCOME_ID)
  readonly outcomeId!: string;

  @Describe({ description: 'The programme that recorded it.' })
  @Slug()
  readonly programmeId!: string;

  @Optional()
  @Describe({ description: 'What the figure rests on.' })
  @Nested(() => EvidenceDto)
  readonly evidence?: EvidenceDto;

  @Optional()
  @Describe({ description: 'Anything a reader should know.' })
  @PlainText({ max: TEXT_MAX })
  readonly note?: string;
}

export class ReplacedData extends FiguresData {
  @Describe({ description: 'The version that was replaced.' })
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe({ description: 'Of the event that recorded it, in the same stream.' })
  @WholeNumber({ min: 0 })
  readonly revision!: number;
}

export class OutcomeCorrectedData extends OutcomeData {
  @Describe({ description: 'Why it was corrected.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;

  @Describe({ description: 'The figures of the version that it replaced.' })
  @Nested(() => ReplacedData)
  readonly replaces!: ReplacedData;
}

export class OutcomeWithdrawnData extends ProgrammeReopenedData {
  @Describe({ description: 'The outcome: `<submission>.<line>`.' })
  @Matches(OUTCOME_ID)
  readonly outcomeId!: string;

  @Describe({ description: 'The figures of the version that it took back.' })
  @Nested(() => ReplacedData)
  readonly replaces!: ReplacedData;
}

export class ErasedContentData {
  @Describe({ description: 'Of the event in the same stream.' })
  @WholeNumber({ min: 0 })
  readonly revision!: number;

  @Describe({ description: 'SHA-256 of what is left of its data, as RFC 8785 canonical JSON, hexadecimal.' })
  @Matches(/^[0-9a-f]{64}$/)
  readonly left!: string;
}

export class OutcomeErasedData {
  @Describe({ description: 'The outcome: `<submission>.<line>`.' })
  @Matches(OUTCOME_ID)
  readonly outcomeId!: string;

  @Describe({ description: 'The programme that recorded it.' })
  @Slug()
  readonly programmeId!: string;

  @Describe({ description: 'Why.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;

  @Describe({ description: 'The office that ordered it.' })
  @PlainText({ max: NAME_MAX })
  readonly authorisedBy!: string;

  @Describe({ description: 'The events whose texts and salts are gone.' })
  @ListOf(() => ErasedContentData)
  readonly erased!: readonly ErasedContentData[];
}

class OfKey extends MayBeOverridden {
  @Describe({ description: 'The key.' })
  @Matches(KEY_ID)
  readonly keyId!: string;
}

class WithSecret extends OfKey {
  @Describe({ description: 'SHA-256 of the text of the key, hexadecimal.' })
  @Matches(/^[0-9a-f]{64}$/)
  readonly secretSha256!: string;
}

export class KeyCreatedData extends WithSecret {
  @Describe({ description: 'What it is for.' })
  @PlainText({ max: NAME_MAX })
  readonly name!: string;

  @Describe({ description: 'What it lets do.' })
  @IsIn(ROLES)
  readonly role!: string;

  @Describe({ description: 'The programmes that it is kept to, in the role `programme`.' })
  @IsArray()
  @Matches(SLUG, { each: true })
  readonly programmes!: readonly string[];

  @Nullable()
  @Describe({ description: 'When it stops to be taken; null where it does not.' })
  @Instant()
  readonly expiresAt!: string | null;
}

export class KeyRotatedData extends WithSecret {
  @Nullable()
  @Describe({ description: 'Until when the secret before this one is taken too; null where it is not.' })
  @Instant()
  readonly previousUntil!: string | null;

  @Describe({ description: 'Why.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

export class KeyRevokedData extends OfKey {
  @Describe({ description: 'Why.' })
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

/** Does not compile when a schema is missing. */
export const EVENT_DATA: Readonly<Record<LedgerSchema, new () => object>> = {
  'programme-registered@1': ProgrammeRegisteredData,
  'programme-amended@1': ProgrammeAmendedData,
  'programme-closed@1': ProgrammeClosedData,
  'programme-reopened@1': ProgrammeReopenedData,
  'organisation-registered@1': OrganisationRegisteredData,
  'organisation-renamed@1': OrganisationRenamedData,
  'measure-defined@1': MeasureDefinedData,
  'measure-revised@1': MeasureRevisedData,
  'outcome@1': OutcomeData,
  'outcome-corrected@1': OutcomeCorrectedData,
  'outcome-withdrawn@1': OutcomeWithdrawnData,
  'outcome-erased@1': OutcomeErasedData,
  'key-created@1': KeyCreatedData,
  'key-rotated@1': KeyRotatedData,
  'key-revoked@1': KeyRevokedData,
};
