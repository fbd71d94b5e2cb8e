/**
 * A programme is a funded piece of work with outcomes. It is registered once, amended, closed and reopened; outcomes
 * are recorded while it is open, for dates inside its life.
 */
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { eventData, type EventData, type DomainEvent } from '../kernel/event-data.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import { admitTexts, type Overridden, type Overriding, type Reasoned } from '../kernel/free-text.js';
import type { ProgrammeId } from '../kernel/ids.js';
import { amended, picked, type ChangesTo } from '../kernel/picked.js';
import { Refused, type Refusal, thereIsNo } from '../kernel/refusals.js';
import { nameFaults, type LookAlike } from './likeness.js';

export interface ProgrammeDetails {
  readonly name: string;
  readonly startedOn: CalendarDate;
  /** Whether a return is accepted by another than who drafted it; left out, it is not. */
  readonly needsSecondPerson?: boolean;
  readonly tags?: Tags;
  readonly description?: string;
}

/** Standing outcomes whose periods a life with another first or last day would leave outside. */
export interface StandingOutside {
  readonly outcomes: number;
  /** The first of the days before that life, or the last of those after it. */
  readonly day: CalendarDate;
}
export interface LeftOutside {
  readonly from?: StandingOutside | undefined;
  readonly to?: StandingOutside | undefined;
}

/** Keys with a value each, slugs both, by which totals and lists filter and group. */
export type Tags = Readonly<Record<string, string>>;

type RegisteredFacts = Omit<ProgrammeDetails, 'description'> & { readonly programmeId: ProgrammeId };
type RegisteredWords = Overridden & Pick<ProgrammeDetails, 'description'>;

export type ProgrammeEvent =
  | DomainEvent<'programme-registered@2', 'ProgrammeRegistered', RegisteredFacts, RegisteredWords>
  | DomainEvent<'programme-amended@2', 'ProgrammeAmended', RegisteredFacts, RegisteredWords & Reasoned>
  | DomainEvent<
      'programme-closed@2',
      'ProgrammeClosed',
      { readonly programmeId: ProgrammeId; readonly closedOn: CalendarDate },
      Reasoned
    >
  | DomainEvent<'programme-reopened@2', 'ProgrammeReopened', { readonly programmeId: ProgrammeId }, Reasoned>;

export type ProgrammeCommand = Overriding & ProgrammeRequest;
type ProgrammeRequest =
  | {
      readonly kind: 'register-programme';
      readonly programmeId: ProgrammeId;
      readonly details: ProgrammeDetails;
      readonly alike?: LookAlike | undefined;
    }
  | {
      readonly kind: 'amend-programme';
      readonly programmeId: ProgrammeId;
      readonly changes: ChangesTo<ProgrammeDetails>;
      readonly outside?: LeftOutside;
      readonly alike?: LookAlike | undefined;
      readonly reason: string;
    }
  | {
      readonly kind: 'close-programme';
      readonly programmeId: ProgrammeId;
      readonly closedOn: CalendarDate;
      readonly today: CalendarDate;
      readonly outside?: LeftOutside;
      readonly reason: string;
    }
  | { readonly kind: 'reopen-programme'; readonly programmeId: ProgrammeId; readonly reason: string };

export interface Programme extends ProgrammeDetails {
  readonly status: 'open' | 'closed';
  readonly id: ProgrammeId;
  readonly closedOn?: CalendarDate;
  /** The programme as first registered. Registering it again like that succeeds, whatever was amended since. */
  readonly registeredAs: ProgrammeDetails;
}
export type ProgrammeState = { readonly status: 'unregistered' } | Programme;

function decide(state: ProgrammeState, command: ProgrammeCommand): readonly ProgrammeEvent[] {
  const { programmeId } = command;
  if (command.kind === 'register-programme') {
    if (state.status === 'unregistered') {
      const { facts, words } = partsOf(command.details);
      const texts = { name: facts.name, ...words };
      const kept = admitTexts(texts, command, nameFaults(command.alike, '/name'));
      const data = eventData({ programmeId, ...facts }, { ...words, ...kept });
      return [{ schema: 'programme-registered@2', type: 'ProgrammeRegistered', data }];
    }
    if (same(state.registeredAs, command.details) || same(detailsOf(state), command.details)) return [];
    throw new Refused({
      code: 'programme-exists',
      detail: `programme ${programmeId} exists with other content`,
    });
  }
  if (state.status === 'unregistered') throw new Refused(thereIsNo('programme', programmeId));
  switch (command.kind) {
    case 'amend-programme':
      return amend(state, command);
    case 'close-programme':
      return close(state, command);
    case 'reopen-programme': {
      if (state.status === 'open') return [];
      const { reason } = command;
      const data = { facts: { programmeId }, words: { reason, ...admitTexts({ reason }, command) } };
      return [{ schema: 'programme-reopened@2', type: 'ProgrammeReopened', data }];
    }
    default:
      return unreachable(command);
  }
}

