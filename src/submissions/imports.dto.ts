import { IsBoolean, Matches } from 'class-validator';
import { BooleanText, Describe, Nullable, Optional, Slug, WholeNumber } from '../api/decorators.js';
import { OUTCOME_ID, SHA256 } from '../kernel/ids.js';

export class ImportQueryDto {
  @Optional('Check the file and record nothing.', true)
  @BooleanText()
  dryRun?: 'true' | 'false';
}

/** A row of an export names the outcome that it was. */
export class ExportedDto {
  @Optional('The outcome.', '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1')
  @Matches(OUTCOME_ID, {
    message: 'must be the id of an outcome, as an export has it: a key of your own goes under reference',
  })
  id?: string;

  @Optional('Its programme.', 'lipid-management')
  @Slug()
  programme?: string;
}

export class ImportReceiptView {
  @Describe(
    'SHA-256 of the bytes that were sent: every outcome carries it with its line.',
    'f94270915517f5ee26cda32808aac7208cc5e2229d281e492ab6005e00b8c396',
  )
  @Matches(SHA256)
  file!: string;

  @Describe('The id of the programme.', 'lipid-management')
  @Slug()
  programme!: string;

  @Describe('Rows of the file.', 1_200)
  @WholeNumber({ min: 1 })
  rows!: number;

  @Describe('Rows that this call recorded: none in a dry run.', 1_200)
  @WholeNumber({ min: 0 })
  recorded!: number;

  @Describe('Rows that had been recorded: by the same file, or as the outcomes that an export names.', 0)
  @WholeNumber({ min: 0 })
  repeated!: number;

  @Describe('The file is recorded as so many submissions, of up to 500 rows each.', 3)
  @WholeNumber({ min: 1 })
  submissions!: number;

  @Nullable(
    'Of its last outcome: pass it as minSequence. None in a dry run, and where all were there.',
    1_240,
  )
  @WholeNumber({ min: 0 })
  sequence!: number | null;

  @Describe('Whether the file was only checked.', false)
  @IsBoolean()
  dryRun!: boolean;
}
