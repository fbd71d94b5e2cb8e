/**
 * Imports a file: receives it, checks all of it, then records it in submissions of 500 rows each.
 *
 * The id of each submission follows from the programme, the file's bytes and the place in it. So a file that is sent
 * again finds what is recorded, adds what is not, and counts nothing twice: an import has no other state. Once a file
 * has arrived whole it is carried out, whether or not the client waits; only the end of the process stops it, between
 * two submissions.
 */
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Readable } from 'node:stream';
import { assert } from '../kernel/assert.js';
import type { PersonalDataOverride } from '../kernel/free-text.js';
import { fileSubmissionId, type ProgrammeId } from '../kernel/ids.js';
import type { Provenance } from '../kernel/provenance.js';
import { asking } from '../kernel/turns.js';
import { chunksOf, FileCheck, numberOf, type Chunk } from './file-check.js';
import type { FileFormat } from '../files/records.js';
import { collectEarly, collectWhenV8ThinksFit } from '../memory.js';
import { ImportSpool, ledgerStops, type SpooledFile } from './import-spool.js';
import type { ImportReceiptView } from './imports.dto.js';
import { outcomeOfDto } from './outcome-input.js';
import { RecordOutcomes, type RecordOutcomesResult } from './submissions.handler.js';

export interface ImportRequest {
  readonly programmeId: ProgrammeId;
  readonly format: FileFormat;
  readonly dryRun: boolean;
  readonly override: PersonalDataOverride | undefined;
  readonly by: Omit<Provenance, 'source'>;
  readonly onProgress: (progress: ImportProgress) => void;
}

export type ImportProgress =
  | { readonly phase: 'checking'; readonly rows: number }
  | { readonly phase: 'recording'; readonly rows: number; readonly of: number };

/** One submission reaches the disk while the next is made ready. */
const IN_FLIGHT_MAX = 2;

const NOTHING_NEW = Promise.resolve({ repeated: true, outcomes: [] });

@Injectable()
export class FileImport implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    private readonly commands: CommandBus,
    private readonly spool: ImportSpool,
    private readonly checker: FileCheck,
  ) {}

  /** @throws Refused where the programme does not exist, before a byte is read */
  async receive(programmeId: ProgrammeId, upload: Readable, actor: string): Promise<SpooledFile> {
    await this.checker.programme(programmeId);
    return this.track(this.spool.receive(upload, actor, this.closing.signal));
  }

  /** @throws Problem `invalid-file`, and then nothing is recorded */
  carryOut(file: SpooledFile, request: ImportRequest): Promise<ImportReceiptView> {
    const work = () => this.checkAndRecord(file, request).finally(() => file.remove());
    // A file that has arrived whole is recorded, even if nobody waits for the answer; a trial ends with its caller.
    const goesOn = { actor: request.by.actor, hasGone: () => false };
    return this.track(request.dryRun ? work() : asking.run(goesOn, work));
  }

  /** Submissions in flight end before the store closes, and no more begin. */
  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.running);
  }

  private async checkAndRecord(file: SpooledFile, request: ImportRequest): Promise<ImportReceiptView> {
    const { programmeId, format, dryRun, override, onProgress } = request;
    const { signal } = this.closing;
    const { rows, chunks, known } = await this.checker
      .check({
        file,
        format,
        programmeId,
        override,
        signal,
        onRows: (checked) => onProgress({ phase: 'checking', rows: checked }),
      })
      .catch((error: unknown) => Promise.reject(signal.aborted ? ledgerStops() : (error as Error)));
    const receipt = { file: file.sha256, programme: programmeId, rows, submissions: chunks, dryRun };
    if (dryRun) return { ...receipt, recorded: 0, repeated: known, sequence: null };
    const { recorded, sequence } = await this.record(file, rows, request);
    return { ...receipt, recorded, repeated: rows - recorded, sequence: sequence < 0 ? null : sequence };
  }

  private async record(file: SpooledFile, of: number, request: ImportRequest) {
    const inFlight = new Set<Promise<void>>();
    const failures: unknown[] = [];
    let [recorded, done, sequence] = [0, 0, -1];
    for await (const chunk of chunksOf(file, request.format)) {
      if (this.closing.signal.aborted) failures.push(ledgerStops());
      if (failures.length > 0) break;
      const rows = await this.checker.newAmong(chunk.rows);
      const recording = (rows.length > 0 ? this.submit(file, { ...chunk, rows }, request) : NOTHING_NEW)
        .then(({ repeated, outcomes }) => {
          if (!repeated) recorded += outcomes.length;
          sequence = Math.max(sequence, outcomes.at(-1)?.sequence ?? -1);
          done += chunk.rows.length;
          request.onProgress({ phase: 'recording', rows: done, of });
        })
        .catch((error: unknown) => void failures.push(error))
        .finally(() => inFlight.delete(recording));
      inFlight.add(recording);
      if (inFlight.size === IN_FLIGHT_MAX) await Promise.race(inFlight);
    }
    // All submissions in flight have ended before a failure is told.
    await Promise.all(inFlight);
    if (failures.length > 0) throw failures[0];
    assert(done === of, `${of} rows were checked, but ${done} recorded`);
    return { recorded, sequence };
  }

  private submit(
    { sha256 }: SpooledFile,
    { index, rows }: Chunk,
    { programmeId, by, override }: ImportRequest,
  ): Promise<Pick<RecordOutcomesResult, 'repeated' | 'outcomes'>> {
    const outcomes = rows.map(({ line, outcome }) => {
      assert(outcome !== null, `line ${line} was checked, and is wrong now`);
      return outcomeOfDto(outcome);
    });
    // The lines outlive the rows, which take far more memory.
    const lines = rows.map(({ line }) => line);
    const source = (row: number) => `file:${sha256}#${lines[row]}`;
    const submissionId = fileSubmissionId(programmeId, sha256);
    const firstNumber = numberOf(index);
    const request = { submissionId, firstNumber, programmeId, outcomes, personalDataOverride: override };
    return this.commands.execute(new RecordOutcomes({ kind: 'submit', ...request }, { ...by, source }));
  }

  private track<Result>(work: Promise<Result>): Promise<Result> {
    this.running.add(work);
    collectEarly();
    const forget = () => {
      this.running.delete(work);
      if (this.running.size === 0) collectWhenV8ThinksFit();
    };
    work.then(forget, forget);
    return work;
  }
}
