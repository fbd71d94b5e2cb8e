/**
 * The totals of a ledger, folded from its events in the plainest way: a list of outcomes that stand, searched
 * again for every question.
 *
 * The code uses nothing of the ledger's read models or figures, nor what a correction says it replaces: the rules
 * are written a second time, from the words of the design, so that both can be wrong only in different ways.
 */
import type { RecordedEvent } from '../../src/store/event-store.js';
import { flagsOf } from './naive-flags.js';

export interface NaiveMeasure {
  id: string;
  label: string;
  unit: string;
  kind: 'flow' | 'stock' | 'ratio' | 'rate';
  countsPeople: boolean;
  rollsUpInto: string | null;
  decimals: number;
  /** Revisions in the order in which they were recorded: of one year the last holds. */
  revisions: { from: string; label: string; comparable: boolean }[];
}

export interface Standing {
  readonly id: string;
  /** The sequence of the event that recorded this version, and of the one that recorded the first. */
  readonly sequence: number;
  readonly first: number;
  readonly measureId: string;
  readonly programmeId: string;
  readonly organisationId?: string;
  readonly quantity?: number;
  readonly numerator?: number;
  readonly denominator?: number;
  readonly percent?: string;
  readonly rate?: string;
  readonly bounds?: { readonly low?: number; readonly high?: number };
  readonly effective: { readonly from: string; readonly to: string };
  readonly basis: string;
}

export interface NaiveQuery {
  readonly measure: string;
  readonly programme?: string | undefined;
  readonly organisation?: string | undefined;
  /** The years in which the financial years start. */
  readonly from: number;
  readonly to?: number | undefined;
  readonly groupBy?: 'programme' | 'organisation' | undefined;
}

export type NaiveAnswer = 'definition-break' | Readonly<Record<string, unknown>>;

export class NaiveLedger {
  readonly measures = new Map<string, NaiveMeasure>();
  private readonly programmes = new Map<string, string>();
  private readonly organisations = new Map<string, { name: string; from: string }[]>();
  standing: readonly Standing[] = [];
  /** The last of the events. */
  readonly last: RecordedEvent;
  private readonly firsts = new Map<string, number>();
  /** The date in London when the last of the events was recorded. */
  readonly date: string;

  constructor(events: readonly RecordedEvent[]) {
    this.last = events.at(-1)!;
    events.forEach((event, sequence) => this.take(event, sequence));
    const times = events.map(({ metadata }) => metadata.recordedAt).sort();
    this.date = new Date(times.at(-1)!).toLocaleDateString('sv-SE', { timeZone: 'Europe/London' });
  }

  private take({ type, data: { facts } }: RecordedEvent, sequence: number): void {
    const { measureId, programmeId, organisationId, name, outcomeId } = facts as Record<string, string>;
    if (outcomeId !== undefined) {
      const first = this.firsts.get(outcomeId) ?? sequence;
      this.firsts.set(outcomeId, first);
      this.standing = this.standing.filter(({ id }) => id !== outcomeId);
      if (type === 'OutcomeWithdrawn') return;
      this.standing = [
        ...this.standing,
        { ...(facts as unknown as Standing), id: outcomeId, sequence, first },
      ];
    } else if (type === 'MeasureDefined') {
      const defined = { ...facts, id: measureId!, revisions: [] };
      this.measures.set(measureId!, defined as unknown as NaiveMeasure);
    } else if (type === 'MeasureRevised') {
      this.measures.get(measureId!)!.revisions.push(facts as never);
    } else if (type === 'ProgrammeRegistered' || type === 'ProgrammeAmended') {
      this.programmes.set(programmeId!, name!);
    } else if (type === 'OrganisationRegistered') {
      this.organisations.set(organisationId!, [{ name: name!, from: '' }]);
    } else if (type === 'OrganisationRenamed') {
      this.organisations.get(organisationId!)!.push({ name: name!, from: facts['from'] as string });
    }
  }

  /** The answer of `Totals.annual` without its moment; flags and percentages are in the order of their texts. */
  annual(query: NaiveQuery): NaiveAnswer {
    const measure = this.measures.get(query.measure)!;
    const found = this.matching(query);
    const years = this.yearsOf(query, found);
    const yearly = (outcomes: readonly Standing[]) =>
      years.map((year) => ({
        financialYear: named(year),
        ...this.figure(
          measure,
          outcomes.filter((outcome) => yearOf(outcome) === year),
          year,
        ),
      }));
    return {
      measure: this.describe(measure, years.at(-1)!),
      years: yearly(found),
      ...this.grouped(query, found, years.at(-1)!, (outcomes) => ({ years: yearly(outcomes) })),
    };
  }

