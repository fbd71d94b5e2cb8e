/**
 * An outcome, and the rules that a single outcome must keep. `submission.ts` applies them to whole submissions and to
 * corrections.
 */
import { quantityOf } from './amount.js';
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

export const BASES = ['counted', 'estimated', 'modelled', 'self-reported', 'not-stated'] as const;
export type Basis = (typeof BASES)[number];

/** An outcome counts what its period brought, or all that the year had brought by the end of the period. */
export const COUNTINGS = ['in-period', 'year-to-date'] as const;
export type Counting = (typeof COUNTINGS)[number];

/** The real quantity lies between these bounds. A side that is left out is open. */
export interface Bounds {
  readonly low?: number;
  readonly high?: number;
}

/** Figures follow from these members. Quantities are safe integers of the smallest part of a unit. */
export interface OutcomeFigures {
  readonly measureId: MeasureId;
  readonly organisationId?: OrganisationId;
  /** One value for each breakdown of the measure; without this member the outcome is of the whole. */
  readonly breakdown?: Readonly<Record<string, string>>;
  /** Flows and stocks have a quantity. */
  readonly quantity?: number;
  readonly numerator?: number;
  readonly denominator?: number;
  /** A ratio whose denominator nobody published has a decimal string, which is shown and never combined. */
  readonly percent?: string;
  /** Rates have a decimal string, which is shown and never combined. */
  readonly rate?: string;
  readonly effective: { readonly from: CalendarDate; readonly to: CalendarDate };
  /** An outcome without this member is in-period. */
  readonly counting?: Counting;
  /** The sender's own key of the row that it came from. */
  readonly reference?: string;
  readonly basis: Basis;
  /** Without bounds, the quantity is both of its bounds. */
  readonly bounds?: Bounds;
  /** The SHA-256, hexadecimal, of the document that the figure rests on. */
  readonly evidenceSha256?: string;
  /**
   * The quantity as it was sent, where the ledger turned it into one of another period, and the sequence at which it
   * did.
   */
  readonly sent?: { readonly quantity: number; readonly bounds?: Bounds; readonly sequence: number };
}

export interface ContentWords {
  readonly evidence?: { readonly title: string; readonly uri?: string };
  readonly note?: string;
}

export interface OutcomeContent extends OutcomeFigures, ContentWords {}

/** An outcome as a caller sends it. An amount may stand for the quantity; bounds are then in the unit of the amount. */
export interface SentOutcome extends Omit<OutcomeContent, 'bounds' | 'sent'> {
  readonly amount?: string;
  readonly bounds?: { readonly low?: number | string; readonly high?: number | string };
}

export interface RecordedOutcome extends OutcomeFigures {
  readonly outcomeId: OutcomeId;
  readonly programmeId: ProgrammeId;
}

export type RecordedWords = ContentWords & Overridden;

/**
 * The figures of the version that a correction or a withdrawal replaces: each event says by itself what changed from
 * what.
 */
export type ReplacedOutcome = OutcomeFigures & {
  readonly version: number;
  readonly revision: number;
};

/** The members that a correction or a withdrawal repeats, under the same names everywhere. */
export const OUTCOME_FACTS = [
  'breakdown',
  ...FIGURE_MEMBERS,
  ...(['effective', 'counting', 'reference', 'basis', 'bounds', 'evidenceSha256', 'sent'] as const),
] as const;

/** The catalogue as it stood when a command was given. */
export interface CatalogueFacts {
  readonly programme: Programme;
  readonly measures: ReadonlyMap<MeasureId, Measure>;
  readonly organisations: ReadonlyMap<OrganisationId, Organisation>;
  readonly today: CalendarDate;
}

/** Splits an outcome into the two parts of an event's data. */
export function partsOf({
  evidence,
  note,
  ...facts
}: OutcomeContent): EventData<OutcomeFigures, ContentWords> {
  return eventData(facts, {
    ...(evidence !== undefined && { evidence }),
    ...(note !== undefined && { note }),
  });
}

/** These texts are searched for personal data. */
export function textsOf({
  reference,
  evidence,
  note,
}: ContentWords & { readonly reference?: string }): FreeTexts {
  return { reference, 'evidence/title': evidence?.title, 'evidence/uri': evidence?.uri, note };
}

