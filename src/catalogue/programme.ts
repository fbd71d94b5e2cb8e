/**
 * A programme: a funded piece of work with outcomes. It is registered once, amended, closed and reopened;
 * outcomes are recorded while it is open, for dates inside its life.
 */
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import type { ProgrammeId } from '../kernel/ids.js';
import { Refused } from '../kernel/refusals.js';

export interface ProgrammeDetails {
  readonly name: string;
  readonly startedOn: CalendarDate;
  readonly description?: string;
}

export type ProgrammeEvent =
  | {
      readonly schema: 'programme-registered@1';
      readonly type: 'ProgrammeRegistered';
      readonly data: ProgrammeDetails & { readonly programmeId: ProgrammeId };
    }
  | {
      readonly schema: 'programme-amended@1';
      readonly type: 'ProgrammeAmended';
      readonly data: ProgrammeDetails & { readonly programmeId: ProgrammeId; readonly reason: string };
    }
  | {
      readonly schema: 'programme-closed@1';
      readonly type: 'ProgrammeClosed';
      readonly data: {
        readonly programmeId: ProgrammeId;
        readonly closedOn: CalendarDate;
        readonly reason: string;
      };
    }
  | {
      readonly schema: 'programme-reopened@1';
      readonly type: 'ProgrammeReopened';
      readonly data: { readonly programmeId: ProgrammeId; readonly reason: string };
    };

export type ProgrammeCommand =
  | {
      readonly kind: 'register-programme';
      readonly programmeId: ProgrammeId;
      readonly details: ProgrammeDetails;
    }
  | {
      readonly kind: 'amend-programme';
      readonly programmeId: ProgrammeId;
      readonly details: ProgrammeDetails;
      readonly reason: string;
    }
  | {
      readonly kind: 'close-programme';
      readonly programmeId: ProgrammeId;
      readonly closedOn: CalendarDate;
      readonly today: CalendarDate;
      readonly reason: string;
    }
  | { readonly kind: 'reopen-programme'; readonly programmeId: ProgrammeId; readonly reason: string };

export interface Programme extends ProgrammeDetails {
  readonly status: 'open' | 'closed';
  readonly id: ProgrammeId;
  readonly closedOn?: CalendarDate;
  /** As first registered: repeating that is a success for ever, whatever was amended since. */
  readonly registeredAs: ProgrammeDetails;
}
export type ProgrammeState = { readonly status: 'unregistered' } | Programme;

function decide(state: ProgrammeState, command: ProgrammeCommand): readonly ProgrammeEvent[] {
  const { programmeId } = command;
  if (command.kind === 'register-programme') {
    const data = { programmeId, ...command.details };
    if (state.status === 'unregistered')
      return [{ schema: 'programme-registered@1', type: 'ProgrammeRegistered', data }];
    if (same(state.registeredAs, command.details) || same(detailsOf(state), command.details)) return [];
    throw new Refused({
      code: 'programme-exists',
      detail: `programme ${programmeId} exists with other content`,
    });
  }
  if (state.status === 'unregistered') {
    throw new Refused({ code: 'programme-unknown', detail: `there is no programme ${programmeId}` });
  }
  switch (command.kind) {
    case 'amend-programme':
      if (state.status === 'closed') throw closed(state);
      if (same(detailsOf(state), command.details)) return [];
      return [
        {
          schema: 'programme-amended@1',
          type: 'ProgrammeAmended',
          data: { programmeId, ...command.details, reason: command.reason },
        },
      ];
    case 'close-programme':
      if (state.status === 'closed') {
        // Closing twice on the same day changes nothing, so a retried request is safe.
        if (state.closedOn === command.closedOn) return [];
        throw closed(state);
      }
      if (command.closedOn < state.startedOn || command.closedOn > command.today) {
        throw new Refused({
          code: 'outside-programme-life',
          detail: `a programme closes between its start, ${state.startedOn}, and today, ${command.today}`,
          pointer: '/closedOn',
        });
      }
      return [
        {
          schema: 'programme-closed@1',
          type: 'ProgrammeClosed',
          data: { programmeId, closedOn: command.closedOn, reason: command.reason },
        },
      ];
    case 'reopen-programme':
      if (state.status === 'open') return [];
      return [
        {
          schema: 'programme-reopened@1',
          type: 'ProgrammeReopened',
          data: { programmeId, reason: command.reason },
        },
      ];
    default:
      return unreachable(command);
  }
}

function closed(state: Programme): Refused {
  return new Refused({
    code: 'programme-closed',
    detail: `programme ${state.id} closed on ${state.closedOn}: reopen it first`,
  });
}

function detailsOf({ name, startedOn, description }: Programme): ProgrammeDetails {
  return { name, startedOn, ...(description !== undefined && { description }) };
}

function same(one: ProgrammeDetails, other: ProgrammeDetails): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

function evolve(state: ProgrammeState, event: ProgrammeEvent): ProgrammeState {
  switch (event.schema) {
    case 'programme-registered@1': {
      const { programmeId, ...details } = event.data;
      return { status: 'open', id: programmeId, ...details, registeredAs: details };
    }
    case 'programme-amended@1': {
      const { programmeId, reason: _, ...details } = event.data;
      return { status: 'open', id: programmeId, ...details, registeredAs: (state as Programme).registeredAs };
    }
    case 'programme-closed@1':
      return { ...(state as Programme), status: 'closed', closedOn: event.data.closedOn };
    case 'programme-reopened@1': {
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
