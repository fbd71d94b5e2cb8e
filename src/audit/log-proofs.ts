/** Proofs of single events, in the shapes in which others read them. */
import { Injectable } from '@nestjs/common';
import type { LogEntryView } from './audit.views.js';
import { LogSigner, type SignedHead } from './log-signer.js';
import { TransparencyLog } from './log.js';
import { parseVerifierKey } from './note.js';
import { encodeProof } from './proof.js';

@Injectable()
export class LogProofs {
  constructor(
    private readonly log: TransparencyLog,
    private readonly signer: LogSigner,
  ) {}

  /** The events are projected: a checkpoint is signed where none covers them. */
  async underCheckpoint(sequence: number): Promise<LogEntryView> {
    const checkpoint = await this.signer.covering(sequence + 1);
    return this.inTree(sequence, checkpoint.size, checkpoint);
  }

  async inTree(sequence: number, size: number, checkpoint?: SignedHead): Promise<LogEntryView> {
    const { entry, hashes } = await this.log.entryProof(sequence, size);
    const id = Buffer.from(parseVerifierKey(this.signer.verifierKeys[0]!).id, 'hex');
    return {
      logIndex: String(sequence),
      logId: { keyId: id.toString('base64') },
      canonicalizedBody: Buffer.from(entry).toString('base64'),
      inclusionProof: {
        logIndex: String(sequence),
        rootHash: this.log.rootAt(size).toString('base64'),
        treeSize: String(size),
        hashes: hashes.map((hash) => hash.toString('base64')),
        ...(checkpoint && { checkpoint: { envelope: checkpoint.text } }),
      },
    };
  }

  async asText(sequence: number): Promise<string> {
    const checkpoint = await this.signer.covering(sequence + 1);
    const { hashes } = await this.log.entryProof(sequence, checkpoint.size);
    return encodeProof(sequence, hashes, checkpoint.text);
  }
}
