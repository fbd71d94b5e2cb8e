/**
 * Calls by which anyone with a key checks the log: checkpoints, the key that verifies them, tiles and proofs.
 */
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { refuseOthers, type ProgrammeScope } from '../domain/role.js';
import { Call, Tagged } from '../api/call.js';
import { NEVER_CHANGES } from '../api/call-headers.js';
import { Problem } from '../api/problem.js';
import { Within } from '../api/provenance.js';
import { Refused } from '../kernel/refusals.js';
import { UUID } from '../kernel/ids.js';
import * as calls from './audit.calls.js';
import { ReadQueryDto } from '../api/query.dto.js';
import { CheckpointQueryDto, ConsistencyQueryDto, EntryProofQueryDto } from './audit.dto.js';
import type { LogEntryView } from '../api/log-entry.views.js';
import type { ConsistencyView } from './audit.views.js';
import { LogSigner } from './log-signer.js';
import { TransparencyLog } from './log.js';
import { LogProofs } from './log-proofs.js';
import { parseTilePath, TILE_WIDTH, type TileAddress } from '../tlog/tiles.js';

const CHANGES = 'no-cache';
/** An answer about entries that no checkpoint covers yet must not be kept. */
const NOT_SIGNED = 'no-store';

@Tagged('Audit')
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly log: TransparencyLog,
    private readonly signer: LogSigner,
    private readonly proofs: LogProofs,
  ) {}

  @Get('checkpoint')
  @Call(calls.checkpoint)
  async readCheckpoint(
    @Query() { minSequence }: CheckpointQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { text } =
      minSequence === undefined
        ? await this.signer.current()
        : await this.signer.covering(Number(minSequence) + 1);
    void reply.type('text/plain; charset=utf-8').header('cache-control', CHANGES);
    return text;
  }

  @Get('key')
  @Call(calls.key)
  readLogKey(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.type('text/plain; charset=utf-8').header('cache-control', CHANGES);
    return this.signer.verifierKeys.map((key) => `${key}\n`).join('');
  }

  @Get('tile/:level/*')
  @Call(calls.tile)
  async readTile(
    @Param() params: Readonly<Record<string, string | string[]>>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const index = [params['*'] ?? ''].flat().join('/');
    const address = parseTilePath(`${params['level'] as string}/${index}`);
    const tile = address && (await this.log.tile(address));
    if (!tile) throw new Problem('not-found', 'the log has no such tile: see the size in its checkpoint');
    void reply.type('application/octet-stream').header('cache-control', this.cachingOf(sizeUpTo(address)));
    return tile;
  }

  @Get('events/:id/proof')
  @Call(calls.proof)
  async proveEvent(
    @Param('id') id: string,
    @Query() { treeSize }: EntryProofQueryDto,
    @Within() within: ProgrammeScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LogEntryView> {
    const sequence = await this.sequenceOf(id, within);
    // The key that the answer names may change, even where the proof does not.
    void reply.header('cache-control', CHANGES);
    if (treeSize === undefined) return (await this.proofs.underCheckpoint(sequence, 1))[0]!;
    const size = this.sizeOf(treeSize, 'treeSize');
    if (size <= sequence) throw wrongSize('treeSize', `a tree of ${size} has no event ${sequence}`);
    return (await this.proofs.inTree({ first: sequence, count: 1, size }))[0]!;
  }

  @Get('events/:id/tlog-proof')
  @Call(calls.proofText)
  async proveEventAsText(
    @Param('id') id: string,
    @Query() _query: ReadQueryDto,
    @Within() within: ProgrammeScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const sequence = await this.sequenceOf(id, within);
    void reply.type('text/plain; charset=utf-8').header('cache-control', CHANGES);
    return this.proofs.asText(sequence);
  }

  @Get('consistency')
  @Call(calls.consistency)
  async proveConsistency(
    @Query() { from, to }: ConsistencyQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConsistencyView> {
    const [earlier, later] = [
      this.sizeOf(from, 'from'),
      to === undefined ? (await this.signer.current()).size : this.sizeOf(to, 'to'),
    ];
    if (earlier > later) throw wrongSize('from', `a tree of ${later} does not contain one of ${earlier}`);
    const base64 = (hash: Buffer) => hash.toString('base64');
    const view = {
      from: earlier,
      to: later,
      fromRootHash: base64(this.log.rootAt(earlier)),
      rootHash: base64(this.log.rootAt(later)),
      hashes: this.log.consistency(earlier, later).map(base64),
    };
    void reply.header('cache-control', to === undefined ? CHANGES : this.cachingOf(later));
    return view;
  }

  /** An answer about a signed size never changes. The header is set last, because an answer that goes wrong must not be kept. */
  private cachingOf(size: number): string {
    return size <= this.signer.signedSize ? NEVER_CHANGES : NOT_SIGNED;
  }

  private async sequenceOf(id: string, within: ProgrammeScope): Promise<number> {
    const known = /^\d{1,16}$/.test(id) && Number(id) < this.log.size ? Number(id) : null;
    const sequence = UUID.test(id) ? await this.log.sequenceOf(id) : known;
    if (sequence === null) {
      throw new Refused({ code: 'event-unknown', detail: 'there is no event with that id or sequence' });
    }
    if (within) refuseOthers(within, this.log.programmeOf(sequence));
    return sequence;
  }

  private sizeOf(text: string, parameter: string): number {
    const size = Number(text);
    if (size <= this.log.size) return size;
    throw wrongSize(parameter, `the log has ${this.log.size} entries, not ${size}`);
  }
}

/** The least size of a tree that has all hashes of a tile. */
function sizeUpTo({ level, index, width }: TileAddress): number {
  return (index * TILE_WIDTH + width) * TILE_WIDTH ** (level === 'entries' ? 0 : level);
}

function wrongSize(parameter: string, detail: string): Problem {
  const errors = [{ code: 'range', detail, pointer: `/${parameter}` }];
  return new Problem('bad-query', detail, { errors });
}
