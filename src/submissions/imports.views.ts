import { IsIn } from 'class-validator';
import { Describe, Nested, WholeNumber } from '../api/decorators.js';
import { ProblemDocument } from '../api/problem.views.js';
import { ImportReceiptView } from './imports.dto.js';

export class ImportChecking {
  @Describe('The whole file is checked before anything of it is recorded.')
  @IsIn(['checking'])
  readonly phase!: 'checking';

  @Describe('Rows that were checked so far.')
  @WholeNumber({ min: 0 })
  readonly rows!: number;
}

export class ImportRecording {
  @Describe('All rows are good, and are being recorded.')
  @IsIn(['recording'])
  readonly phase!: 'recording';

  @Describe('Rows that are recorded so far, now or before.')
  @WholeNumber({ min: 0 })
  readonly rows!: number;

  @Describe('Rows of the file.')
  @WholeNumber({ min: 1 })
  readonly of!: number;
}

export class ImportDone {
  @Describe('The last line of an import that was carried out.')
  @IsIn(['done'])
  readonly phase!: 'done';

  @Describe('What is answered without lines of progress.')
  @Nested(() => ImportReceiptView)
  readonly receipt!: ImportReceiptView;
}

export class ImportFailed {
  @Describe('The last line of an import that was not: the status had been sent before.')
  @IsIn(['failed'])
  readonly phase!: 'failed';

  @Describe('What is answered without lines of progress.')
  @Nested(() => ProblemDocument)
  readonly problem!: ProblemDocument;
}

export const IMPORT_LINES = [ImportChecking, ImportRecording, ImportDone, ImportFailed];
export type ImportLine = InstanceType<(typeof IMPORT_LINES)[number]>;