  /** The answer of `Totals.since` for a flow. */
  since(query: NaiveQuery, allowBreaks: boolean): NaiveAnswer {
    const measure = this.measures.get(query.measure)!;
    const found = this.matching(query);
    const asked = this.yearsOf(query, found);
    const today = yearOf({ effective: { to: this.date } });
    const isOpenApart = query.to === undefined && query.from < today;
    const years = isOpenApart ? range(query.from, today - 1) : asked;
    const isAdded = (outcome: Standing) => years.includes(yearOf(outcome));
    const whole = (outcomes: readonly Standing[]) => ({
      ...this.figure(measure, outcomes.filter(isAdded), years.at(-1)!),
      missingYears: years.filter((year) => !outcomes.some((outcome) => yearOf(outcome) === year)).map(named),
      ...(isOpenApart && {
        soFar: {
          financialYear: named(today),
          ...this.figure(
            measure,
            outcomes.filter((outcome) => !isAdded(outcome)),
            today,
          ),
        },
      }),
    });
    if (this.brokenOne(measure, found.filter(isAdded)) !== undefined && !allowBreaks)
      return 'definition-break';
    return {
      measure: this.describe(measure, asked.at(-1)!),
      since: named(years[0]!),
      through: named(years.at(-1)!),
      ...whole(found),
      ...this.grouped(query, found, asked.at(-1)!, whole),
    };
  }

  /** The same ledger without outcomes. */
  empty(): NaiveLedger {
    return Object.assign(Object.create(NaiveLedger.prototype) as NaiveLedger, this, { standing: [] });
  }

  /** The year in which the last one of a question starts. */
  lastYearOf(query: NaiveQuery): number {
    return this.yearsOf(query, this.matching(query)).at(-1)!;
  }

  /**
   * The line of a bridge in which the last event stands, by what stood before it and after; null where it changed
   * nothing that is asked about.
   */
  lineAfter(before: NaiveLedger, since: string, query: NaiveQuery): string | null {
    const { type, data } = this.last;
    const { outcomeId, measureId } = data.facts as Record<string, string>;
    if (type === 'MeasureDefined' || type === 'MeasureRevised')
      return this.familyOf(query.measure).includes(measureId!) ? 'redefined' : null;
    const [was, is] = [before, this].map((ledger) => ({
      all: ledger.standing.find(({ id }) => id === outcomeId),
      asked: ledger.matching(query).find(({ id }) => id === outcomeId),
    }));
    if (!was!.asked && !is!.asked) return null;
    const organisations = [was, is].map((version) => version!.asked?.organisationId);
    const isSame = [query.organisation, ...organisations].every((organisation) => {
      const asked = { ...query, organisation, to: 2100 };
      return before.figuresAsText(asked) === this.figuresAsText(asked);
    });
    if (isSame) return null;
    if (!was!.all && type === 'OutcomeReinstated') return 'withdrawn';
    if (!was!.all) return `${yearOf(is!.all!) + 1}-03-31` < since ? 'late' : 'recorded';
    if (!is!.all) return 'withdrawn';
    const isMoved =
      was!.all.measureId !== is!.all.measureId || was!.all.organisationId !== is!.all.organisationId;
    if (isMoved) return 'moved';
    return yearOf(was!.all) === yearOf(is!.all) ? 'corrected' : 're-dated';
  }

  private figuresAsText(query: NaiveQuery): string {
    const found = this.matching(query);
    const measure = this.measures.get(query.measure)!;
    const years = [...new Set(found.map(yearOf))].sort();
    return JSON.stringify(
      years.map((year) => [
        year,
        this.figure(
          measure,
          found.filter((outcome) => yearOf(outcome) === year),
          1900,
        ),
      ]),
    );
  }

  /** The outcomes that stand behind the figures of a measure, whether or not they are part of a sum. */
  matching({ measure, programme, organisation, from, to = 9999 }: NaiveQuery): Standing[] {
    const family = this.familyOf(measure);
    return this.standing.filter(
      (outcome) =>
        family.includes(outcome.measureId) &&
        (programme === undefined || outcome.programmeId === programme) &&
        (organisation === undefined || outcome.organisationId === organisation) &&
        yearOf(outcome) >= from &&
        yearOf(outcome) <= to,
    );
  }

  financialYearOf(date: string): string {
    return named(yearOf({ effective: { to: date } }));
  }

  /** A measure, those that roll up into it, and those that roll up into them. */
  familyOf(id: string): string[] {
    const children = [...this.measures.values()].filter(({ rollsUpInto }) => rollsUpInto === id);
    return [id, ...children.flatMap((child) => this.familyOf(child.id))];
  }

