/**
 * What the data of events hold, as stored: the shape of each schema that `dataschema` may name. A stored event
 * never changes, so neither does a class here; a new version of a shape is a new class beside it.
 */
import { IsBoolean, IsIn, Matches } from 'class-validator';
import { MEASURE_KINDS } from '../catalogue/measure.js';
import { CalendarDate, DecimalString, Describe, Nested, Nullable, Optional } from '../http/decorators.js';
import { PlainText, Slug, WholeNumber } from '../http/decorators.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import type { LedgerSchema } from '../store/upcast.js';
import { BASES } from '../submissions/outcome.js';
import { EvidenceDto, RangeDto } from '../submissions/submissions.dto.js';
import { EffectiveView, EVENT_TYPE } from './outcome.views.js';

const NAME_MAX = 200;
const TEXT_MAX = 2_000;

class OfProgramme {
  @Slug()
  readonly programmeId!: string;
}

export class ProgrammeRegisteredData extends OfProgramme {
  @PlainText({ max: NAME_MAX })
  readonly name!: string;

  @CalendarDate()
  readonly startedOn!: string;

  @Optional()
  @PlainText({ max: TEXT_MAX })
  readonly description?: string;
}

export class ProgrammeAmendedData extends ProgrammeRegisteredData {
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

export class ProgrammeReopenedData extends OfProgramme {
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

export class ProgrammeClosedData extends ProgrammeReopenedData {
  @CalendarDate()
  readonly closedOn!: string;
}

export class OrganisationRegisteredData {
  @Slug()
  readonly organisationId!: string;

  @PlainText({ max: NAME_MAX })
  readonly name!: string;
}

export class OrganisationRenamedData extends OrganisationRegisteredData {
  @Describe({ description: 'The day the name takes effect.' })
  @CalendarDate()
  readonly from!: string;
}

class OfMeasure {
  @Slug()
  readonly measureId!: string;

  @PlainText({ max: NAME_MAX })
  readonly label!: string;

  @Optional()
  @PlainText({ max: TEXT_MAX })
  readonly definition?: string;
}

export class MeasureDefinedData extends OfMeasure {
  @PlainText({ max: 60 })
  readonly unit!: string;

  @IsIn(MEASURE_KINDS)
  readonly kind!: string;

  @Matches(EVENT_TYPE)
  readonly eventType!: string;

  @IsBoolean()
  readonly countsPeople!: boolean;

  @Nullable()
  @Slug()
  readonly rollsUpInto!: string | null;
}

export class MeasureRevisedData extends OfMeasure {
  @WholeNumber({ min: 2 })
  readonly version!: number;

  @IsBoolean()
  readonly comparable!: boolean;

  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;
}

class FiguresData {
  @Slug()
  readonly measureId!: string;

  @WholeNumber({ min: 1 })
  readonly measureVersion!: number;

  @Optional()
  @Slug()
  readonly organisationId?: string;

  @Optional()
  @WholeNumber({ min: 0 })
  readonly quantity?: number;

  @Optional()
  @WholeNumber({ min: 0 })
  readonly numerator?: number;

  @Optional()
  @WholeNumber({ min: 1 })
  readonly denominator?: number;

  @Optional()
  @DecimalString()
  readonly percent?: string;

  @Nested(() => EffectiveView)
  readonly effective!: EffectiveView;

  @IsIn(BASES)
  readonly basis!: string;

  @Optional()
  @Nested(() => RangeDto)
  readonly range?: RangeDto;
}

export class OutcomeData extends FiguresData {
  @Matches(OUTCOME_ID)
  readonly outcomeId!: string;

  @Slug()
  readonly programmeId!: string;

  @Optional()
  @Nested(() => EvidenceDto)
  readonly evidence?: EvidenceDto;

  @Optional()
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
  @PlainText({ max: TEXT_MAX })
  readonly reason!: string;

  @Describe({ description: 'The figures of the version that it replaced.' })
  @Nested(() => ReplacedData)
  readonly replaces!: ReplacedData;
}

export class OutcomeWithdrawnData extends ProgrammeReopenedData {
  @Matches(OUTCOME_ID)
  readonly outcomeId!: string;

  @Describe({ description: 'The figures of the version that it took back.' })
  @Nested(() => ReplacedData)
  readonly replaces!: ReplacedData;
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
};
