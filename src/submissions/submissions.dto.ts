import { IsIn, IsUUID, Matches } from 'class-validator';
import { Both } from '../api/answers.js';
import {
  AmountText,
  DateOrInstant,
  Describe,
  Each,
  Nested,
  Optional,
  PlainText,
  QuantityOrAmount,
  Slug,
  WholeNumber,
} from '../api/decorators.js';
import { LogEntryView } from '../api/log-entry.views.js';
import { EvidenceDto, OutcomeMembers } from '../api/outcome.dto.js';
import { MayOverride } from '../api/personal-data.dto.js';
import { OUTCOME_ID } from '../kernel/ids.js';

export class PeriodDto {
  @Describe({
    description: 'The first day, or an instant whose date in London is the day.',
    example: '2023-04-01',
  })
  @DateOrInstant()
  from!: string;

  @Optional()
  @Describe({
    description: 'The last day, in the same financial year; left out for one day.',
    example: '2023-06-30',
  })
  @DateOrInstant()
  to?: string;
}

export class SentBoundsDto {
  @Optional()
  @Describe({ description: 'At least so many; left out, that side is open.', example: 900 })
  @QuantityOrAmount()
  low?: number | string;

  @Optional()
  @Describe({ description: 'At most so many; left out, that side is open.', example: 1_000 })
  @QuantityOrAmount()
  high?: number | string;
}

export class OutcomeDto extends OutcomeMembers {
  @Describe({ description: 'The id of a measure.', example: 'patients-benefited' })
  @Slug()
  measure!: string;

  @Optional()
  @Describe({
    description: 'In place of a quantity: the same in the unit of the measure, such as "2500.50".',
  })
  @AmountText()
  amount?: string;

  @Optional()
  @Describe({ description: 'The id of the organisation that delivered.', example: 'wessex' })
  @Slug()
  organisation?: string;

  @Describe({ description: 'When it happened.' })
  @Nested(() => PeriodDto)
  effective!: PeriodDto;

  @Optional()
  @Describe({
    description:
      'What the quantity may really be, on one side or both, in the unit of what was sent: whole numbers around a ' +
      'quantity, text around an amount. Without bounds it is exact.',
  })
  @Nested(() => SentBoundsDto)
  bounds?: SentBoundsDto;

  @Optional()
  @Describe({ description: 'What the figure rests on.' })
  @Nested(() => EvidenceDto)
  evidence?: EvidenceDto;

  @Optional()
  @Describe({ description: 'Anything a reader should know.' })
  @PlainText({ max: 2_000 })
  note?: string;
}

export class SubmissionDto extends MayOverride {
  @Describe({ description: 'All are recorded, or none is.' })
  @Each(() => OutcomeDto, { min: 1, max: 500 })
  outcomes!: OutcomeDto[];
}

export class SubmitQueryDto {
  @Optional()
  @Describe({
    description: '`checkpoint`: answer when a signed checkpoint covers it, with the proof of that.',
  })
  @IsIn(['checkpoint'])
  wait?: 'checkpoint';
}

export class CorrectionDto extends Both(OutcomeDto, MayOverride) {
  @Describe({ description: 'Why it is corrected.', example: 'recount' })
  @PlainText({ max: 2_000 })
  reason!: string;
}

export class WithdrawalDto extends MayOverride {
  @Describe({ description: 'Why it is withdrawn.', example: 'recorded twice by two sites' })
  @PlainText({ max: 2_000 })
  reason!: string;
}

export class ErasureDto {
  @Describe({
    description: 'Why, without what is to be erased: it is kept for good.',
    example: 'request for erasure 2024-17',
  })
  @PlainText({ max: 2_000 })
  reason!: string;

  @Describe({ description: 'The office that ordered it.', example: 'Data protection officer' })
  @PlainText({ max: 200 })
  authorisedBy!: string;
}

export class RecordedLineView {
  @Describe({ description: '`<submission>.<line>`.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1' })
  @Matches(OUTCOME_ID)
  id!: string;

  @Describe({ description: 'Of the event that recorded it.', example: 41 })
  @WholeNumber({ min: 0 })
  sequence!: number;

  @Describe({ description: 'The one that stands now: send it as If-Match to change it.', example: 0 })
  @WholeNumber({ min: 0 })
  version!: number;
}

export class ReceiptView {
  @Describe({ description: 'Its idempotency key.', example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f' })
  @IsUUID()
  submission!: string;

  @Describe({ description: 'The programme that recorded it.', example: 'lipid-management' })
  @Slug()
  programme!: string;

  @Describe({
    description: 'Of its last outcome: pass it as minSequence to read what was written.',
    example: 41,
  })
  @WholeNumber({ min: 0 })
  sequence!: number;

  @Describe({ description: 'In the order in which they were sent.' })
  @Each(() => RecordedLineView, { min: 1, max: 500 })
  outcomes!: RecordedLineView[];

  @Optional()
  @Describe({
    description: 'Asked for with `wait=checkpoint`: of each outcome, that it is in the log that was signed.',
  })
  @Each(() => LogEntryView, { min: 1, max: 500 })
  proofs?: LogEntryView[];
}
