/**
 * A figure from the events alone: a fold that shares nothing with the projector's or the self-check's.
 *
 * It keeps every outcome that stands, and adds up when all events are taken. What makes a figure is what the
 * design says: a flow is summed; of a stock the latest value of each year counts, for each measure, programme and
 * organisation; a ratio has its parts summed apart. A measure's figure includes those that roll up into it.
 */
import { financialYearOf, type CalendarDate } from '../kernel/financial-year.js';
import { loggedEventOf, type BundleEvent, type BundleFigure, type ToldFigure } from './bundle-format.js';

interface Outcome {
  readonly programmeId: string;
  readonly measureId: string;
  readonly organisationId?: string;
  readonly quantity?: number;
  readonly numerator?: number;
  readonly denominator?: number;
  readonly percent?: string;
  readonly effective: { readonly from: string; readonly to: string };
  readonly basis: string;
  readonly range?: { readonly low: number; readonly high: number };
  readonly sequence: number;
}

interface Measure {
  readonly kind: 'flow' | 'stock' | 'ratio';
  readonly rollsUpInto: string | null;
}

export class FigureCheck {
  private readonly measures = new Map<string, Measure>();
  private readonly standing = new Map<string, Outcome>();

  constructor(private readonly figure: BundleFigure) {}

  take(event: BundleEvent): void {
    const { data, ledgersequence: sequence } = event;
    if (sequence > this.figure.asAtSequence) return;
    const id = data['outcomeId'] as string;
    switch (loggedEventOf(event).metadata.schema) {
      case 'measure-defined@1':
        this.measures.set(data['measureId'] as string, data as unknown as Measure);
        break;
      case 'outcome@1':
      case 'outcome-corrected@1':
        this.standing.set(id, { ...(data as unknown as Outcome), sequence });
        break;
      case 'outcome-withdrawn@1':
        this.standing.delete(id);
        break;
      default:
        break; // The others say nothing of figures.
    }
  }

  /** In words, where what was told is not what the events come to; null where it is. */
  fault(): string | null {
    const { years = [], total, from, to } = this.figure;
    for (const told of years) {
      const fault = this.difference(told, told.financialYear, told.financialYear);
      if (fault !== null) return `the figure of ${told.financialYear} ${fault}`;
    }
    const fault = total && this.difference(total, from, to);
    return fault ? `the figure of ${from} to ${to} ${fault}` : null;
  }

  private difference(told: ToldFigure, from: string, to: string): string | null {
    const made = this.made(from, to);
    for (const [name, value] of Object.entries(made)) {
      const [is, says] = [value, textOf(told[name as keyof ToldFigure])];
      if (is !== says) return `has ${name} ${says}, but its events come to ${is}`;
    }
    return null;
  }

  /** Each part of the figure as text. */
  private made(from: string, to: string): Record<string, string> {
    const family = this.family();
    const { programme, organisation } = this.figure;
    const standing = [...this.standing.values()].filter((outcome) => {
      const year = yearOf(outcome);
      return (
        family.has(outcome.measureId) &&
        (programme === undefined || outcome.programmeId === programme) &&
        (organisation === undefined || outcome.organisationId === organisation) &&
        year >= from &&
        year <= to
      );
    });
    const kind = this.measures.get(this.figure.measure)?.kind;
    const outcomes = String(standing.length);
    if (kind === 'ratio') {
      const whole = standing.filter(({ percent }) => percent === undefined);
      const [numerator, denominator] = [
        sumOf(whole, ({ numerator = 0 }) => numerator),
        sumOf(whole, ({ denominator = 0 }) => denominator),
      ];
      return { outcomes, total: 'null', ratio: denominator === 0n ? 'null' : `${numerator}/${denominator}` };
    }
    const counted = kind === 'stock' ? latestOf(standing) : standing;
    if (counted.length === 0) return { outcomes, total: 'null', range: 'null' };
    const bases = [...new Set(counted.map(({ basis }) => basis))].sort();
    const ofBasis = (basis: string) => counted.filter((outcome) => outcome.basis === basis);
    const quantity = ({ quantity = 0 }: Outcome) => quantity;
    return {
      outcomes,
      total: `${sumOf(counted, quantity)}`,
      range: `${sumOf(counted, (one) => one.range?.low ?? quantity(one))} to ${sumOf(counted, (one) => one.range?.high ?? quantity(one))}`,
      byBasis: bases.map((basis) => `${basis} ${sumOf(ofBasis(basis), quantity)}`).join(', '),
    };
  }

  /** The measure, and all that roll up into it, however far down. */
  private family(): Set<string> {
    const family = new Set([this.figure.measure]);
    for (const member of family) {
      for (const [id, { rollsUpInto }] of this.measures) if (rollsUpInto === member) family.add(id);
    }
    return family;
  }
}

function textOf(told: ToldFigure[keyof ToldFigure]): string {
  if (told === null || typeof told !== 'object') return String(told);
  if ('numerator' in told) return `${told.numerator}/${told.denominator}`;
  if ('low' in told) return `${told.low} to ${told.high}`;
  return Object.keys(told)
    .sort()
    .map((basis) => `${basis} ${told[basis]}`)
    .join(', ');
}

const yearOf = ({ effective }: Outcome) => financialYearOf(effective.to as CalendarDate);

function sumOf(outcomes: readonly Outcome[], valueOf: (outcome: Outcome) => number): bigint {
  return outcomes.reduce((sum, outcome) => sum + BigInt(valueOf(outcome)), 0n);
}

/** The later effective date wins, and on the same date the later recorded. */
function latestOf(outcomes: readonly Outcome[]): Outcome[] {
  const latest = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const { measureId, programmeId, organisationId = '', effective, sequence } = outcome;
    const key = [measureId, programmeId, organisationId, yearOf(outcome)].join(' ');
    const known = latest.get(key);
    const isLater =
      !known ||
      effective.to > known.effective.to ||
      (effective.to === known.effective.to && sequence > known.sequence);
    if (isLater) latest.set(key, outcome);
  }
  return [...latest.values()];
}
