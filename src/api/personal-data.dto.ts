/** A caller may record a text although it looks as if it held personal data, by giving a reason, which is kept. */
import { Describe, Nested, Optional, PlainText } from './decorators.js';

/** A reason of fewer than five characters would say nothing to a reader who asks later why. */
export const OVERRIDE_REASON = { min: 5, max: 500 };

export class PersonalDataOverrideDto {
  @Describe(
    'Why what looks like personal data is none, or must be recorded. It is kept with every event that it let ' +
      'through, and must hold no personal data itself.',
    'the number is a grant reference that passes the same check',
  )
  @PlainText(OVERRIDE_REASON)
  reason!: string;
}

/** A body that carries free texts may hold an override for them. */
export class MayOverride {
  @Optional('Records texts that were refused as `personal-data-suspected`. Left out otherwise.')
  @Nested(() => PersonalDataOverrideDto)
  personalDataOverride?: PersonalDataOverrideDto;
}
