import { Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { AuditModule } from './audit/audit.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { CoreModule } from './api/core.module.js';
import { ApiDocument, DocsController } from './api/docs.controller.js';
import { HealthController } from './operation/health.controller.js';
import { MetricsController } from './operation/metrics.controller.js';
import { CheckpointMetrics, Metrics } from './operation/metrics.js';
import { ProjectionsController } from './operation/read-models.controller.js';
import { ReportsModule } from './reports/reports.module.js';
import { SubmissionsModule } from './submissions/submissions.module.js';

@Module({
  imports: [CoreModule, CatalogueModule, SubmissionsModule, ReportsModule, AuditModule, AccessModule],
  controllers: [HealthController, MetricsController, DocsController, ProjectionsController],
  providers: [ApiDocument, Metrics, CheckpointMetrics],
})
export class AppModule {}
