/**
 * What an outcome is, what the ledger knows of the catalogue when one is recorded, and the rules that a single
 * outcome must keep. Pure; `submission.ts` applies them to a whole submission and to corrections.
 */
import { FIGURE_MEMBERS, type FigureMember, type Kind } from './kinds/kind.js';
import { KINDS } from './kinds/kinds.js';
import type { Organisation } from './organisation.js';
import type { Measure } from './measure.js';
import type { Programme } from './programme.js';
import { financialYearOf, type CalendarDate } from '../kernel/financial-year.js';
import { eventData, type EventData } from '../kernel/event-data.js';
import {
  textFaults,
  type FreeTexts,
  type Overridden,
  type PersonalDataOverride,
} from '../kernel/free-text.js';
import type { MeasureId, OrganisationId, OutcomeId, ProgrammeId } from '../kernel/ids.js';
import { personalDataIn } from '../kernel/personal-data.js';
import { thereIsNo, type Refusal, type RefusalCode } from '../kernel/refusals.js';

export const BASES = ['counted', 'estimated', 'modelled', 'self-reported'] as const;
export type Basis = (typeof BASES)[number];

/** The part of an outcome that figures follow from. Money is in pence; quantities are safe integers, never floats. */
export interface OutcomeFigures {
  readonly measureId: MeasureId;
  readonly organisationId?: OrganisationId;
  /** For a flow or a stock. */
  readonly quantity?: number;
  /** For a ratio, with `denominator`. */
  readonly numerator?: number;
  readonly denominator?: number;
  /** For a ratio whose denominator nobody published: a decimal string, kept and shown, never combined. */
  readonly percent?: string;
  /** For a rate: a decimal string, kept and shown, never combined. */
  readonly rate?: string;
  readonly effective: { readonly from: CalendarDate; readonly to: CalendarDate };
  readonly basis: Basis;
  /** The low and high bound of an estimate, around the quantity. */
  readonly range?: { readonly low: number; readonly high: number };
  /** SHA-256 of the document that the figure rests on, hexadecimal. */
  readonly evidenceSha256?: string;
}

/** The part of an outcome that is in its programme's own words. */
export interface OutcomeWords {
  readonly evidence?: { readonly title: string; readonly uri?: string };
  readonly note?: string;
}

/** What a programme says of one outcome. */
export interface OutcomeContent extends OutcomeFigures, OutcomeWords {}

/** The facts of an outcome as recorded: its figures, its programme, and the version of the measure. */
export interface RecordedOutcome extends OutcomeFigures {
  readonly outcomeId: OutcomeId;
  readonly programmeId: ProgrammeId;
  readonly measureVersion: number;
}

export type RecordedWords = OutcomeWords & Overridden;

/**
 * The figures of the version that a correction or a withdrawal replaces, so that each event says by itself
 * what changed from what.
 */
export type ReplacedOutcome = Omit<RecordedOutcome, 'outcomeId' | 'programmeId' | 'evidenceSha256'> & {
  /** The version that is replaced, and the stream revision of the event that recorded it. */
  readonly version: number;
  readonly revision: number;
};

/** The members of an outcome that a correction or a withdrawal repeats, by the names that they have everywhere. */
export const OUTCOME_FACTS = [...FIGURE_MEMBERS, 'effective', 'basis', 'range'] as const;

/** The catalogue as it stood when a command was given: its facts arrive in the command. */
export interface CatalogueFacts {
  readonly programme: Programme;
  readonly measures: ReadonlyMap<MeasureId, Measure>;
  readonly organisations: ReadonlyMap<OrganisationId, Organisation>;
  /** London's date. */
  readonly today: CalendarDate;
}

/** What a programme says of one outcome, as the two parts of an event's data. */
export function partsOf({
  evidence,
  note,
  ...facts
}: OutcomeContent): EventData<OutcomeFigures, OutcomeWords> {
  return eventData(facts, {
    ...(evidence !== undefined && { evidence }),
    ...(note !== undefined && { note }),
  });
}

/** The texts that personal data are looked for in. */
export function textsOf({ evidence, note }: OutcomeWords): FreeTexts {
  return { 'evidence/title': evidence?.title, 'evidence/uri': evidence?.uri, note };
}

