/** A submission's own stream tells what was submitted, and what became of each outcome. */
import { Injectable } from '@nestjs/common';
import {
  outcomeIdOf,
  placeOfOutcome,
  submissionStream,
  type StreamName,
  type SubmissionId,
} from '../kernel/ids.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { ReadModels } from '../read-models/read-models.js';
import { EventStore, type RecordedEvent } from '../store/event-store.js';
import { upcast } from '../domain/upcast.js';
import { submissionDecider, type RecordedSubmission, type SubmissionState } from '../domain/submission.js';
import type { OutcomeStory } from '../domain/outcome-story.js';
import type { OutcomeEvent, SubmissionEvent } from '../domain/submission-event.js';
import { outcomeView } from '../figures/outcomes.js';
import type {
  Erasure,
  OutcomeHistory,
  OutcomeStatus,
  OutcomeVersion,
  SubmissionStory,
} from './story.views.js';

const STATUSES: Readonly<Record<OutcomeEvent['schema'], OutcomeStatus>> = {
  'outcome@2': 'standing',
  'outcome-corrected@2': 'corrected',
  'outcome-withdrawn@2': 'withdrawn',
  'outcome-reinstated@2': 'reinstated',
};

@Injectable()
export class SubmissionStories {
  constructor(
    private readonly store: EventStore,
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueView,
  ) {}

  /** @throws Refused where there is no such submission */
  async submission(submissionId: SubmissionId): Promise<SubmissionStory> {
    const { state, history } = await this.read(submissionStream(submissionId));
    if (state.status === 'new') {
      throw new Refused(thereIsNo('submission', submissionId));
    }
    const outcomes: OutcomeHistory[] = [];
    for (const [index, story] of state.outcomes.entries()) {
      const id = outcomeIdOf(submissionId, index + 1);
      outcomes.push(await this.historyOf({ id, story, erasures: state.erasures }, history));
    }
    const { recordedAt, actor } = history[0]!.metadata;
    const sequence = outcomes.at(-1)!.versions[0]!.sequence;
    return { submission: submissionId, programme: state.programmeId, recordedAt, actor, sequence, outcomes };
  }

  /** @throws Refused where there is no such outcome */
  async outcome(
    submissionId: SubmissionId,
    line: number,
  ): Promise<{ programme: string; history: OutcomeHistory }> {
    const place = placeOfOutcome(submissionId, line);
    const { state, history } = await this.read(place.stream);
    const id = outcomeIdOf(submissionId, line);
    const story = state.status === 'recorded' ? state.outcomes[place.line - 1] : undefined;
    if (state.status !== 'recorded' || !story) {
      throw new Refused(thereIsNo('outcome', id));
    }
    const { programmeId, erasures } = state;
    return { programme: programmeId, history: await this.historyOf({ id, story, erasures }, history) };
  }

  private async read(stream: StreamName) {
    const history = await this.store.readStream(stream);
    let state: SubmissionState = submissionDecider.initialState;
    for (const event of history) {
      state = submissionDecider.evolve(state, upcast(event) as SubmissionEvent, event.revision);
    }
    return { state, history };
  }

  private async historyOf(
    {
      id,
      story,
      erasures: all,
    }: { id: string; story: OutcomeStory; erasures: RecordedSubmission['erasures'] },
    history: readonly RecordedEvent[],
  ): Promise<OutcomeHistory> {
    const versions: OutcomeVersion[] = [];
    for (const [version, { event: told, revision, erased }] of story.entries()) {
      const { event, sequence, recordedAt, actor } = await this.placeOf(revision, history);
      versions.push({
        version,
        sequence,
        type: told.type,
        recordedAt,
        actor,
        ...(told.schema !== 'outcome@2' && told.data.words && { reason: told.data.words.reason }),
        ...(told.schema !== 'outcome-withdrawn@2' && {
          outcome: outcomeView(told.data, {
            event,
            sequence,
            decimals: this.decimalsOf(told.data.facts.measureId),
          }),
        }),
        ...(erased && { erased }),
      });
    }
    const erasures: Erasure[] = [];
    for (const { event, revision } of all.filter((one) => one.event.data.facts.outcomeId === id)) {
      const { sequence, recordedAt, actor } = await this.placeOf(revision, history);
      const { facts, words } = event.data;
      const { authorisedBy } = facts;
      erasures.push({ sequence, recordedAt, actor, authorisedBy, ...(words && { reason: words.reason }) });
    }
    const status = STATUSES[story.at(-1)!.event.schema];
    return { id, version: story.length - 1, status, versions, ...(erasures.length > 0 && { erasures }) };
  }

  private decimalsOf(measure: string): number {
    return this.catalogue.find('measure', measure)!.decimals;
  }

  private async placeOf(revision: number, history: readonly RecordedEvent[]) {
    const event = history.find((one) => one.revision === revision)!;
    const { recordedAt, actor } = event.metadata;
    return { event, sequence: await this.readModels.sequenceOf(event.position), recordedAt, actor };
  }
}
