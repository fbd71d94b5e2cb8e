/**
 * A measure says what is counted, in which unit, and how its figures combine. Measures are data: a new one,
 * with its own event type, is defined through the API.
 *
 * A revision makes a new version. Where it is not comparable with the one before it opens a new **series**,
 * and figures are never added across a break between series without being asked to.
 */
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { eventData, type EventData } from '../kernel/event-data.js';
import { admitTexts, type Overridden, type Overriding } from '../kernel/free-text.js';
import type { MeasureId } from '../kernel/ids.js';
import { Refused, type Refusal, thereIsNo } from '../kernel/refusals.js';
import { KINDS, type MeasureKind } from './kinds/kinds.js';

/** Event types that say something else in this ledger, so that no measure may take them. */
export const RESERVED_EVENT_TYPE =
  /^(Programme|Organisation|Measure|Submission|Outcome|Ledger|Key|Checkpoint)/;

export interface MeasureDefinition {
  readonly label: string;
  readonly unit: string;
  readonly kind: MeasureKind;
  readonly eventType: string;
  readonly countsPeople: boolean;
  readonly rollsUpInto: MeasureId | null;
  readonly definition?: string;
}

export interface MeasureRevision {
  readonly label: string;
  readonly definition?: string;
  readonly comparable: boolean;
  readonly reason: string;
}

export type MeasureEvent =
  | {
      readonly schema: 'measure-defined@2';
      readonly type: 'MeasureDefined';
      readonly data: EventData<
        Omit<MeasureDefinition, 'definition'> & { readonly measureId: MeasureId },
        Overridden & Pick<MeasureDefinition, 'definition'>
      >;
    }
  | {
      readonly schema: 'measure-revised@2';
      readonly type: 'MeasureRevised';
      readonly data: EventData<
        Pick<MeasureRevision, 'label' | 'comparable'> & {
          readonly measureId: MeasureId;
          readonly version: number;
        },
        Overridden & Pick<MeasureRevision, 'definition' | 'reason'>
      >;
    };

export type MeasureCommand = Overriding & MeasureRequest;
type MeasureRequest =
  | {
      readonly kind: 'define-measure';
      readonly measureId: MeasureId;
      readonly definition: MeasureDefinition;
      /** The measure it rolls up into, as the ledger knows it. */
      readonly parent: Measure | undefined;
    }
  | { readonly kind: 'revise-measure'; readonly measureId: MeasureId; readonly revision: MeasureRevision };

export interface Measure extends MeasureDefinition {
  readonly status: 'defined';
  readonly id: MeasureId;
  /** From 1. */
  readonly version: number;
  /** The series of each version, from 1: `series[version - 1]`. */
  readonly series: readonly number[];
  /** As first defined: repeating that is a success for ever, whatever was revised since. */
  readonly definedAs: MeasureDefinition;
  /** The last revision: repeating that is a success too, and opens no second series. */
  readonly revisedAs?: MeasureRevision;
}
export type MeasureState = { readonly status: 'undefined' } | Measure;

function decide(state: MeasureState, command: MeasureCommand): readonly MeasureEvent[] {
  const { measureId } = command;
  switch (command.kind) {
    case 'define-measure':
      return define(state, command);
    case 'revise-measure': {
      if (state.status === 'undefined') {
        throw new Refused(thereIsNo('measure', measureId));
      }
      const { label, definition, comparable, reason } = command.revision;
      if (state.revisedAs && canonicalJson(state.revisedAs) === canonicalJson(command.revision)) return [];
      if (comparable && label === state.label && definition === state.definition) return [];
      const kept = admitTexts({ label, definition, reason }, command);
      const facts = { measureId, version: state.version + 1, label, comparable };
      const words = { ...(definition !== undefined && { definition }), reason, ...kept };
      return [{ schema: 'measure-revised@2', type: 'MeasureRevised', data: { facts, words } }];
    }
    default:
      return unreachable(command);
  }
}

function define(
  state: MeasureState,
  command: Extract<MeasureCommand, { kind: 'define-measure' }>,
): readonly MeasureEvent[] {
  const { measureId, definition, parent } = command;
  if (state.status === 'defined') {
    if (canonicalJson(state.definedAs) === canonicalJson(definition)) return [];
    throw new Refused({ code: 'measure-exists', detail: `measure ${measureId} exists with other content` });
  }
  const { definition: text, ...facts } = definition;
  const { label, unit } = facts;
  const kept = admitTexts({ label, unit, definition: text }, command, definitionFaults(definition, parent));
  const words = { ...(text !== undefined && { definition: text }), ...kept };
  return [
    { schema: 'measure-defined@2', type: 'MeasureDefined', data: eventData({ measureId, ...facts }, words) },
  ];
}

function definitionFaults(definition: MeasureDefinition, parent: Measure | undefined): Refusal[] {
  const faults: Refusal[] = [];
  if (RESERVED_EVENT_TYPE.test(definition.eventType)) {
    const detail = `the event type ${definition.eventType} is kept for the ledger's own events`;
    faults.push({ code: 'event-type-reserved', detail, pointer: '/eventType' });
  }
  if (definition.rollsUpInto === null) return faults;
  const pointer = '/rollsUpInto';
  if (!parent) {
    return [...faults, { ...thereIsNo('measure', definition.rollsUpInto), pointer }];
  }
  // The parent must exist first and never changes, so that roll-ups cannot run in a circle.
  const same = (['kind', 'unit', 'countsPeople'] as const).every((key) => parent[key] === definition[key]);
  if (!same || !KINDS[parent.kind].rollsUp) {
    const detail = `a measure rolls up into one of its own kind and unit, and ratios and rates into none: ${parent.id} is a ${parent.kind} of ${parent.unit}`;
    faults.push({ code: 'roll-up-mismatch', detail, pointer });
  }
  return faults;
}

function evolve(state: MeasureState, event: MeasureEvent): MeasureState {
  switch (event.schema) {
    case 'measure-defined@2': {
      const { measureId, ...facts } = event.data.facts;
      const text = event.data.words?.definition;
      const definition = { ...facts, ...(text !== undefined && { definition: text }) };
      return {
        status: 'defined',
        id: measureId,
        ...definition,
        version: 1,
        series: [1],
        definedAs: definition,
      };
    }
    case 'measure-revised@2': {
      const { definition: _, ...measure } = state as Measure;
      const { version, label, comparable } = event.data.facts;
      const { definition, reason = '' } = event.data.words ?? {};
      const current = measure.series.at(-1)!;
      return {
        ...measure,
        label,
        ...(definition !== undefined && { definition }),
        version,
        series: [...measure.series, comparable ? current : current + 1],
        revisedAs: { label, ...(definition !== undefined && { definition }), comparable, reason },
      };
    }
    default:
      return unreachable(event);
  }
}

export const measureDecider: Decider<MeasureState, MeasureCommand, MeasureEvent> = {
  initialState: { status: 'undefined' },
  decide,
  evolve,
};
