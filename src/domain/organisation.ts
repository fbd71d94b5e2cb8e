/**
 * An organisation delivers programmes: one of the networks, or a body within one. Its id never changes. Its name may
 * change from a date on, and every name stays known.
 */
import { unreachable } from '../kernel/assert.js';
import type { Decider } from '../kernel/decider.js';
import { eventData, type EventData } from '../kernel/event-data.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import { admitTexts, type Overridden, type Overriding } from '../kernel/free-text.js';
import type { OrganisationId } from '../kernel/ids.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';

export type OrganisationEvent =
  | {
      readonly schema: 'organisation-registered@2';
      readonly type: 'OrganisationRegistered';
      readonly data: EventData<
        { readonly organisationId: OrganisationId; readonly name: string },
        Overridden
      >;
    }
  | {
      readonly schema: 'organisation-renamed@2';
      readonly type: 'OrganisationRenamed';
      readonly data: EventData<
        {
          readonly organisationId: OrganisationId;
          readonly name: string;
          readonly from: CalendarDate;
        },
        Overridden
      >;
    };

export type OrganisationCommand = Overriding & OrganisationRequest;
type OrganisationRequest =
  | { readonly kind: 'register-organisation'; readonly organisationId: OrganisationId; readonly name: string }
  | {
      readonly kind: 'rename-organisation';
      readonly organisationId: OrganisationId;
      readonly name: string;
      readonly from: CalendarDate;
    };

export interface Organisation {
  readonly status: 'registered';
  readonly id: OrganisationId;
  /** The first name holds from the beginning, and so its date is null. The others are in order of date. */
  readonly names: readonly { readonly name: string; readonly from: CalendarDate | null }[];
}
export type OrganisationState = { readonly status: 'unregistered' } | Organisation;

function decide(state: OrganisationState, command: OrganisationCommand): readonly OrganisationEvent[] {
  const { organisationId, name } = command;
  switch (command.kind) {
    case 'register-organisation':
      if (state.status === 'unregistered') {
        const data = eventData({ organisationId, name }, admitTexts({ name }, command));
        return [{ schema: 'organisation-registered@2', type: 'OrganisationRegistered', data }];
      }
      if (state.names.some((known) => known.name === name)) return [];
      throw new Refused({
        code: 'organisation-exists',
        detail: `organisation ${organisationId} exists and never bore that name: post a new one to its names`,
      });
    case 'rename-organisation': {
      if (state.status === 'unregistered') {
        throw new Refused(thereIsNo('organisation', organisationId));
      }
      const taken = state.names.find((known) => known.from === command.from);
      if (taken?.name === name) return [];
      if (taken) {
        throw new Refused({
          code: 'name-date-taken',
          detail: `organisation ${organisationId} already takes another name on ${command.from}`,
          pointer: '/from',
        });
      }
      const facts = { organisationId, name, from: command.from };
      const data = eventData(facts, admitTexts({ name }, command));
      return [{ schema: 'organisation-renamed@2', type: 'OrganisationRenamed', data }];
    }
    default:
      return unreachable(command);
  }
}

function evolve(state: OrganisationState, event: OrganisationEvent): OrganisationState {
  switch (event.schema) {
    case 'organisation-registered@2':
      return {
        status: 'registered',
        id: event.data.facts.organisationId,
        names: [{ name: event.data.facts.name, from: null }],
      };
    case 'organisation-renamed@2': {
      const { names } = state as Organisation;
      const { name, from } = event.data.facts;
      const sorted = [...names, { name, from }].sort((a, b) => ((a.from ?? '') < (b.from ?? '') ? -1 : 1));
      return { ...(state as Organisation), names: sorted };
    }
    default:
      return unreachable(event);
  }
}

export function nameOn(organisation: Organisation, date: CalendarDate): string {
  const name = organisation.names.findLast(({ from }) => from === null || from <= date)?.name;
  return name ?? organisation.id;
}

export const organisationDecider: Decider<OrganisationState, OrganisationCommand, OrganisationEvent> = {
  initialState: { status: 'unregistered' },
  decide,
  evolve,
};
