import { IsBoolean, Matches } from 'class-validator';
import { BooleanText, Describe, Nullable, Optional, Slug, WholeNumber } from '../api/decorators.js';
import { SHA256 } from '../kernel/ids.js';

export class ImportQueryDto {
  @Optional('Check the file and record nothing.', true)
  @BooleanText()
  dryRun?: 'true' | 'false';
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

  @Describe('Rows that were recorded when the same file was sent before.', 0)
  @WholeNumber({ min: 0 })
  repeated!: number;

  @Describe('The file is recorded as so many submissions, of 500 rows each but the last.', 3)
  @WholeNumber({ min: 1 })
  submissions!: number;

  @Nullable('Of its last outcome: pass it as minSequence. None in a dry run.', 1_240)
  @WholeNumber({ min: 0 })
  sequence!: number | null;

  @Describe('Whether the file was only checked.', false)
  @IsBoolean()
  dryRun!: boolean;
}
