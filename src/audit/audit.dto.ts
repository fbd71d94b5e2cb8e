/** The parameters of the calls about the log. Query parameters arrive as text. */
import { FINANCIAL_YEAR } from '../kernel/financial-year.js';
import { Matches } from 'class-validator';
import { BooleanText, Describe, DigitsText, Optional, Slug } from '../api/decorators.js';
import { A_DATE, A_MOMENT, A_YEAR, DATE_OR_INSTANT, SEQUENCE_OR_INSTANT } from '../api/query.dto.js';
import { ReadQueryDto } from '../api/query.dto.js';

export class CheckpointQueryDto {
  @Optional('A checkpoint that covers the event with this sequence: one is signed where there is none yet.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  minSequence?: string;
}

export class EntryProofQueryDto extends ReadQueryDto {
  @Optional('In the tree of this size; left out, in that of a checkpoint that covers the event.')
  @DigitsText({ min: 1, max: Number.MAX_SAFE_INTEGER })
  treeSize?: string;
}

export class ConsistencyQueryDto extends ReadQueryDto {
  @Describe('The size of the earlier tree.', 0)
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  from!: string;

  @Optional('The size of the later tree; left out, that of the newest checkpoint.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  to?: string;
}

export class BundleQueryDto extends ReadQueryDto {
  @Optional('The size of an earlier checkpoint, of which the bundle proves to be the continuation.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  since?: string;

  @Optional('Only what concerns this programme.')
  @Slug()
  programme?: string;

  @Optional('Only events after this sequence.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional('Only events up to this sequence, instant, or end of a day.')
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  until?: string;

  @Optional('The annual figures of this measure, and what they are made of.')
  @Slug()
  measure?: string;

  @Optional('Of a figure: only this organisation.')
  @Slug()
  organisation?: string;

  @Optional('Of a figure: the first financial year.')
  @Matches(FINANCIAL_YEAR, A_YEAR)
  from?: string;

  @Optional('Of a figure: the last financial year.')
  @Matches(FINANCIAL_YEAR, A_YEAR)
  to?: string;

  @Optional('Of a figure: as known at an instant, or at the end of a day in London.')
  @Matches(DATE_OR_INSTANT, A_DATE)
  asAt?: string;

  @Optional('Of a figure: as known after the event with this sequence.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  asAtSequence?: string;

  @Optional('Of a figure: add across a break in the definition of the measure.')
  @BooleanText()
  allowBreaks?: 'true' | 'false';

  @Optional('Of a figure: with every event there is, which shows that no other belongs to the figure.')
  @BooleanText()
  whole?: 'true' | 'false';
}
