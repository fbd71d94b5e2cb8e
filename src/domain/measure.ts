/**
 * A measure says what is counted, in which unit, and how its figures combine. Measures are data: a new one, with its
 * own event type, is defined through the API.
 *
 * A measure is revised from a financial year on: each year is counted by the definition in force for it, whenever an
 * outcome is recorded. Figures of years before and after a revision that is not comparable are added only on request.
 * The kind, the unit, the decimals and the roll-up never change.
 */
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import type { Decider } from '../kernel/decider.js';
import { eventData, type DomainEvent } from '../kernel/event-data.js';
import { admitTexts, type Overridden, type Overriding } from '../kernel/free-text.js';
import type { MeasureId } from '../kernel/ids.js';
import { startYearOf, type FinancialYear } from '../kernel/financial-year.js';
import { Refused, type Refusal, thereIsNo } from '../kernel/refusals.js';
import { nameFaults, type LookAlike } from './likeness.js';
import { KINDS, type MeasureKind } from './kinds/kinds.js';

/** The ledger's own events have types that begin so: no measure may take one. */
export const RESERVED_EVENT_TYPE =
  /^(Programme|Organisation|Measure|Submission|Outcome|Ledger|Key|Checkpoint)/;

export interface MeasureDefinition {
  readonly label: string;
  readonly unit: string;
  readonly kind: MeasureKind;
  /** How many digits an amount has after the point; a quantity counts the smallest part, such as pence. */
  readonly decimals: number;
  readonly mayBeNegative: boolean;
  readonly eventType: string;
  readonly countsPeople: boolean;
  readonly rollsUpInto: MeasureId | null;
  /** At most three. */
  readonly breakdowns?: readonly Breakdown[];
  readonly definition?: string;
}

export interface Breakdown {
  readonly id: string;
  readonly values: readonly string[];
}

export interface MeasureRevision {
  readonly from: FinancialYear;
  readonly label: string;
  readonly definition?: string;
  readonly comparable: boolean;
  readonly reason: string;
}

export type MeasureEvent =
  | DomainEvent<
      'measure-defined@2',
      'MeasureDefined',
      Omit<MeasureDefinition, 'definition'> & { readonly measureId: MeasureId },
      Overridden & Pick<MeasureDefinition, 'definition'>
    >
  | DomainEvent<
      'measure-revised@2',
      'MeasureRevised',
      Pick<MeasureRevision, 'from' | 'label' | 'comparable'> & { readonly measureId: MeasureId },
      Overridden & Pick<MeasureRevision, 'definition' | 'reason'>
    >;

export type MeasureCommand = Overriding & MeasureRequest;
type MeasureRequest =
  | {
      readonly kind: 'define-measure';
      readonly measureId: MeasureId;
      readonly definition: MeasureDefinition;
      readonly parent: Measure | undefined;
      /** Another measure whose outcomes have events of that type. */
      readonly sameType?: MeasureId | undefined;
      readonly alike?: LookAlike | undefined;
    }
  | {
      readonly kind: 'revise-measure';
      readonly measureId: MeasureId;
      readonly revision: MeasureRevision;
      readonly alike?: LookAlike | undefined;
    };

export interface Measure extends MeasureDefinition {
  readonly status: 'defined';
  readonly id: MeasureId;
  /** Sorted by year, one a year: of two revisions from one year the one recorded later holds. */
  readonly revisions: readonly MeasureRevision[];
  /** The measure as first defined. Defining it again like that succeeds, whatever was revised since. */
  readonly definedAs: MeasureDefinition;
}
export type MeasureState = { readonly status: 'undefined' } | Measure;

function decide(state: MeasureState, command: MeasureCommand): readonly MeasureEvent[] {
  const { measureId } = command;
  switch (command.kind) {
    case 'define-measure':
      return define(state, command);
    case 'revise-measure': {
      if (state.status === 'undefined') throw new Refused(thereIsNo('measure', measureId));
      const { label, definition, reason } = command.revision;
      if (isInForce(state, command.revision)) return [];
      const kept = admitTexts({ label, definition, reason }, command, nameFaults(command.alike, '/label'));
      const { from, comparable } = command.revision;
      const facts = { measureId, from, label, comparable };
      const words = { ...(definition !== undefined && { definition }), reason, ...kept };
      return [{ schema: 'measure-revised@2', type: 'MeasureRevised', data: { facts, words } }];
    }
    default:
      return unreachable(command);
  }
}