  private yearsOf({ from, to }: NaiveQuery, found: readonly Standing[]): number[] {
    const today = yearOf({ effective: { to: this.date } });
    const last = to ?? (found.length > 0 ? Math.max(...found.map(yearOf)) : today);
    return range(from, Math.max(last, from));
  }

  private grouped(
    { groupBy }: NaiveQuery,
    found: readonly Standing[],
    lastYear: number,
    answer: (outcomes: readonly Standing[]) => object,
  ): object {
    if (groupBy === undefined) return {};
    const keyOf = (outcome: Standing) =>
      (groupBy === 'programme' ? outcome.programmeId : outcome.organisationId) ?? '';
    const keys = [...new Set(found.map(keyOf))].sort();
    const groups = keys.map((key) => ({
      [groupBy]: { id: key === '' ? null : key, name: this.nameOf(groupBy, key, lastYear) },
      ...answer(found.filter((outcome) => keyOf(outcome) === key)),
    }));
    return { groups };
  }

  private nameOf(groupBy: 'programme' | 'organisation', id: string, lastYear: number): string | null {
    if (id === '') return null;
    if (groupBy === 'programme') return this.programmes.get(id)!;
    const date = [`${lastYear + 1}-03-31`, this.date].sort()[0]!;
    const borne = this.organisations.get(id)!.filter(({ from }) => from <= date);
    return borne.sort((one, other) => (one.from < other.from ? -1 : 1)).at(-1)!.name;
  }

  /** @param last the last year of the figure */
  private figure(measure: NaiveMeasure, outcomes: readonly Standing[], last: number): object {
    const family = this.familyOf(measure.id);
    const part = (id: string) => {
      const {
        total,
        amount: inUnit,
        outcomes: count,
      } = this.sum(
        measure,
        outcomes.filter(({ measureId }) => measureId === id),
      );
      return { measure: id, total, amount: inUnit, outcomes: count };
    };
    return {
      ...this.sum(measure, outcomes),
      flags: flagsOf(this, {
        measure,
        outcomes,
        added: addedOf(measure, outcomes),
        last,
        broken: this.brokenOne(measure, outcomes),
      }),
      ...(family.length > 1 &&
        ['flow', 'stock'].includes(measure.kind) && { parts: family.map(part).sort(byMeasure) }),
      ...(measure.kind === 'ratio' && { percentages: statedOf(outcomes.filter(isPercent)) }),
      ...(measure.kind === 'rate' && { rates: statedOf(outcomes) }),
    };
  }

  private sum({ kind, decimals }: NaiveMeasure, outcomes: readonly Standing[]) {
    const counted = kind === 'stock' ? latestOf(outcomes) : kind === 'flow' ? outcomes : [];
    const bases = [...new Set(counted.map(({ basis }) => basis))];
    const add = (of: readonly Standing[], value: (outcome: Standing) => number) =>
      amount(of.reduce((sum, outcome) => sum + BigInt(value(outcome)), 0n));
    const quantity = (outcome: Standing) => outcome.quantity!;
    const inUnit = (sum: number | string | null) => (sum === null ? null : written(sum, decimals));
    const byBasis = bases.map((basis) => {
      const ofBasis = counted.filter((outcome) => outcome.basis === basis);
      return [basis, add(ofBasis, quantity)] as const;
    });
    // An outcome without bounds is exact; one that is open on a side says nothing of it, and so does the sum.
    const bound = (side: 'low' | 'high') =>
      counted.some(({ bounds }) => bounds && bounds[side] === undefined)
        ? null
        : add(counted, (outcome) => outcome.bounds?.[side] ?? outcome.quantity!);
    const total = counted.length === 0 ? null : add(counted, quantity);
    const [low, high] = [bound('low'), bound('high')];
    return {
      total,
      amount: inUnit(total),
      outcomes: outcomes.length,
      byBasis: Object.fromEntries(byBasis),
      amountByBasis: Object.fromEntries(byBasis.map(([basis, sum]) => [basis, inUnit(sum)])),
      bounds: counted.length === 0 ? null : { low, high, lowAmount: inUnit(low), highAmount: inUnit(high) },
      ratio: kind === 'ratio' ? ratioOf(outcomes) : null,
    };
  }

