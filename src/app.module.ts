import { Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { CheckpointMetrics } from './audit/checkpoint-metrics.js';
import { AuditModule } from './audit/audit.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { CoreModule } from './core.module.js';
import { ApiDocument, DocsController } from './http/docs.controller.js';
import { HealthController } from './http/health.controller.js';
import { MetricsController } from './http/metrics.controller.js';
import { Metrics } from './http/metrics.js';
import { ProjectionsController } from './projections/projections.controller.js';
import { ReportsModule } from './reports/reports.module.js';
import { SubmissionsModule } from './submissions/submissions.module.js';

@Module({
  imports: [CoreModule, CatalogueModule, SubmissionsModule, ReportsModule, AuditModule, AccessModule],
  controllers: [HealthController, MetricsController, DocsController, ProjectionsController],
  providers: [ApiDocument, Metrics, CheckpointMetrics],
})
export class AppModule {}