/** What the rules are asked under. */
export interface Asked {
  readonly facts: CatalogueFacts;
  readonly override: PersonalDataOverride | undefined;
}

/** What keeps a programme from taking any outcome. */
export function faultsOfProgramme({ programme }: CatalogueFacts): Refusal[] {
  if (programme.status === 'open') return [];
  const detail = `programme ${programme.id} closed on ${programme.closedOn}`;
  return [{ code: 'programme-closed', detail }];
}

/** Every rule that an outcome breaks, each with a pointer below `at`. */
export function faultsOf(content: OutcomeContent, { facts, override }: Asked, at: string): Refusal[] {
  const faults: Refusal[] = [];
  const fault = (code: RefusalCode, field: string, detail: string) =>
    faults.push({ code, detail, pointer: `${at}/${field}` });

  const measure = facts.measures.get(content.measureId);
  if (!measure) faults.push({ ...thereIsNo('measure', told(content.measureId)), pointer: `${at}/measure` });
  if (content.organisationId !== undefined && !facts.organisations.has(content.organisationId)) {
    faults.push({
      ...thereIsNo('organisation', told(content.organisationId)),
      pointer: `${at}/organisation`,
    });
  }
  if (measure) checkQuantity(content, measure, fault);
  checkRange(content, fault);
  checkPeriod(content, facts, fault);
  return [...faults, ...textFaults(textsOf(content), override, at)];
}

/** A text where an id belongs may come from the column beside it: it is told back only if it looks like nobody's. */
function told(id: string): string | undefined {
  return personalDataIn(id).length > 0 ? undefined : id;
}

type ReportFault = (code: RefusalCode, field: string, detail: string) => void;

function checkQuantity(content: OutcomeContent, measure: Measure, fault: ReportFault): void {
  const { ways, takes }: Kind = KINDS[measure.kind];
  const isGiven = (field: FigureMember) => content[field] !== undefined;
  const meant = ways.find((way) => way.every(isGiven)) ?? ways[0]!;
  for (const field of FIGURE_MEMBERS) {
    if (isGiven(field) === meant.includes(field)) continue;
    fault('quantity-does-not-fit-kind', field, `${measure.id} is a ${measure.kind}: it takes ${takes}`);
  }
  if (content.percent !== undefined && Number(content.percent) > 100) {
    fault('percent-above-hundred', 'percent', 'a percentage is at most 100');
  }
  if ((content.numerator ?? 0) > (content.denominator ?? Infinity)) {
    fault('numerator-exceeds-denominator', 'numerator', 'a numerator is at most its denominator');
  }
}

function checkRange({ range, quantity }: OutcomeContent, fault: ReportFault): void {
  if (range === undefined) return;
  if (quantity === undefined) {
    fault('quantity-does-not-fit-kind', 'range', 'a range goes around a quantity, and there is none');
  } else if (range.low > quantity || range.high < quantity) {
    fault('range-excludes-quantity', 'range', `the range must have low ≤ ${quantity} ≤ high`);
  }
}

function checkPeriod({ effective }: OutcomeContent, facts: CatalogueFacts, fault: ReportFault): void {
  const { from, to } = effective;
  const { programme, today } = facts;
  if (from > to) {
    fault('effective-period-reversed', 'effective', `the period ends on ${to}, before it starts on ${from}`);
    return;
  }
  if (financialYearOf(from) !== financialYearOf(to)) {
    fault(
      'effective-period-spans-years',
      'effective',
      `a period lies in one financial year: ${from} is in ${financialYearOf(from)} and ${to} in ${financialYearOf(to)}`,
    );
  }
  if (to > today) fault('effective-in-future', 'effective/to', `${to} is in the future: today is ${today}`);
  if (from < programme.startedOn) {
    fault(
      'outside-programme-life',
      'effective/from',
      `programme ${programme.id} started on ${programme.startedOn}, after ${from}`,
    );
  }
  if (programme.closedOn !== undefined && to > programme.closedOn) {
    fault(
      'outside-programme-life',
      'effective/to',
      `programme ${programme.id} closed on ${programme.closedOn}, before ${to}`,
    );
  }
}
