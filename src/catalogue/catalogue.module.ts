import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { CatalogueController } from './catalogue.controller.js';
import { ChangeCatalogueHandler } from './catalogue.handler.js';

@Module({
  imports: [CoreModule],
  controllers: [CatalogueController],
  providers: [ChangeCatalogueHandler],
})
export class CatalogueModule {}
