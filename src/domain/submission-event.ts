/** The events of a submission's stream. Each keeps its facts and its words apart. */
import type { DomainEvent } from '../kernel/event-data.js';
import type { Reasoned } from '../kernel/free-text.js';
import type { OutcomeId, ProgrammeId } from '../kernel/ids.js';
import type { ContentWords, RecordedOutcome, RecordedWords, ReplacedOutcome } from './outcome.js';

/** The outcome was first recorded at this sequence, its place among the values of a day. */
interface Placed extends RecordedOutcome {
  readonly firstSequence: number;
}

export type SubmissionEvent =
  /** The outcome's measure names the type. */
  | DomainEvent<'outcome@2', string, RecordedOutcome, RecordedWords>
  | DomainEvent<
      'outcome-corrected@2',
      'OutcomeCorrected',
      Placed & { readonly replaces: ReplacedOutcome },
      /** The words that stood are absent where there were none. */
      RecordedWords & Reasoned & { readonly replaces?: ContentWords }
    >
  | DomainEvent<
      'outcome-withdrawn@2',
      'OutcomeWithdrawn',
      {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        readonly replaces: ReplacedOutcome;
      },
      Reasoned
    >
  /** A withdrawal is taken back: the outcome stands as it stood before. */
  | DomainEvent<'outcome-reinstated@2', 'OutcomeReinstated', Placed, RecordedWords & Reasoned>
  | DomainEvent<
      'outcome-erased@2',
      'OutcomeErased',
      {
        readonly outcomeId: OutcomeId;
        readonly programmeId: ProgrammeId;
        /** An office gave the order to erase, not a person. */
        readonly authorisedBy: string;
        /** The events at these revisions of the stream lost their words. */
        readonly erased: readonly number[];
      },
      { readonly reason: string }
    >;

/** Each of these events makes a version of an outcome. */
export type OutcomeEvent = Exclude<SubmissionEvent, { readonly schema: 'outcome-erased@2' }>;
export type ErasureEvent = Extract<SubmissionEvent, { readonly schema: 'outcome-erased@2' }>;
