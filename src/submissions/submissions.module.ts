import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { CatalogueReader } from './catalogue-reader.js';
import { ExportedRows } from './exported-rows.js';
import { FileCheck } from './file-check.js';
import { FileImport } from './file-import.js';
import { ImportSpool } from './import-spool.js';
import { ImportsController } from './imports.controller.js';
import { OutcomeCheck } from './outcome-input.js';
import { SubmissionsController } from './submissions.controller.js';
import { RecordOutcomesHandler } from './submissions.handler.js';

@Module({
  imports: [CoreModule],
  controllers: [SubmissionsController, ImportsController],
  providers: [
    CatalogueReader,
    OutcomeCheck,
    RecordOutcomesHandler,
    ImportSpool,
    ExportedRows,
    FileCheck,
    FileImport,
  ],
})
export class SubmissionsModule {}
