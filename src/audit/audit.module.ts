import { Module } from '@nestjs/common';
import { CoreModule } from '../api/core.module.js';
import { AuditController } from './audit.controller.js';
import { LogProofs } from './log-proofs.js';
import { LogSigner } from './log-signer.js';
import { TransparencyLog } from './log.js';

@Module({
  imports: [CoreModule],
  controllers: [AuditController],
  providers: [TransparencyLog, LogSigner, LogProofs],
  exports: [TransparencyLog, LogSigner, LogProofs],
})
export class AuditModule {}
