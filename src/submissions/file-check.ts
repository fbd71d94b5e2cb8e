/**
 * The first of the two passes over a file checks every row, in its form and by the rules, before any is recorded, and
 * tells every bad row (docs/adr/0005-imports-all-checked-first.md).
 *
 * The rules are not asked about rows that were recorded when the file was sent before, even if the programme has closed
 * since.
 */
import { Injectable } from '@nestjs/common';
import { Problem } from '../api/problem.js';
import type { PersonalDataOverride } from '../kernel/free-text.js';
import { fileSubmissionId, OUTCOMES_MAX, placeOfOutcome, type ProgrammeId } from '../kernel/ids.js';
import type { ProblemFault } from '../kernel/refusals.js';
import { ownTurn } from '../kernel/turns.js';
import { submissionDecider } from '../domain/submission.js';
import { EventStore } from '../store/event-store.js';
import { readState } from '../store/run-decider.js';
import type { FileFormat } from '../files/records.js';
import { ExportedRows, type HeldRows } from './exported-rows.js';
import { rowsOf, UnreadableFile, type FileFault, type FileRow } from './file-rows.js';
import type { SpooledFile } from './import-spool.js';
import { outcomeOfDto, OutcomeCheck } from './outcome-input.js';

/** Further faults are counted, but not told one by one. */
export const FILE_FAULTS_MAX = 1_000;

/**
 * The rows of one submission. This must never change: a file that was sent before would make other submissions, and
 * sending it again would count it twice.
 */
const ROWS_PER_CHUNK = OUTCOMES_MAX;

export function numberOf(chunk: number): number {
  return chunk * ROWS_PER_CHUNK + 1;
}

export interface Chunk {
  readonly index: number;
  readonly rows: readonly FileRow[];
}

/** Others have their turn between two chunks. */
export async function* chunksOf(file: SpooledFile, format: FileFormat): AsyncGenerator<Chunk> {
  let rows: FileRow[] = [];
  let index = 0;
  for await (const more of rowsOf(file.read(), format)) {
    for (const row of more) {
      if (rows.push(row) < ROWS_PER_CHUNK) continue;
      yield { index: index++, rows };
      rows = [];
      await ownTurn();
    }
  }
  if (rows.length > 0) yield { index, rows };
}

export interface CheckRequest {
  readonly file: SpooledFile;
  readonly format: FileFormat;
  readonly programmeId: ProgrammeId;
  readonly override: PersonalDataOverride | undefined;
  readonly signal: AbortSignal;
  readonly onRows: (rows: number) => void;
}

export interface CheckedFile {
  readonly rows: number;
  readonly chunks: number;
  readonly known: number;
}

@Injectable()
export class FileCheck {
  constructor(
    private readonly outcomes: OutcomeCheck,
    private readonly exported: ExportedRows,
    private readonly store: EventStore,
  ) {}

  async programme(programmeId: ProgrammeId): Promise<void> {
    await this.outcomes.rulesBroken(programmeId, [], undefined);
  }

  /** @throws Problem `invalid-file`, with the faults of every bad row */
  async check(request: CheckRequest): Promise<CheckedFile> {
    const { file, format, programmeId, override, signal, onRows } = request;
    const told: FileFault[] = [];
    let [rows, bad, known, chunks] = [0, 0, 0, 0];
    try {
      for await (const chunk of chunksOf(file, format)) {
        signal.throwIfAborted();
        const held = await this.exported.heldAmong(chunk.rows);
        const isKnown = await this.isRecorded(chunk, held, { sha256: file.sha256, programmeId });
        const faultsByRow = isKnown ? [] : await this.faultsOf(chunk.rows, held, { programmeId, override });
        faultsByRow.forEach((faults, index) => {
          if (faults.length > 0) bad++;
          const { line } = chunk.rows[index]!;
          for (const fault of faults) if (told.length < FILE_FAULTS_MAX) told.push({ line, ...fault });
        });
        rows += chunk.rows.length;
        known += isKnown ? chunk.rows.length : held.size;
        chunks++;
        onRows(rows);
        if (told.length === FILE_FAULTS_MAX) break;
      }
    } catch (error) {
      if (error instanceof UnreadableFile) throw invalidFile('the file cannot be read', error.faults);
      throw error;
    }
    if (rows === 0) {
      throw invalidFile('the file has no rows', [{ line: 1, code: 'required', detail: 'has no rows' }]);
    }
    if (bad > 0) {
      const [of, rest] =
        told.length < FILE_FAULTS_MAX ? ['', ''] : ['the first ', '; the rest was not looked at'];
      throw invalidFile(`${bad} of ${of}${rows} rows ${bad === 1 ? 'is' : 'are'} wrong${rest}`, told);
    }
    return { rows, chunks, known };
  }

  /** The rows that are recorded: all but those of an export whose outcomes the ledger holds. */
  async newAmong(rows: readonly FileRow[]): Promise<readonly FileRow[]> {
    const held = await this.exported.heldAmong(rows);
    return rows.filter((row) => !held.has(row));
  }

  private async faultsOf(
    rows: readonly FileRow[],
    held: HeldRows,
    { programmeId, override }: Pick<CheckRequest, 'programmeId' | 'override'>,
  ): Promise<readonly ProblemFault[][]> {
    const contents = rows.map((row) => (row.outcome && !held.has(row) ? outcomeOfDto(row.outcome) : null));
    const ofEach = await this.outcomes.rulesBroken(programmeId, contents, override);
    const faults: ProblemFault[][] = [];
    for (const [index, row] of rows.entries()) {
      const broken = row.outcome === null ? row.faults : ofEach[index]!.map(row.inFile);
      faults.push([...broken, ...(await this.exported.faultsOf(row, programmeId, held.get(row)))]);
    }
    return faults;
  }

  private async isRecorded(
    { index, rows }: Chunk,
    held: HeldRows,
    { sha256, programmeId }: { readonly sha256: string; readonly programmeId: ProgrammeId },
  ): Promise<boolean> {
    const { stream } = placeOfOutcome(fileSubmissionId(programmeId, sha256), numberOf(index));
    const state = await readState(this.store, submissionDecider, stream);
    if (state.status === 'new' || rows.some(({ outcome }) => outcome === null)) return false;
    const outcomes = rows.flatMap((row) => (held.has(row) ? [] : [outcomeOfDto(row.outcome!)]));
    return this.outcomes.isRecorded(state, programmeId, outcomes);
  }
}

function invalidFile(what: string, faults: readonly FileFault[]): Problem {
  return new Problem('invalid-file', `${what}; nothing was recorded`, {
    errors: faults.slice(0, FILE_FAULTS_MAX),
  });
}
