/**
 * These classes describe the data of events as stored: the facts and the words of each schema that `dataschema` may
 * name. A stored event never changes, so a class here may only gain a field that may be absent; a new version of a
 * shape is a new class beside it. The compiler holds each shape to the type of its event: a schema or a field that is
 * missing does not compile.
 */
import { IsArray, IsIn, IsInt, Matches, Min } from 'class-validator';
import { ROLES } from '../kernel/provenance.js';
import { Both, Instant } from './answers.js';
import {
  Breakdowns,
  DefinitionMember,
  DescriptionMember,
  MeasureMembers,
  NAME_MAX,
  OrganisationMembers,
  OrganisationName,
  ProgrammeMembers,
  QuantityMembers,
  ReasonMember,
  RevisionMembers,
  TEXT_MAX,
} from './catalogue-members.dto.js';
import { CalendarDate, Describe, Nested, Nullable, Optional } from './decorators.js';
import { PlainText, Slug, WholeNumber } from './decorators.js';
import { PersonalDataOverrideDto } from './personal-data.dto.js';
import { KEY_ID, OUTCOME_ID, SLUG } from '../kernel/ids.js';
import type { EventData } from '../kernel/event-data.js';
import type { LedgerEvent, LedgerSchema } from '../domain/upcast.js';
import { BoundsDto, EffectiveView, OutcomeMembers } from './outcome.dto.js';

const SHA256 = /^[0-9a-f]{64}$/;

class MayBeOverridden {
  @Optional('Present where a text that looks like personal data was recorded with a reason.')
  @Nested(() => PersonalDataOverrideDto)
  readonly personalDataOverride?: PersonalDataOverrideDto;
}

class ReasonWords extends Both(ReasonMember, MayBeOverridden) {}

class OfProgramme {
  @Describe('The programme.')
  @Slug()
  readonly programmeId!: string;
}

export class ProgrammeFacts extends Both(OfProgramme, ProgrammeMembers) {}

class ProgrammeWords extends Both(DescriptionMember, MayBeOverridden) {}

class ProgrammeAmendedWords extends Both(DescriptionMember, ReasonWords) {}

class ProgrammeClosedFacts extends OfProgramme {
  @Describe('The last day on which its outcomes count.')
  @CalendarDate()
  readonly closedOn!: string;
}

class OfOrganisation {
  @Describe('The organisation.')
  @Slug()
  readonly organisationId!: string;
}

class OrganisationAmendedFacts extends Both(OfOrganisation, OrganisationMembers) {}

class OrganisationNamed extends Both(OfOrganisation, OrganisationName) {}

class OrganisationFacts extends Both(OrganisationNamed, OrganisationMembers) {}

class OrganisationRenamedFacts extends OrganisationNamed {
  @Describe('The day the name takes effect.')
  @CalendarDate()
  readonly from!: string;
}

class OfMeasure {
  @Describe('The measure.')
  @Slug()
  readonly measureId!: string;
}

class MeasureDefinedFacts extends Both(Both(OfMeasure, MeasureMembers), Both(QuantityMembers, Breakdowns)) {}

class MeasureRevisedFacts extends Both(OfMeasure, RevisionMembers) {}

class MeasureWords extends Both(DefinitionMember, MayBeOverridden) {}

class MeasureRevisedWords extends Both(DefinitionMember, ReasonWords) {}

export class SentData {
  @Describe('The quantity that was sent.')
  @WholeNumber()
  readonly quantity!: number;

  @Optional('Its bounds.')
  @Nested(() => BoundsDto)
  readonly bounds?: BoundsDto;

  @Describe('The sequence at which it was reckoned what the period brought.')
  @WholeNumber({ min: 0 })
  readonly sequence!: number;
}

class FiguresData extends OutcomeMembers {
  @Describe('What is counted.')
  @Slug()
  readonly measureId!: string;

  @Optional('Who delivered.')
  @Slug()
  readonly organisationId?: string;

