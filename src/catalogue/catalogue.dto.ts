/** These DTOs are shared by the calls about programmes, organisations and measures. */
import { Describe, DigitsText, Nullable, Optional, Slug, WholeNumber } from '../api/decorators.js';

export class OneEntryQueryDto {
  @Optional('Wait, up to ten seconds, until the ledger has reached this sequence.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  minSequence?: string;
}

export class CatalogueListQueryDto extends OneEntryQueryDto {
  @Optional('Where the page before ended.')
  @Slug()
  after?: string;

  @Optional('Entries on a page, up to 500.')
  @DigitsText({ min: 1, max: 500 })
  limit?: string;
}

/** Makes a class of the id of an entry. */
export function identified(example: string) {
  class Entry {
    @Describe('A slug; it never changes.', example)
    @Slug()
    id!: string;
  }
  return Entry;
}

/** The answer to a change holds the entry, and the sequence from which reads show it. */
export class ChangeReceipt {
  @Describe('Of what was changed.', 'lipid-management')
  @Slug()
  id!: string;

  @Describe('Of the event that made it so: pass it as minSequence to read it.', 40)
  @WholeNumber({ min: 0 })
  sequence!: number;
}

export class CataloguePage {
  @Nullable('The `after` of the next page; null on the last.', null)
  @Slug()
  next!: string | null;
}