function amend(state: Programme, command: CommandOf<'amend-programme'>): readonly ProgrammeEvent[] {
  const { programmeId, changes, reason, outside, alike } = command;
  if (state.status === 'closed') throw closed(state);
  const details = amended(detailsOf(state), changes);
  if (same(detailsOf(state), details)) return [];
  const { facts, words } = partsOf(details);
  const texts = { name: facts.name, ...words, reason };
  const faults = [...lifeFaults(outside, { from: '/startedOn' }), ...nameFaults(alike, '/name')];
  const kept = admitTexts(texts, command, faults);
  const data = { facts: { programmeId, ...facts }, words: { ...words, reason, ...kept } };
  return [{ schema: 'programme-amended@2', type: 'ProgrammeAmended', data }];
}

function close(state: Programme, command: CommandOf<'close-programme'>): readonly ProgrammeEvent[] {
  const { programmeId, closedOn, today, reason, outside } = command;
  if (state.status === 'closed') {
    // Closing twice on the same day changes nothing, so a retried request is safe.
    if (state.closedOn === closedOn) return [];
    throw closed(state);
  }
  const faults: Refusal[] = [];
  if (closedOn < state.startedOn || closedOn > today) {
    const detail = `a programme closes between its start, ${state.startedOn}, and today, ${today}`;
    faults.push({ code: 'outside-programme-life', detail, pointer: '/closedOn' });
  }
  faults.push(...lifeFaults(outside, { to: '/closedOn' }));
  const words = { reason, ...admitTexts({ reason }, command, faults) };
  const data = { facts: { programmeId, closedOn }, words };
  return [{ schema: 'programme-closed@2', type: 'ProgrammeClosed', data }];
}

/** @param pointers to the days of the life that are told */
export function lifeFaults(
  { from, to }: LeftOutside = {},
  pointers: { readonly from?: string; readonly to?: string },
): Refusal[] {
  const fault = ({ outcomes, day }: StandingOutside, where: string, pointer?: string): Refusal => {
    const stand = outcomes === 1 ? 'an outcome stands' : `${outcomes} outcomes stand`;
    const detail = `${stand} ${where} on ${day}: correct or withdraw what lies outside first`;
    return { code: 'outcomes-outside-life', detail, ...(pointer !== undefined && { pointer }) };
  };
  return [
    ...(from ? [fault(from, 'before that day, the first', pointers.from)] : []),
    ...(to ? [fault(to, 'after that day, the last', pointers.to)] : []),
  ];
}

type CommandOf<Kind> = Extract<ProgrammeCommand, { kind: Kind }>;

function closed(state: Programme): Refused {
  return new Refused({
    code: 'programme-closed',
    detail: `programme ${state.id} closed on ${state.closedOn}: reopen it first`,
  });
}

const DETAILS = ['name', 'startedOn', 'needsSecondPerson', 'tags', 'description'] as const;

function detailsOf(programme: ProgrammeDetails): ProgrammeDetails {
  return picked(programme, DETAILS);
}

function detailsIn({ facts, words }: EventData<RegisteredFacts, RegisteredWords>): ProgrammeDetails {
  return detailsOf({ ...facts, ...words });
}

function partsOf({ description, ...facts }: ProgrammeDetails) {
  return { facts, words: description === undefined ? {} : { description } };
}

function same(one: ProgrammeDetails, other: ProgrammeDetails): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

function evolve(state: ProgrammeState, event: ProgrammeEvent): ProgrammeState {
  switch (event.schema) {
    case 'programme-registered@2': {
      const details = detailsIn(event.data);
      return { status: 'open', id: event.data.facts.programmeId, ...details, registeredAs: details };
    }
    case 'programme-amended@2': {
      const { id, registeredAs } = state as Programme;
      return { status: 'open', id, ...detailsIn(event.data), registeredAs };
    }
    case 'programme-closed@2':
      return { ...(state as Programme), status: 'closed', closedOn: event.data.facts.closedOn };
    case 'programme-reopened@2': {
      const { closedOn: _, ...open } = state as Programme;
      return { ...open, status: 'open' };
    }
    default:
      return unreachable(event);
  }
}

export const programmeDecider: Decider<ProgrammeState, ProgrammeCommand, ProgrammeEvent> = {
  initialState: { status: 'unregistered' },
  decide,
  evolve,
};
