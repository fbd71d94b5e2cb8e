import { IsBoolean, IsIn, Matches } from 'class-validator';
import { Describe, Nullable, Optional, Slug, WholeNumber } from '../api/decorators.js';
import { SHA256 } from '../kernel/ids.js';

export class ImportQueryDto {
  @Optional()
  @Describe({ description: 'Check the file and record nothing.', example: 'true' })
  @IsIn(['true', 'false'])
  dryRun?: 'true' | 'false';
}

export class ImportReceiptView {
  @Describe({
    description: 'SHA-256 of the bytes that were sent: every outcome carries it with its line.',
    example: 'f94270915517f5ee26cda32808aac7208cc5e2229d281e492ab6005e00b8c396',
  })
  @Matches(SHA256)
  file!: string;

  @Describe({ description: 'The id of the programme.', example: 'lipid-management' })
  @Slug()
  programme!: string;

  @Describe({ description: 'Rows of the file.', example: 1_200 })
  @WholeNumber({ min: 1 })
  rows!: number;

  @Describe({ description: 'Rows that this call recorded: none in a dry run.', example: 1_200 })
  @WholeNumber({ min: 0 })
  recorded!: number;

  @Describe({ description: 'Rows that were recorded when the same file was sent before.', example: 0 })
  @WholeNumber({ min: 0 })
  repeated!: number;

  @Describe({
    description: 'The file is recorded as so many submissions, of 500 rows each but the last.',
    example: 3,
  })
  @WholeNumber({ min: 1 })
  submissions!: number;

  @Describe({
    description: 'Of its last outcome: pass it as minSequence. None in a dry run.',
    example: 1_240,
  })
  @Nullable()
  @WholeNumber({ min: 0 })
  sequence!: number | null;

  @Describe({ description: 'Whether the file was only checked.', example: false })
  @IsBoolean()
  dryRun!: boolean;
}
