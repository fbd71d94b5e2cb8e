import { Controller, Logger, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PassThrough, Readable } from 'node:stream';
import { Call, Tagged } from '../api/call.js';
import { parsePersonalDataOverride } from '../api/headers.js';
import { Problem } from '../api/problem.js';
import { problemOf } from '../api/problem.filter.js';
import { Recording, type ApiProvenance } from '../api/provenance.js';
import { parseProgrammeId } from '../kernel/ids.js';
import { parseOr } from '../kernel/refusals.js';
import { FileImport, type ImportProgress } from './file-import.js';
import type { FileFormat } from '../files/records.js';
import * as calls from './imports.calls.js';
import { ImportQueryDto, type ImportReceiptView } from './imports.dto.js';

/** Two lines of progress are so many rows apart. */
const PROGRESS_ROWS = 5_000;

@Tagged('Outcomes')
@Controller('v1')
export class ImportsController {
  private readonly logger = new Logger('ImportsController');

  constructor(private readonly imports: FileImport) {}

  @Post('programmes/:id/imports')
  @Call(calls.importFile)
  async importOutcomes(
    @Query() query: ImportQueryDto,
    @Req() request: FastifyRequest,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ImportReceiptView> {
    const { file, asked } = await this.receive(request, query, by);
    const receipt = await this.imports.carryOut(file, { ...asked, onProgress: () => undefined });
    void reply.status(receipt.recorded > 0 ? 201 : 200);
    return receipt;
  }

  @Post('programmes/:id/imports.ndjson')
  @Call(calls.importWithProgress)
  async importOutcomesWithProgress(
    @Query() query: ImportQueryDto,
    @Req() request: FastifyRequest,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { file, asked } = await this.receive(request, query, by);
    const lines = new PassThrough();
    const tell = (line: object) => void lines.write(`${JSON.stringify(line)}\n`);
    const onProgress = everySoOften((progress) => {
      // A client that has gone or does not read gets no progress, and nothing is kept for it.
      if (!lines.destroyed && !lines.writableNeedDrain) tell(progress);
    });
    void this.imports
      .carryOut(file, { ...asked, onProgress })
      .then(
        (receipt) => tell({ phase: 'done', receipt }),
        (error: unknown) => tell({ phase: 'failed', problem: this.problemOf(error, request.id) }),
      )
      .finally(() => lines.end());
    void reply.status(200).type('application/x-ndjson').header('x-accel-buffering', 'no');
    return lines;
  }

  /** The body is the raw stream, which no pipe must touch. */
  private async receive(request: FastifyRequest, { dryRun }: ImportQueryDto, by: ApiProvenance) {
    const override = parsePersonalDataOverride(request.headers['personal-data-override']);
    const format = formatOf(request);
    const { id } = request.params as { readonly id: string };
    const programmeId = parseOr(() => parseProgrammeId(id), 'programme');
    const file = await this.imports.receive(programmeId, request.body as Readable, by.actor);
    return { file, asked: { programmeId, format, dryRun: dryRun === 'true', override, by } };
  }

  private problemOf(error: unknown, requestId: string) {
    const problem = problemOf(error, requestId);
    // A Problem says that the ledger stops, which is nobody's fault.
    if (problem.status >= 500 && !(error instanceof Problem)) this.logger.error({ requestId, err: error });
    return problem;
  }
}

function formatOf({ body, headers }: FastifyRequest): FileFormat {
  if (!(body instanceof Readable)) {
    throw new Problem('unsupported-media-type', 'send the file as text/csv or application/x-ndjson');
  }
  return headers['content-type']!.toLowerCase().startsWith('text/csv') ? 'csv' : 'ndjson';
}

/** Passes on the first progress of a phase, and then one for each `PROGRESS_ROWS`. */
function everySoOften(tell: (progress: ImportProgress) => void): (progress: ImportProgress) => void {
  let last: ImportProgress | undefined;
  return (progress) => {
    if (last?.phase === progress.phase && progress.rows - last.rows < PROGRESS_ROWS) return;
    last = progress;
    tell(progress);
  };
}
