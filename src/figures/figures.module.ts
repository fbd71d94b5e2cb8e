import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { ChangesReport } from './changes.js';
import { EntryReader } from './outcomes.js';
import { OutcomesReport } from './outcomes-report.js';
import { Percentages } from './percentages.js';
import { Totals } from './totals.js';

@Module({
  imports: [CoreModule],
  providers: [Totals, Percentages, EntryReader, OutcomesReport, ChangesReport],
  exports: [Totals, EntryReader, OutcomesReport, ChangesReport],
})
export class FiguresModule {}