export interface Asked {
  readonly facts: CatalogueFacts;
  readonly override: PersonalDataOverride | undefined;
}

/** Finds every rule that an outcome breaks; pointers begin with `at`. */
export function faultsOf(content: SentOutcome, { facts, override }: Asked, at: string): Refusal[] {
  const faults: Refusal[] = [];
  const fault: ReportFault = (code, field, detail) =>
    void faults.push({ code, detail, pointer: `${at}/${field}` });

  const measure = facts.measures.get(content.measureId);
  if (!measure) faults.push({ ...thereIsNo('measure', told(content.measureId)), pointer: `${at}/measure` });
  if (content.organisationId !== undefined && !facts.organisations.has(content.organisationId)) {
    faults.push({
      ...thereIsNo('organisation', told(content.organisationId)),
      pointer: `${at}/organisation`,
    });
  }
  if (measure) {
    checkFigure(content, measure, fault);
    checkBreakdown(content, measure, fault);
  }
  if (content.counting === 'year-to-date')
    fault(
      'not-counted-yet',
      'counting',
      'totals of a year to date are not counted yet: send what each period brought',
    );
  checkPeriod(content, facts, fault);
  return [...faults, ...textFaults(textsOf(content), override, at)];
}

/**
 * A text in place of an id may come from the column beside it: it is repeated only if it looks like no personal data.
 */
function told(id: string): string | undefined {
  return personalDataIn(id).length > 0 ? undefined : id;
}

type ReportFault = (code: RefusalCode, field: string, detail: string) => void;

function checkFigure(content: SentOutcome, measure: Measure, fault: ReportFault): void {
  const { ways, takes }: Kind = KINDS[measure.kind];
  const { amount, percent, numerator, denominator } = content;
  const isGiven = (field: FigureMember) =>
    content[field] !== undefined || (field === 'quantity' && amount !== undefined);
  const meant = ways.find((way) => way.every(isGiven)) ?? ways[0]!;
  for (const field of FIGURE_MEMBERS) {
    if (isGiven(field) === meant.includes(field)) continue;
    const named = field === 'quantity' && content.quantity === undefined && isGiven(field) ? 'amount' : field;
    fault('quantity-does-not-fit-kind', named, `${measure.id} is a ${measure.kind}: it takes ${takes}`);
  }
  if (percent !== undefined && Number(percent) > 100) {
    fault('percent-above-hundred', 'percent', 'a percentage is at most 100');
  }
  if ((numerator ?? 0) > (denominator ?? Infinity)) {
    fault('numerator-exceeds-denominator', 'numerator', 'a numerator is at most its denominator');
  }
  if (content.rate?.startsWith('-') && !measure.mayBeNegative)
    fault('quantity-negative', 'rate', neverBelow(measure));
  checkQuantity(content, measure, fault);
}

function checkQuantity(content: SentOutcome, measure: Measure, fault: ReportFault): void {
  const { amount, bounds } = content;
  const quantity = quantityIn(content, measure);
  if (amount !== undefined && quantityOf(amount, measure.decimals) === null) {
    fault('amount-does-not-fit', 'amount', doesNotFit(amount, measure));
  } else if (amount !== undefined && quantityOf(amount, measure.decimals) !== quantity) {
    const means = `${amount} is a quantity of ${quantityOf(amount, measure.decimals)}, and not of ${quantity}`;
    fault('amount-does-not-fit', 'amount', `${means}: send one of the two`);
  }
  if (quantity !== undefined && quantity < 0 && !measure.mayBeNegative) {
    fault('quantity-negative', content.quantity === undefined ? 'amount' : 'quantity', neverBelow(measure));
  }
  if (bounds === undefined) return;
  if (content.quantity === undefined && amount === undefined) {
    return fault('quantity-does-not-fit-kind', 'bounds', 'bounds go around a quantity, and there is none');
  }
  const { low, high } = boundsIn(content, measure);
  for (const [side, bound] of [
    ['low', low],
    ['high', high],
  ] as const) {
    if (bound === null) fault('amount-does-not-fit', `bounds/${side}`, doesNotFit(bounds[side]!, measure));
    else if (bound !== undefined && bound < 0 && !measure.mayBeNegative)
      fault('quantity-negative', `bounds/${side}`, neverBelow(measure));
  }
  if (low === null || high === null || quantity === undefined) return;
  if (
    (low === undefined && high === undefined) ||
    (low ?? quantity) > quantity ||
    (high ?? quantity) < quantity
  ) {
    fault(
      'bounds-exclude-quantity',
      'bounds',
      `bounds have a low, a high or both, with low ≤ ${quantity} ≤ high`,
    );
  }
}

