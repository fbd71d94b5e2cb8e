/** These DTOs are the bodies and the answers of the calls about programmes. */
import { IsIn } from 'class-validator';
import { Both, Changes } from '../api/answers.js';
import { DescriptionMember, ProgrammeMembers, ReasonMember } from '../api/catalogue-members.dto.js';
import { CalendarDate, Describe, Each, Optional } from '../api/decorators.js';
import { MayOverride } from '../api/personal-data.dto.js';
import { CataloguePage, identified } from './catalogue.dto.js';

class ProgrammeContent extends Both(ProgrammeMembers, DescriptionMember) {}

const IdentifiedProgramme = identified('lipid-management');

export class RegisterProgrammeDto extends Both(Both(IdentifiedProgramme, ProgrammeContent), MayOverride) {}

export class ReopenProgrammeDto extends Both(ReasonMember, MayOverride) {}

export class AmendProgrammeDto extends Both(Changes(ProgrammeContent), ReopenProgrammeDto) {}

export class CloseProgrammeDto extends ReopenProgrammeDto {
  @Describe('The last day on which its outcomes count; not in the future.', '2024-03-31')
  @CalendarDate()
  closedOn!: string;
}

export class ProgrammeView extends Both(IdentifiedProgramme, ProgrammeContent) {
  @Describe('A closed programme takes no outcomes of days after it closed.', 'open')
  @IsIn(['open', 'closed'])
  status!: 'open' | 'closed';

  @Optional('Of a closed programme: the last day on which its outcomes count.')
  @CalendarDate()
  closedOn?: string;
}

export class ProgrammeListView extends CataloguePage {
  @Describe('In order of id.')
  @Each(() => ProgrammeView, { min: 0, max: 500 })
  programmes!: ProgrammeView[];
}
