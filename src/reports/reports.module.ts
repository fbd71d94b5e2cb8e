import { Module } from '@nestjs/common';
import { CoreModule } from '../core.module.js';
import { ChangesReport } from './changes.js';
import { EventsController } from './events.controller.js';
import { History } from './history.js';
import { EntryReader } from './outcomes.js';
import { OutcomesReport } from './outcomes-report.js';
import { Percentages } from './percentages.js';
import { StoriesController } from './stories.controller.js';
import { SubmissionStories } from './submission-story.js';
import { AskReportHandler, Reports } from './reports.handler.js';
import { Totals } from './totals.js';
import { TotalsController } from './totals.controller.js';

@Module({
  imports: [CoreModule],
  controllers: [TotalsController, EventsController, StoriesController],
  providers: [
    AskReportHandler,
    Reports,
    Totals,
    Percentages,
    EntryReader,
    OutcomesReport,
    ChangesReport,
    History,
    SubmissionStories,
  ],
})
export class ReportsModule {}