const neverBelow = ({ id }: Measure) =>
  `${id} is never below nought: to take back what was recorded, correct or withdraw it`;

function doesNotFit(sent: number | string, { id, unit, decimals }: Measure): string {
  return typeof sent === 'number'
    ? `bounds are in the unit of what they go around: an amount has bounds such as "${sent}" ${unit}, a quantity whole numbers`
    : `${id} has amounts in ${unit} with up to ${decimals} decimals, and bounds in the unit of what they go around`;
}

function quantityIn({ quantity, amount }: SentOutcome, { decimals }: Measure): number | undefined {
  return quantity ?? (amount === undefined ? undefined : (quantityOf(amount, decimals) ?? undefined));
}

/** Turns bounds into quantities; a bound in another unit than the sent member becomes null. */
function boundsIn({ quantity, amount, bounds }: SentOutcome, { decimals }: Measure) {
  const bound = (sent: number | string | undefined) => {
    if (typeof sent === 'string') return amount === undefined ? null : quantityOf(sent, decimals);
    return sent !== undefined && quantity === undefined ? null : sent;
  };
  return { low: bound(bounds?.low), high: bound(bounds?.high) };
}

/** Turns an outcome that breaks no rule into its recorded form: an amount and its bounds become quantities. */
export function contentOf(sent: SentOutcome, measure: Measure): OutcomeContent {
  const { amount, bounds, ...content } = sent;
  if (amount === undefined && bounds === undefined) return content;
  const quantity = quantityIn(sent, measure);
  const { low, high } = boundsIn(sent, measure);
  return {
    ...content,
    ...(quantity !== undefined && { quantity }),
    ...(bounds && { bounds: { ...(low != null && { low }), ...(high != null && { high }) } }),
  };
}

function checkBreakdown(
  { breakdown }: SentOutcome,
  { id, breakdowns = [] }: Measure,
  fault: ReportFault,
): void {
  if (breakdown === undefined) return;
  const isWhole = Object.keys(breakdown).length === breakdowns.length;
  if (!isWhole || !breakdowns.every((known) => known.values.includes(breakdown[known.id] ?? ''))) {
    const ways = breakdowns.map((known) => `${known.id} (${known.values.join(', ')})`).join(' and ');
    const detail = `an outcome of ${id} names a value of each of its breakdowns, ${ways || 'of which it has none'}`;
    return fault('breakdown-does-not-fit', 'breakdown', detail);
  }
  fault('not-counted-yet', 'breakdown', 'parts of a whole are not counted yet: send the whole');
}

function checkPeriod(
  { effective, organisationId }: SentOutcome,
  facts: CatalogueFacts,
  fault: ReportFault,
): void {
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
  const life = { from: programme.startedOn, to: programme.closedOn };
  checkLife(effective, life, (field, detail) =>
    fault('outside-programme-life', field, `programme ${programme.id} ${detail}`),
  );
  const organisation = organisationId && facts.organisations.get(organisationId);
  if (!organisation) return;
  checkLife(effective, organisation, (field, detail) =>
    fault('outside-organisation-life', field, `organisation ${organisation.id} ${detail}`),
  );
}

function checkLife(
  { from, to }: OutcomeFigures['effective'],
  life: { readonly from?: CalendarDate | undefined; readonly to?: CalendarDate | undefined },
  fault: (field: string, detail: string) => void,
): void {
  if (life.from !== undefined && from < life.from)
    fault('effective/from', `started on ${life.from}, after ${from}`);
  if (life.to !== undefined && to > life.to) fault('effective/to', `closed on ${life.to}, before ${to}`);
}
