/** Proofs of single events, in the forms that other tools read. */
import { Injectable } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ProveEntries, type LogEntryView } from '../api/log-entry.views.js';
import { LogSigner, type SignedHead } from './log-signer.js';
import { TransparencyLog, type EntriesInTree } from './log.js';
import { rootOf } from '../tlog/merkle.js';
import { parseVerifierKey } from '../tlog/note.js';
import { encodeProof } from '../tlog/proof.js';

@QueryHandler(ProveEntries)
@Injectable()
export class LogProofs implements IQueryHandler<ProveEntries> {
  constructor(
    private readonly log: TransparencyLog,
    private readonly signer: LogSigner,
  ) {}

  execute({ first, count }: ProveEntries): Promise<LogEntryView[]> {
    return this.underCheckpoint(first, count);
  }

  /**
   * Proves `count` entries from a sequence on, all of which are projected; signs a checkpoint where none covers
   * them.
   */
  async underCheckpoint(first: number, count: number): Promise<LogEntryView[]> {
    const checkpoint = await this.signer.covering(first + count);
    return this.inTree({ first, count, size: checkpoint.size }, checkpoint);
  }

  async inTree({ first, count, size }: EntriesInTree, checkpoint?: SignedHead): Promise<LogEntryView[]> {
    const keyId = Buffer.from(parseVerifierKey(this.signer.verifierKeys[0]!).id, 'hex').toString('base64');
    const subtree = this.log.subtrees();
    const rootHash = rootOf(size, subtree).toString('base64');
    const proofs = await this.log.entryProofs({ first, count, size }, subtree);
    return proofs.map(({ index, entry, hashes }) => ({
      logIndex: String(index),
      logId: { keyId },
      canonicalizedBody: Buffer.from(entry).toString('base64'),
      inclusionProof: {
        logIndex: String(index),
        rootHash,
        treeSize: String(size),
        hashes: hashes.map((hash) => hash.toString('base64')),
        ...(checkpoint && { checkpoint: { envelope: checkpoint.text } }),
      },
    }));
  }

  async asText(sequence: number): Promise<string> {
    const checkpoint = await this.signer.covering(sequence + 1);
    const [proof] = await this.log.entryProofs({ first: sequence, count: 1, size: checkpoint.size });
    return encodeProof(sequence, proof!.hashes, checkpoint.text);
  }
}
