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
  @Describe({ description: 'The new name.', example: 'Health Innovation Wessex' })
  @PlainText({ max: NAME_MAX })
  name!: string;

  @Describe({ description: 'The day it takes effect.', example: '2023-10-01' })
  @CalendarDate()
  from!: string;
}

export class OrganisationQueryDto extends OneEntryQueryDto {
  @Optional()
  @Describe({ description: 'The day whose name is shown; today if left out.', example: '2023-09-30' })
  @CalendarDate()
  on?: string;
}

export class OrganisationNameView extends OrganisationName {
  @Nullable()
  @Describe({
    description: 'The day from which it holds; null for the first, which holds from the beginning.',
    example: null,
  })
  @CalendarDate()
  from!: string | null;
}

export class OrganisationView extends Both(IdentifiedOrganisation, OrganisationMembers) {
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

export class OrganisationListView extends CataloguePage {
  @Describe({ description: 'In order of id.' })
  @Each(() => OrganisationView, { min: 0, max: 500 })
  organisations!: OrganisationView[];
}
