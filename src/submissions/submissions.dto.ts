import { IsIn, IsUUID, Matches } from 'class-validator';
import { Both, Changes, ListOf } from '../api/answers.js';
import {
  AmountText,
  DateOrInstant,
  Describe,
  Each,
  Nested,
  Nullable,
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
  @Describe('The first day, or an instant whose date in London is the day.', '2023-04-01')
  @DateOrInstant()
  from!: string;

  @Optional('The last day, in the same financial year; left out for one day.', '2023-06-30')
  @DateOrInstant()
  to?: string;
}

export class SentBoundsDto {
  @Optional('At least so many; left out, that side is open.', 900)
  @QuantityOrAmount()
  low?: number | string;

  @Optional('At most so many; left out, that side is open.', 1_000)
  @QuantityOrAmount()
  high?: number | string;
}

export class OutcomeDto extends OutcomeMembers {
  @Describe('The id of a measure.', 'patients-benefited')
  @Slug()
  measure!: string;

  @Optional('In place of a quantity: the same in the unit of the measure, such as "2500.50".')
  @AmountText()
  amount?: string;

  @Optional('The id of the organisation that delivered.', 'wessex')
  @Slug()
  organisation?: string;

  @Describe('When it happened.')
  @Nested(() => PeriodDto)
  effective!: PeriodDto;

  @Optional(
    'What the quantity may really be, on one side or both, in the unit of what was sent: whole numbers around a ' +
      'quantity, text around an amount. Without bounds it is exact.',
  )
  @Nested(() => SentBoundsDto)
  bounds?: SentBoundsDto;

  @Optional('What the figure rests on.')
  @Nested(() => EvidenceDto)
  evidence?: EvidenceDto;

  @Optional('Anything a reader should know.')
  @PlainText({ max: 2_000 })
  note?: string;
}

export class SubmissionDto extends MayOverride {
  @Describe('All are recorded, or none is.')
  @Each(() => OutcomeDto, { min: 1, max: 500 })
  outcomes!: OutcomeDto[];
}

export class SubmitQueryDto {
  @Optional('`checkpoint`: answer when a signed checkpoint covers it, with the proof of that.')
  @IsIn(['checkpoint'])
  wait?: 'checkpoint';
}

/** Says what changes: a member that is left out stays, and null takes an optional one away. */
export class CorrectionDto extends Both(Changes(OutcomeDto), MayOverride) {
  @Describe('Why it is corrected.', 'recount')
  @PlainText({ max: 2_000 })
  reason!: string;
}

export class ReinstatementDto extends MayOverride {
  @Describe('Why it stands after all.', 'the wrong row was withdrawn')
  @PlainText({ max: 2_000 })
  reason!: string;
}

export class WithdrawalDto extends MayOverride {
  @Describe('Why it is withdrawn.', 'recorded twice by two sites')
  @PlainText({ max: 2_000 })
  reason!: string;
}

export class ErasureDto {
  @Describe('Why, without what is to be erased: it is kept for good.', 'request for erasure 2024-17')
  @PlainText({ max: 2_000 })
  reason!: string;

  @Describe('The office that ordered it.', 'Data protection officer')
  @PlainText({ max: 200 })
  authorisedBy!: string;
}

export class RecordedLineView {
  @Describe('`<submission>.<line>`.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1')
  @Matches(OUTCOME_ID)
  id!: string;

  @Describe('Of the event that recorded it.', 41)
  @WholeNumber({ min: 0 })
  sequence!: number;

  @Describe('The one that stands now: send it as If-Match to change it.', 0)
  @WholeNumber({ min: 0 })
  version!: number;
}

export class MemberChangeView {
  @Describe('The member that changed, and the part of it.', 'evidence/title')
  @PlainText({ max: 100 })
  member!: string;

  @Nullable('What stood, as text; null where it had none.', 'Quarter 1 return')
  @PlainText({ max: 2_100 })
  from!: string | null;

  @Nullable('What stands now; null where it was taken away.', 'Quarter 1 recount')
  @PlainText({ max: 2_100 })
  to!: string | null;
}

export class CorrectedView extends RecordedLineView {
  @Describe('Every member that the correction changed.')
  @ListOf(() => MemberChangeView)
  changes!: MemberChangeView[];
}

export class ReceiptView {
  @Describe('Its idempotency key.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f')
  @IsUUID()
  submission!: string;

  @Describe('The programme that recorded it.', 'lipid-management')
  @Slug()
  programme!: string;

  @Describe('Of its last outcome: pass it as minSequence to read what was written.', 41)
  @WholeNumber({ min: 0 })
  sequence!: number;

  @Describe('In the order in which they were sent.')
  @Each(() => RecordedLineView, { min: 1, max: 500 })
  outcomes!: RecordedLineView[];

  @Optional('Asked for with `wait=checkpoint`: of each outcome, that it is in the log that was signed.')
  @Each(() => LogEntryView, { min: 1, max: 500 })
  proofs?: LogEntryView[];
}