  @Describe('When it happened.')
  @Nested(() => EffectiveView)
  readonly effective!: EffectiveView;

  @Optional('What the quantity may really be; without bounds it is exact.')
  @Nested(() => BoundsDto)
  readonly bounds?: BoundsDto;

  @Optional('What was sent, where the ledger reckoned from it what the period brought.')
  @Nested(() => SentData)
  readonly sent?: SentData;
}

class OfOutcome extends OfProgramme {
  @Describe('The outcome: `<submission>.<line>`.')
  @Matches(OUTCOME_ID)
  readonly outcomeId!: string;
}

class OutcomeFacts extends Both(FiguresData, OfOutcome) {}

class EvidenceWords {
  @Describe('What the figure rests on.')
  @PlainText({ max: 300 })
  readonly title!: string;

  @Optional('Where it is kept.')
  @PlainText({ max: 2_100 })
  readonly uri?: string;
}

class TextsOfOutcome {
  @Optional('What the figure rests on.')
  @Nested(() => EvidenceWords)
  readonly evidence?: EvidenceWords;

  @Optional('Anything a reader should know.')
  @PlainText({ max: TEXT_MAX })
  readonly note?: string;
}

class OutcomeWords extends Both(TextsOfOutcome, MayBeOverridden) {}

class OutcomeReinstatedWords extends Both(TextsOfOutcome, ReasonWords) {}

class OutcomeCorrectedWords extends OutcomeReinstatedWords {
  @Optional('The words of the version that it replaced.')
  @Nested(() => TextsOfOutcome)
  readonly replaces?: TextsOfOutcome;
}

class ReplacedFigures extends FiguresData {
  @Describe('The version that was replaced.')
  @WholeNumber({ min: 0 })
  readonly version!: number;

  @Describe('The revision of the event that recorded it, in the same stream.')
  @WholeNumber({ min: 0 })
  readonly revision!: number;
}

class OutcomeReinstatedFacts extends OutcomeFacts {
  @Describe('The sequence at which the outcome was first recorded.')
  @WholeNumber({ min: 0 })
  readonly firstSequence!: number;
}

class OutcomeCorrectedFacts extends OutcomeReinstatedFacts {
  @Describe('The figures of the version that it replaced.')
  @Nested(() => ReplacedFigures)
  readonly replaces!: ReplacedFigures;
}

class OutcomeWithdrawnFacts extends OfOutcome {
  @Describe('The figures of the version that it took back.')
  @Nested(() => ReplacedFigures)
  readonly replaces!: ReplacedFigures;
}

class OutcomeErasedFacts extends OfOutcome {
  @Describe('The office that ordered it.')
  @PlainText({ max: NAME_MAX })
  readonly authorisedBy!: string;

  @Describe('The revisions, in the same stream, of the events that lost their words.')
  @IsArray()
  @IsInt({ each: true })
  @Min(0, { each: true })
  readonly erased!: readonly number[];
}

class OfKey {
  @Describe('The key.')
  @Matches(KEY_ID)
  readonly keyId!: string;
}

class WithSecret extends OfKey {
  @Describe('SHA-256 of the text of the key, hexadecimal.')
  @Matches(SHA256)
  readonly secretSha256!: string;
}

class KeyCreatedFacts extends WithSecret {
  @Describe('What it lets do.')
  @IsIn(ROLES)
  readonly role!: string;

  @Describe('The programmes that it is kept to, in the role `programme`.')
  @IsArray()
  @Matches(SLUG, { each: true })
  readonly programmes!: readonly string[];

  @Nullable('When it stops to be taken; null where it does not.')
  @Instant()
  readonly expiresAt!: string | null;
}

class KeyCreatedWords extends MayBeOverridden {
  @Describe('What it is for.')
  @PlainText({ max: NAME_MAX })
  readonly name!: string;
}

class KeyRotatedFacts extends WithSecret {
  @Nullable('Until when the secret before this one is taken too; null where it is not.')
  @Instant()
  readonly previousUntil!: string | null;
}

