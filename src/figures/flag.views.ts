/** A flag tells a reader what is the matter with a figure. Its code never changes; docs/reports.md says what each means. */
import { IsIn } from 'class-validator';
import { Describe, PlainText } from '../api/decorators.js';

export const FLAG_CODES = [
  'definition-break',
  'year-not-over',
  'periods-overlap',
  'people-may-be-counted-more-than-once',
  'whole-beside-parts',
  'latest-values-added-across-programmes',
  'percentages-not-combined',
  'rates-not-combined',
] as const;
export type FlagCode = (typeof FLAG_CODES)[number];

export class Flag {
  @Describe('What programs go by.', 'year-not-over')
  @IsIn(FLAG_CODES)
  readonly code!: FlagCode;

  @Describe(
    'What is the matter with this figure, for its readers.',
    '2023-24 was not over on 2023-08-01: the figure has only what was recorded of it by then.',
  )
  @PlainText({ max: 400 })
  readonly sentence!: string;
}
