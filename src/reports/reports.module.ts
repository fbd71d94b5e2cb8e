import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BundleController } from '../audit/bundle.controller.js';
import { Bundles } from '../audit/bundle.js';
import { FigureProofs } from '../audit/figure-proof.js';
import { CoreModule } from '../api/core.module.js';
import { ChangesReport } from '../figures/changes.js';
import { EventsController } from './events.controller.js';
import { History } from '../read-models/history.js';
import { EntryReader } from '../figures/outcomes.js';
import { OutcomesReport } from '../figures/outcomes-report.js';
import { Percentages } from '../figures/percentages.js';
import { StoriesController } from './stories.controller.js';
import { SubmissionStories } from './submission-story.js';
import { AskReportHandler, Reports } from './reports.handler.js';
import { Totals } from '../figures/totals.js';
import { TotalsController } from './totals.controller.js';

@Module({
  imports: [CoreModule, AuditModule],
  controllers: [TotalsController, EventsController, StoriesController, BundleController],
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
    FigureProofs,
    Bundles,
  ],
})
export class ReportsModule {}