type View<Shape> = new () => Shape;

/** Makes the class, under the name that the OpenAPI document shows, of the two parts of an event's data. */
function dataOf<Facts extends object, Words extends object>(
  name: string,
  factsView: View<Facts>,
  wordsView: View<Words>,
): View<EventData<Facts, Words>> {
  class Data {
    @Describe('What figures, rights and orders follow from. They stay for ever.')
    @Nested(() => factsView)
    readonly facts!: Facts;

    @Optional('Free text, which a lawful order may take away.')
    @Nested(() => wordsView)
    readonly words?: Words;
  }
  Object.defineProperty(Data, 'name', { value: name });
  return Data;
}

export const EVENT_DATA = {
  'programme-registered@2': dataOf('ProgrammeRegisteredData', ProgrammeFacts, ProgrammeWords),
  'programme-amended@2': dataOf('ProgrammeAmendedData', ProgrammeFacts, ProgrammeAmendedWords),
  'programme-closed@2': dataOf('ProgrammeClosedData', ProgrammeClosedFacts, ReasonWords),
  'programme-reopened@2': dataOf('ProgrammeReopenedData', OfProgramme, ReasonWords),
  'organisation-registered@2': dataOf('OrganisationRegisteredData', OrganisationFacts, MayBeOverridden),
  'organisation-amended@2': dataOf('OrganisationAmendedData', OrganisationAmendedFacts, ReasonWords),
  'organisation-renamed@2': dataOf('OrganisationRenamedData', OrganisationRenamedFacts, MayBeOverridden),
  'measure-defined@2': dataOf('MeasureDefinedData', MeasureDefinedFacts, MeasureWords),
  'measure-revised@2': dataOf('MeasureRevisedData', MeasureRevisedFacts, MeasureRevisedWords),
  'outcome@2': dataOf('OutcomeData', OutcomeFacts, OutcomeWords),
  'outcome-corrected@2': dataOf('OutcomeCorrectedData', OutcomeCorrectedFacts, OutcomeCorrectedWords),
  'outcome-withdrawn@2': dataOf('OutcomeWithdrawnData', OutcomeWithdrawnFacts, ReasonWords),
  'outcome-reinstated@2': dataOf('OutcomeReinstatedData', OutcomeReinstatedFacts, OutcomeReinstatedWords),
  'outcome-erased@2': dataOf('OutcomeErasedData', OutcomeErasedFacts, ReasonMember),
  'key-created@2': dataOf('KeyCreatedData', KeyCreatedFacts, KeyCreatedWords),
  'key-rotated@2': dataOf('KeyRotatedData', KeyRotatedFacts, ReasonWords),
  'key-revoked@2': dataOf('KeyRevokedData', OfKey, ReasonWords),
} satisfies { readonly [Schema in LedgerSchema]: View<Plain<DataOf<Schema>>> };

type DataOf<Schema extends LedgerSchema> = Extract<LedgerEvent, { readonly schema: Schema }>['data'];
type FactsOf<Data> = Data extends EventData<infer Facts> ? Facts : never;
type WordsOf<Data> = Data extends { readonly words?: infer Words } ? NonNullable<Words> : never;

/** A type with its ids and its closed lists of texts as plain texts, which is what rules of a field see. */
type Plain<Type> = Type extends string
  ? string
  : Type extends object
    ? { readonly [Name in keyof Type]: Plain<Type[Name]> }
    : Type;

/** The names of fields that an event may have and its view lacks. If there is one, the next line does not compile. */
type Untold = {
  readonly [Schema in LedgerSchema]:
    | Exclude<keyof FactsOf<DataOf<Schema>>, keyof FactsOf<InstanceType<(typeof EVENT_DATA)[Schema]>>>
    | Exclude<keyof WordsOf<DataOf<Schema>>, keyof WordsOf<InstanceType<(typeof EVENT_DATA)[Schema]>>>;
}[LedgerSchema];
true satisfies [Untold] extends [never] ? true : Untold;