  /** A measure that counts years which are added by definitions that cannot be compared. */
  private brokenOne(measure: NaiveMeasure, outcomes: readonly Standing[]): string | undefined {
    return this.familyOf(measure.id).find((id) => {
      const own = this.familyOf(id);
      const years = outcomes.filter(({ measureId }) => own.includes(measureId)).map(yearOf);
      return this.revisionsOf(id).some(
        ({ from, comparable }) =>
          !comparable &&
          years.some((year) => year < Number(from.slice(0, 4))) &&
          years.some((year) => year >= Number(from.slice(0, 4))),
      );
    });
  }

  /** The last that was recorded for each year. */
  private revisionsOf(id: string) {
    const { revisions } = this.measures.get(id)!;
    return revisions.filter(
      (one, place) => revisions.findLastIndex(({ from }) => from === one.from) === place,
    );
  }

  private describe({ id, label, unit, decimals, kind, countsPeople }: NaiveMeasure, lastYear: number) {
    const year = Math.min(lastYear, yearOf({ effective: { to: this.date } }));
    const held = this.revisionsOf(id).filter(({ from }) => Number(from.slice(0, 4)) <= year);
    const last = held.sort((one, other) => (one.from < other.from ? -1 : 1)).at(-1);
    return { id, label: last?.label ?? label, unit, decimals, kind, countsPeople };
  }
}

/** A quantity in the unit of its measure. */
function written(quantity: number | string, decimals: number): string {
  const [, sign, digits] = /^(-?)(\d+)$/.exec(String(quantity))!;
  const padded = digits!.padStart(decimals + 1, '0');
  const cut = padded.length - decimals;
  return `${sign}${padded.slice(0, cut)}${decimals === 0 ? '' : `.${padded.slice(cut)}`}`;
}

/** The calendar year in which an outcome's financial year starts. */
export function yearOf({ effective }: { readonly effective: { readonly to: string } }): number {
  const [year, month] = effective.to.split('-').map(Number) as [number, number];
  return month < 4 ? year - 1 : year;
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

export const named = (year: number) => `${year}-${`${year + 1}`.slice(2)}`;

/** The outcomes whose figures are combined. */
function addedOf({ kind }: NaiveMeasure, outcomes: readonly Standing[]): readonly Standing[] {
  if (kind === 'rate') return [];
  return kind === 'stock' ? latestOf(outcomes) : outcomes.filter((outcome) => !isPercent(outcome));
}

export const isPercent = ({ percent }: Standing) => percent !== undefined;

const byMeasure = (one: { measure: string }, other: { measure: string }) =>
  one.measure < other.measure ? -1 : 1;

function amount(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

/**
 * For each measure, programme, organisation and year the outcome with the latest date; of two with that date, the
 * one first recorded later.
 */
function latestOf(outcomes: readonly Standing[]): Standing[] {
  const sameThing = (one: Standing, other: Standing) =>
    one.measureId === other.measureId &&
    one.programmeId === other.programmeId &&
    one.organisationId === other.organisationId &&
    yearOf(one) === yearOf(other);
  const isLater = (one: Standing, other: Standing) =>
    one.effective.to > other.effective.to ||
    (one.effective.to === other.effective.to && one.first > other.first);
  return outcomes.filter((one) => !outcomes.some((other) => sameThing(one, other) && isLater(other, one)));
}

function ratioOf(outcomes: readonly Standing[]) {
  const whole = outcomes.filter((outcome) => !isPercent(outcome));
  if (whole.length === 0) return null;
  const numerator = whole.reduce((sum, outcome) => sum + BigInt(outcome.numerator!), 0n);
  const denominator = whole.reduce((sum, outcome) => sum + BigInt(outcome.denominator!), 0n);
  // Five decimals, the rest cut off: the fifth says which way the fourth is rounded.
  const cut = (numerator * 10_000_000n) / denominator;
  const nearest = cut / 10n + (cut % 10n >= 5n ? 1n : 0n);
  const isPart = numerator > 0n && numerator < denominator;
  // A part is neither nothing nor the whole, however near it comes.
  const rounded = isPart && nearest === 0n ? 1n : isPart && nearest === 1_000_000n ? 999_999n : nearest;
  const percent = `${rounded / 10_000n}.${`${rounded % 10_000n}`.padStart(4, '0')}`;
  return { numerator: amount(numerator), denominator: amount(denominator), percent };
}

function statedOf(outcomes: readonly Standing[]) {
  return outcomes
    .map(({ id, programmeId, organisationId, percent, rate, basis }) => ({
      outcome: id,
      programme: programmeId,
      ...(organisationId !== undefined && { organisation: organisationId }),
      ...(percent !== undefined && { percent }),
      ...(rate !== undefined && { rate }),
      basis,
    }))
    .sort((one, other) => (one.outcome < other.outcome ? -1 : 1));
}
