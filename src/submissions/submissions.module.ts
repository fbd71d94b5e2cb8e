import { Module } from '@nestjs/common';
import { CoreModule } from '../core.module.js';
import { CatalogueReader } from './catalogue-reader.js';
import { SubmissionsController } from './submissions.controller.js';
import { RecordOutcomesHandler } from './submissions.handler.js';

@Module({
  imports: [CoreModule],
  controllers: [SubmissionsController],
  providers: [CatalogueReader, RecordOutcomesHandler],
})
export class SubmissionsModule {}
