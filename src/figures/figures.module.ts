import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { ChangesReport } from './changes.js';
import { EntryReader } from './outcomes.js';
import { OutcomesReport } from './outcomes-report.js';
import { StatedFigures } from './stated-figures.js';
import { Totals } from './totals.js';

@Module({
  imports: [CoreModule],
  providers: [Totals, StatedFigures, EntryReader, OutcomesReport, ChangesReport],
  exports: [Totals, EntryReader, OutcomesReport, ChangesReport],
})
export class FiguresModule {}
