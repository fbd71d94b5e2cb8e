/**
 * An organisation delivers programmes: one of the networks, or a body within one. Its id never changes. Its name may
 * change from a date on, and every name stays known.
 */
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { eventData, type DomainEvent } from '../kernel/event-data.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import { admitTexts, type Overridden, type Overriding, type Reasoned } from '../kernel/free-text.js';
import type { OrganisationId } from '../kernel/ids.js';
import { amended, picked, type ChangesTo } from '../kernel/picked.js';
import { Refused, thereIsNo, type Refusal } from '../kernel/refusals.js';
import { nameFaults, type LookAlike } from './likeness.js';
import { lifeFaults, type LeftOutside, type Tags } from './programme.js';

export interface OrganisationDetails {
  /** A slug for the sort of organisation, such as `network`. */
  readonly kind?: string;
  /** The organisation that it is a body within. */
  readonly parent?: OrganisationId;
  /** The first and the last day of its life; a side that is left out is open. */
  readonly from?: CalendarDate;
  readonly to?: CalendarDate;
  readonly tags?: Tags;
}

interface ToOrganisation {
  readonly organisationId: OrganisationId;
}
interface Named extends ToOrganisation {
  readonly name: string;
}
interface Renamed extends Named {
  readonly from: CalendarDate;
}

export type OrganisationEvent =
  | DomainEvent<
      'organisation-registered@2',
      'OrganisationRegistered',
      Named & OrganisationDetails,
      Overridden
    >
  | DomainEvent<
      'organisation-amended@2',
      'OrganisationAmended',
      ToOrganisation & OrganisationDetails,
      Reasoned
    >
  | DomainEvent<'organisation-renamed@2', 'OrganisationRenamed', Renamed, Overridden>;

export type OrganisationCommand = Overriding & OrganisationRequest;
type OrganisationRequest =
  | (Named & {
      readonly kind: 'register-organisation';
      readonly details?: OrganisationDetails;
      readonly ancestry?: Ancestry;
      readonly alike?: LookAlike | undefined;
    })
  | (ToOrganisation & {
      readonly kind: 'amend-organisation';
      readonly changes: ChangesTo<OrganisationDetails>;
      readonly ancestry?: Ancestry;
      readonly outside?: LeftOutside;
      readonly reason: string;
    })
  | (Renamed & { readonly kind: 'rename-organisation'; readonly alike?: LookAlike | undefined });

/** The parent that a command names, its parent, and so on; none where there is no such organisation. */
export type Ancestry = readonly OrganisationId[];

export interface Organisation extends OrganisationDetails {
  readonly status: 'registered';
  readonly id: OrganisationId;
  /** The first name holds from the beginning, and so its date is null. The others are in order of date. */
  readonly names: readonly { readonly name: string; readonly from: CalendarDate | null }[];
  /** The organisation as first registered. Registering it again like that succeeds, whatever was amended since. */
  readonly registeredAs: OrganisationDetails;
}
export type OrganisationState = { readonly status: 'unregistered' } | Organisation;

function decide(state: OrganisationState, command: OrganisationCommand): readonly OrganisationEvent[] {
  const { organisationId } = command;
  if (command.kind === 'register-organisation') return register(state, command);
  if (state.status === 'unregistered') throw new Refused(thereIsNo('organisation', organisationId));
  switch (command.kind) {
    case 'amend-organisation': {
      const { changes, reason } = command;
      const details = amended(detailsOf(state), changes);
      if (same(detailsOf(state), details)) return [];
      const faults = [
        ...detailFaults(command, details, changes.parent),
        ...lifeFaults(command.outside, { from: '/from', to: '/to' }),
      ];
      const words = { reason, ...admitTexts({ reason }, command, faults) };
      const data = { facts: { organisationId, ...details }, words };
      return [{ schema: 'organisation-amended@2', type: 'OrganisationAmended', data }];
    }
    case 'rename-organisation': {
      const { name, from } = command;
      const taken = state.names.find((known) => known.from === from);
      if (taken?.name === name) return [];
      if (taken) {
        throw new Refused({
          code: 'name-date-taken',
          detail: `organisation ${organisationId} already takes another name on ${from}`,
          pointer: '/from',
        });
      }
      const kept = admitTexts({ name }, command, nameFaults(command.alike, '/name'));
      const data = eventData({ organisationId, name, from }, kept);
      return [{ schema: 'organisation-renamed@2', type: 'OrganisationRenamed', data }];
    }
    default:
      return unreachable(command);
  }
}

function register(
  state: OrganisationState,
  command: Extract<OrganisationCommand, { kind: 'register-organisation' }>,
): readonly OrganisationEvent[] {
  const { organisationId, name, details = {}, alike } = command;
  if (state.status === 'unregistered') {
    const faults = [...detailFaults(command, details, details.parent), ...nameFaults(alike, '/name')];
    const kept = admitTexts({ name }, command, faults);
    const data = eventData({ organisationId, name, ...details }, kept);
    return [{ schema: 'organisation-registered@2', type: 'OrganisationRegistered', data }];
  }
  const isKnown = same(state.registeredAs, details) || same(detailsOf(state), details);
  if (isKnown && state.names.some((known) => known.name === name)) return [];
  const detail = `organisation ${organisationId} exists with other content: post a new name to its names, and all else to its amendments`;
  throw new Refused({ code: 'organisation-exists', detail });
}

/** @param parent the one that the command names, of whose ancestry it tells */
function detailFaults(
  { organisationId, ancestry = [] }: ToOrganisation & { readonly ancestry?: Ancestry },
  { from, to }: OrganisationDetails,
  parent: OrganisationId | null | undefined,
): Refusal[] {
  const faults: Refusal[] = [];
  const pointer = '/parent';
  if (parent && !ancestry.includes(parent)) faults.push({ ...thereIsNo('organisation', parent), pointer });
  if (parent && ancestry.includes(organisationId)) {
    const detail = `${parent} is ${organisationId} or a body within it, and so cannot be its parent`;
    faults.push({ code: 'parent-within', detail, pointer });
  }
  if (from !== undefined && to !== undefined && to < from) {
    const detail = `the life of the organisation ends on ${to}, before it begins on ${from}`;
    faults.push({ code: 'life-reversed', detail, pointer: '/to' });
  }
  return faults;
}

const DETAILS = ['kind', 'parent', 'from', 'to', 'tags'] as const;

function detailsOf(organisation: Organisation): OrganisationDetails {
  return picked(organisation, DETAILS);
}

function same(one: OrganisationDetails, other: OrganisationDetails): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

function evolve(state: OrganisationState, event: OrganisationEvent): OrganisationState {
  switch (event.schema) {
    case 'organisation-registered@2': {
      const { organisationId: id, name, ...details } = event.data.facts;
      return { ...details, status: 'registered', id, names: [{ name, from: null }], registeredAs: details };
    }
    case 'organisation-amended@2': {
      const { status, id, names, registeredAs } = state as Organisation;
      return { ...picked(event.data.facts, DETAILS), status, id, names, registeredAs };
    }
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
