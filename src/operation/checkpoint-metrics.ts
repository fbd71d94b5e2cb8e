/**
 * Numbers that tell whether checkpoints keep up with the ledger: nobody outside can prove an event that no
 * checkpoint covers.
 */
import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics.js';
import { LogSigner } from '../audit/log-signer.js';

@Injectable()
export class CheckpointMetrics {
  constructor(metrics: Metrics, signer: LogSigner) {
    metrics.gauge(
      'checkpoint_size',
      'How many events the newest signed checkpoint covers.',
      () => signer.signedSize,
    );
    metrics.gauge(
      'checkpoint_age_seconds',
      'Since it was signed, or since the start where there is none; a ledger that does not grow signs none.',
      () => signer.signedAgoMs / 1_000,
    );
  }
}