/** A revision that repeats what already holds for its year changes nothing. */
function isInForce(measure: Measure, revision: MeasureRevision): boolean {
  const known = measure.revisions.find(({ from }) => from === revision.from);
  if (known) return canonicalJson(known) === canonicalJson(revision);
  const { label, definition } = definitionIn(measure, revision.from);
  return revision.comparable && revision.label === label && revision.definition === definition;
}

export function definitionIn(
  { revisions, definedAs }: Measure,
  year: FinancialYear,
): { readonly label: string; readonly definition?: string } {
  const { label, definition } = revisions.findLast(({ from }) => from <= year) ?? definedAs;
  return { label, ...(definition !== undefined && { definition }) };
}

/**
 * Tells whether an incomparable revision lies between two years, each given by the calendar year in which it starts.
 */
export function isBroken({ revisions }: Pick<Measure, 'revisions'>, first: number, last: number): boolean {
  return revisions.some(({ from, comparable }) => {
    const year = startYearOf(from);
    return !comparable && first < year && year <= last;
  });
}

function define(
  state: MeasureState,
  command: Extract<MeasureCommand, { kind: 'define-measure' }>,
): readonly MeasureEvent[] {
  const { measureId, definition } = command;
  if (state.status === 'defined') {
    if (canonicalJson(state.definedAs) === canonicalJson(definition)) return [];
    throw new Refused({ code: 'measure-exists', detail: `measure ${measureId} exists with other content` });
  }
  const { definition: text, ...facts } = definition;
  const { label, unit } = facts;
  const kept = admitTexts({ label, unit, definition: text }, command, definitionFaults(command));
  const words = { ...(text !== undefined && { definition: text }), ...kept };
  return [
    { schema: 'measure-defined@2', type: 'MeasureDefined', data: eventData({ measureId, ...facts }, words) },
  ];
}

function definitionFaults({
  definition,
  parent,
  sameType,
  alike,
}: Extract<MeasureCommand, { kind: 'define-measure' }>): Refusal[] {
  const faults = breakdownFaults(definition.breakdowns ?? []);
  if (RESERVED_EVENT_TYPE.test(definition.eventType)) {
    const detail = `the event type ${definition.eventType} is kept for the ledger's own events`;
    faults.push({ code: 'event-type-reserved', detail, pointer: '/eventType' });
  }
  faults.push(...rollUpFaults(definition, parent));
  if (sameType !== undefined) {
    const detail = `${definition.eventType} is the event type of the measure ${sameType}`;
    faults.push({ code: 'event-type-taken', detail, pointer: '/eventType' });
  }
  return [...faults, ...nameFaults(alike, '/label')];
}

function rollUpFaults(definition: MeasureDefinition, parent: Measure | undefined): Refusal[] {
  if (definition.rollsUpInto === null) return [];
  const pointer = '/rollsUpInto';
  if (!parent) return [{ ...thereIsNo('measure', definition.rollsUpInto), pointer }];
  // The parent must exist first and never changes, so that roll-ups cannot run in a circle.
  const same = (['kind', 'unit', 'decimals', 'countsPeople'] as const).every(
    (key) => parent[key] === definition[key],
  );
  if (same && KINDS[parent.kind].rollsUp) return [];
  const detail = `a measure rolls up into one of its own kind, unit and decimals, and ratios and rates into none: ${parent.id} is a ${parent.kind} of ${parent.unit}`;
  return [{ code: 'roll-up-mismatch', detail, pointer }];
}

function breakdownFaults(breakdowns: readonly Breakdown[]): Refusal[] {
  const isRepeated = (texts: readonly string[]) => new Set(texts).size < texts.length;
  const lists = [breakdowns.map(({ id }) => id), ...breakdowns.map(({ values }) => values)];
  if (!lists.some(isRepeated)) return [];
  const detail = 'each breakdown and each of its values is named once';
  return [{ code: 'breakdown-repeated', detail, pointer: '/breakdowns' }];
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
        revisions: [],
        definedAs: definition,
      };
    }
    case 'measure-revised@2': {
      const measure = state as Measure;
      const { measureId: _, ...facts } = event.data.facts;
      const { definition, reason = '' } = event.data.words ?? {};
      const revision = { ...facts, ...(definition !== undefined && { definition }), reason };
      const others = measure.revisions.filter(({ from }) => from !== revision.from);
      const revisions = [...others, revision].sort((one, other) => (one.from < other.from ? -1 : 1));
      return { ...measure, revisions };
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
