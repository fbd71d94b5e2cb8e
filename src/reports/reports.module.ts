import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { FiguresModule } from '../figures/figures.module.js';
import { AnnualTotalsHandler } from './annual-totals.js';
import { ChangesHandler } from './changes-of-totals.js';
import { EventsController } from './events.controller.js';
import { OutcomesHandler } from './outcomes-behind.js';
import { StoriesController } from './stories.controller.js';
import { SubmissionStories } from './submission-story.js';
import { TotalSinceHandler } from './total-since.js';
import { TotalsController } from './totals.controller.js';

@Module({
  imports: [CoreModule, FiguresModule],
  controllers: [TotalsController, EventsController, StoriesController],
  providers: [AnnualTotalsHandler, TotalSinceHandler, ChangesHandler, OutcomesHandler, SubmissionStories],
})
export class ReportsModule {}
