/** These DTOs are the bodies and the answers of the calls about measures. */
import { Both } from '../api/answers.js';
import {
  BreakdownDto,
  Breakdowns,
  DefinitionMember,
  MeasureMembers,
  QuantityMembers,
  ReasonMember,
  RevisionMembers,
} from '../api/catalogue-members.dto.js';
import { IsBoolean } from 'class-validator';
import { Describe, Each, Optional, WholeNumber } from '../api/decorators.js';
import { MayOverride } from '../api/personal-data.dto.js';
import { CataloguePage, identified } from './catalogue.dto.js';

const IdentifiedMeasure = identified('feno-tests');

class MeasureContent extends Both(Both(IdentifiedMeasure, MeasureMembers), DefinitionMember) {}

export class DefineMeasureDto extends Both(Both(MeasureContent, Breakdowns), MayOverride) {
  @Optional('How many digits an amount has after the point: 2 for pounds; 0 where it is left out.', 0)
  @WholeNumber({ min: 0, max: 6 })
  decimals?: number;

  @Optional('Whether a quantity may be below nought; false where it is left out.')
  @IsBoolean()
  mayBeNegative?: boolean;
}

export class RevisionView extends Both(Both(RevisionMembers, DefinitionMember), ReasonMember) {}

export class ReviseMeasureDto extends Both(RevisionView, MayOverride) {}

/** `label` and `definition` are those by which the present financial year is counted. */
export class MeasureView extends Both(MeasureContent, QuantityMembers) {
  @Describe('The ways in which its quantity is split.', [])
  @Each(() => BreakdownDto, { max: 3 })
  breakdowns!: BreakdownDto[];

  @Describe('In order of the year from which each holds.', [])
  @Each(() => RevisionView, { min: 0, max: 1_000 })
  revisions!: RevisionView[];
}

export class MeasureListView extends CataloguePage {
  @Describe('In order of id.')
  @Each(() => MeasureView, { min: 0, max: 500 })
  measures!: MeasureView[];
}
