import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { FiguresModule } from '../figures/figures.module.js';
import { AuditController } from './audit.controller.js';
import { BundleController } from './bundle.controller.js';
import { Bundles } from './bundle.js';
import { FigureProofs, ProveFigureHandler } from './figure-proof.js';
import { LogProofs } from './log-proofs.js';
import { LogSigner } from './log-signer.js';
import { TransparencyLog } from './log.js';

@Module({
  imports: [CoreModule, FiguresModule],
  controllers: [AuditController, BundleController],
  providers: [TransparencyLog, LogSigner, LogProofs, Bundles, FigureProofs, ProveFigureHandler],
  exports: [LogSigner],
})
export class AuditModule {}
