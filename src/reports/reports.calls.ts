/** This file describes the calls that ask for figures, outcomes and events. */
import { LAST_EVENT_ID } from '../api/call-headers.js';
import { NOT_MODIFIED, type CallSpec, type Content, type Described } from '../api/call-spec.js';
import { exampleOf } from '../api/call-examples.js';
import { refTo } from '../api/json-schema.js';
import type { ProblemCode } from '../api/problem.js';
import { UUID } from '../kernel/ids.js';
import { OUTCOME_ID, PROGRAMME_ID } from '../api/parameters.js';
import { ReadQueryDto } from '../api/query.dto.js';
import { CloudEvent, EventsPage } from '../api/event.views.js';
import { Changes } from '../figures/changes.views.js';
import { OutcomesPage } from '../figures/outcome.views.js';
import { ChangesQueryDto, OutcomesQueryDto, TotalsQueryDto } from '../figures/figures.dto.js';
import { EventsQueryDto, HistoryQueryDto, StreamQueryDto } from './reports.dto.js';
import { AnnualTotals, TotalSince } from '../figures/figures.views.js';
import { OutcomeHistory, SubmissionStory } from './story.views.js';

/** The problems of a question that names something unknown to the ledger. */
const UNKNOWN: readonly ProblemCode[] = ['measure-unknown', 'programme-unknown', 'organisation-unknown'];

export const annual = {
  may: { reporter: true, auditor: true, programme: 'in-query' },
  summary: 'Ask for a figure of each financial year',
  description:
    'As it stands, or as it was known at an instant (`asAt`) or after an event (`asAtSequence`). Years without ' +
    'data are `null`, never 0. What was counted, estimated and modelled is shown apart and together.',
  query: TotalsQueryDto,
  answers: {
    200: { says: 'The figures, year by year.', view: AnnualTotals, headers: ['ETag'] },
    ...NOT_MODIFIED,
  },
  problems: { 404: UNKNOWN },
} satisfies CallSpec<AnnualTotals>;

export const since = {
  may: { reporter: true, auditor: true, programme: 'in-query' },
  summary: 'Ask for one figure since a financial year',
  description:
    'The headline: by default since 2018-19, to the last year that was over. Only a `flow` adds up over years. ' +
    'Years in which nothing was recorded are named, not counted as 0.',
  query: TotalsQueryDto,
  answers: {
    200: { says: 'The figure, and the years that it lacks.', view: TotalSince, headers: ['ETag'] },
    ...NOT_MODIFIED,
  },
  problems: { 404: UNKNOWN, 422: ['not-summable-over-time', 'definition-break'] },
} satisfies CallSpec<TotalSince>;

const A_CHANGE = exampleOf(Changes) as Changes;
const CHANGES: Changes = { ...A_CHANGE, sequence: A_CHANGE.later.sequence };

export const changes = {
  may: { reporter: true, auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'Ask what changed in the figures between two moments',
  description:
    'A bridge for each year whose figure differs, and for the total of all years: opening, what was recorded, late, ' +
    'corrected, re-dated, moved, withdrawn or redefined, and closing. They add up. The events come in their order, ' +
    'each with what it changed; `docs/reports.md` says which line an event stands in.',
  query: ChangesQueryDto,
  answers: { 200: { says: 'What changed, and why.', view: Changes, example: CHANGES } },
  problems: { 404: UNKNOWN },
} satisfies CallSpec<Changes>;

export const outcomes = {
  may: { reporter: true, auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'List the outcomes behind a figure',
  description:
    'Asked with the same filters as the figure, those with `contributes: true` add up to it exactly. The first ' +
    'page fixes the moment: what is recorded meanwhile changes nothing on the later ones.',
  query: OutcomesQueryDto,
  answers: { 200: { says: 'A page of outcomes.', view: OutcomesPage } },
  problems: { 404: UNKNOWN },
} satisfies CallSpec<OutcomesPage>;

const EVENT = JSON.stringify(exampleOf(CloudEvent));

const LINES: Content = {
  schema: { type: 'string', description: 'A CloudEvent in JSON on each line.' },
  itemSchema: refTo(CloudEvent),
  example: `${EVENT}\n`,
  dtos: [CloudEvent],
};

const LIVE: Content = {
  schema: {
    type: 'string',
    description:
      'Server-sent events: `id` is the sequence, `event` the type, `data` a CloudEvent in JSON. A comment line ' +
      'goes out when nothing else does for 15 seconds.',
  },
  itemSchema: refTo(CloudEvent),
  example: `: connected\n\nid: 41\nevent: PatientBenefited\ndata: ${EVENT}\n\n`,
  dtos: [CloudEvent],
};

export const events = {
  may: { auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'Read the ledger in order',
  description: 'A page of CloudEvents 1.0.',
  query: EventsQueryDto,
  answers: { 200: { says: 'The events, in order of sequence.', view: EventsPage } },
  problems: { 404: ['programme-unknown'] },
} satisfies CallSpec<EventsPage>;

export const eventLines = {
  may: { auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'Read the ledger in order, an event on each line',
  description: 'CloudEvents 1.0, to the end where no `limit` is given.',
  query: EventsQueryDto,
  answers: {
    200: { says: 'The events, in order of sequence.', content: { 'application/x-ndjson': LINES } },
  },
  problems: { 404: ['programme-unknown'] },
} satisfies CallSpec;

export const stream = {
  may: { auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'Follow the ledger live',
  description: 'Every event from a sequence on, then each as it is recorded.',
  query: StreamQueryDto,
  headers: [LAST_EVENT_ID],
  answers: {
    200: {
      says: 'Events, until either side ends it.',
      content: { 'text/event-stream': LIVE },
      headers: ['X-Accel-Buffering'],
    },
  },
  problems: { 404: ['programme-unknown'] },
} satisfies CallSpec;

export const programmeHistory = {
  may: { auditor: true, programme: 'in-path' },
  logged: true,
  summary: 'Read every event that concerns a programme',
  params: { id: PROGRAMME_ID },
  query: HistoryQueryDto,
  answers: { 200: { says: 'A page of events, in order of sequence.', view: EventsPage } },
  problems: { 404: ['programme-unknown'] },
} satisfies CallSpec<EventsPage>;

const SUBMISSION_ID: Described = {
  description: 'The id of a submission: its idempotency key.',
  schema: { type: 'string', pattern: UUID.source },
  example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f',
};

export const submission = {
  may: { reporter: true, auditor: true, programme: 'when-found' },
  logged: true,
  summary: 'Read a submission, and what became of it',
  params: { id: SUBMISSION_ID },
  query: ReadQueryDto,
  answers: { 200: { says: 'Each outcome with all its versions.', view: SubmissionStory } },
  problems: { 404: ['submission-unknown'] },
} satisfies CallSpec<SubmissionStory>;

export const outcome = {
  may: { reporter: true, auditor: true, programme: 'when-found' },
  logged: true,
  summary: 'Read an outcome, and what became of it',
  params: { id: OUTCOME_ID },
  query: ReadQueryDto,
  answers: { 200: { says: 'The outcome with all its versions.', view: OutcomeHistory, headers: ['ETag'] } },
  problems: { 404: ['outcome-unknown'] },
} satisfies CallSpec<OutcomeHistory>;
