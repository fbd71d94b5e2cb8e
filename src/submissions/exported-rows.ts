/**
 * A file that was exported names the outcomes that its rows were. Those that the ledger holds are not recorded again.
 *
 * What the ledger holds it never loses, so that the same rows are left out whenever the file is sent.
 */
import { Injectable } from '@nestjs/common';
import type { OutcomeStory } from '../domain/outcome-story.js';
import { submissionDecider, type SubmissionState } from '../domain/submission.js';
import { parseOutcomeId, placeOfOutcome, type ProgrammeId, type StreamName } from '../kernel/ids.js';
import type { ProblemFault } from '../kernel/refusals.js';
import { EventStore } from '../store/event-store.js';
import { readState } from '../store/run-decider.js';
import type { FileRow } from './file-rows.js';
import { outcomeOfDto, OutcomeCheck } from './outcome-input.js';

/** The story of each row's outcome; a row that is new is not among them. */
export type HeldRows = ReadonlyMap<FileRow, OutcomeStory>;

@Injectable()
export class ExportedRows {
  constructor(
    private readonly store: EventStore,
    private readonly outcomes: OutcomeCheck,
  ) {}

  async heldAmong(rows: readonly FileRow[]): Promise<HeldRows> {
    const states = new Map<StreamName, SubmissionState>();
    const held = new Map<FileRow, OutcomeStory>();
    for (const row of rows) {
      const place = row.outcome === null ? null : placeOf(row.exported.id ?? '');
      if (place === null) continue;
      const { stream, line } = place;
      const state = states.get(stream) ?? (await readState(this.store, submissionDecider, stream));
      states.set(stream, state);
      const story = state.status === 'recorded' ? state.outcomes[line - 1] : undefined;
      if (story) held.set(row, story);
    }
    return held;
  }

  /** Faults of a row that is of another programme, or that says what its outcome never said. */
  async faultsOf(row: FileRow, programmeId: ProgrammeId, story?: OutcomeStory): Promise<ProblemFault[]> {
    if (row.outcome === null) return [];
    const { id, programme = programmeId } = row.exported;
    if (programme !== programmeId) {
      const detail = `the row is of ${programme}: leave its programme out to record it for ${programmeId}`;
      return [{ code: 'other-programme', detail, pointer: '/programme' }];
    }
    if (!story || (await this.outcomes.isTold(programmeId, story, outcomeOfDto(row.outcome)))) return [];
    const detail = `${id} is recorded, and never said this: correct it, or leave its id out to record another`;
    return [{ code: 'outcome-recorded', detail, pointer: '/id' }];
  }
}

/** A text that is no id of an outcome names nothing that the ledger holds. */
function placeOf(id: string) {
  try {
    const { submissionId, line } = parseOutcomeId(id);
    return placeOfOutcome(submissionId, line);
  } catch {
    return null;
  }
}
