/** These DTOs are the bodies and the answers of the calls about organisations. */
import { Both, Changes } from '../api/answers.js';
import {
  NAME_MAX,
  OrganisationMembers,
  OrganisationName,
  ReasonMember,
} from '../api/catalogue-members.dto.js';
import { CalendarDate, Describe, Each, Nullable, Optional, PlainText } from '../api/decorators.js';
import { MayOverride } from '../api/personal-data.dto.js';
import { CataloguePage, identified, OneEntryQueryDto } from './catalogue.dto.js';

const IdentifiedOrganisation = identified('wessex');

class NamedOrganisation extends Both(IdentifiedOrganisation, OrganisationName) {}

export class RegisterOrganisationDto extends Both(
  Both(NamedOrganisation, OrganisationMembers),
  MayOverride,
) {}

export class AmendOrganisationDto extends Both(
  Changes(OrganisationMembers),
  Both(ReasonMember, MayOverride),
) {}

export class RenameOrganisationDto extends MayOverride {
  @Describe('The new name.', 'Health Innovation Wessex')
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe('The day it takes effect.', '2023-10-01')
  @CalendarDate()
  from!: string;
}

export class OrganisationQueryDto extends OneEntryQueryDto {
  @Optional('The day whose name is shown; today if left out.', '2023-09-30')
  @CalendarDate()
  on?: string;
}

export class OrganisationNameView extends OrganisationName {
  @Nullable('The day from which it holds; null for the first, which holds from the beginning.', null)
  @CalendarDate()
  from!: string | null;
}

export class OrganisationView extends Both(IdentifiedOrganisation, OrganisationMembers) {
  @Describe('On the day asked about, or today.', 'Health Innovation Wessex')
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe('In order of the day from which each holds.', [
    { name: 'Wessex AHSN', from: null },
    { name: 'Health Innovation Wessex', from: '2023-10-01' },
  ])
  @Each(() => OrganisationNameView, { min: 1, max: 1_000 })
  names!: OrganisationNameView[];
}

export class OrganisationListView extends CataloguePage {
  @Describe('In order of id.')
  @Each(() => OrganisationView, { min: 0, max: 500 })
  organisations!: OrganisationView[];
}
