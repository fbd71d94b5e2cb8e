/**
 * Checks a figure by the events alone, with a fold that shares nothing with the projector's or the self-check's.
 *
 * It keeps every outcome that stands, and adds up when all events are taken. The kind of the measure
 * (domain/kinds) decides how a figure is made: every outcome counts, or the latest of each year for each measure,
 * programme and organisation; they are summed, or have their parts summed apart, or give no figure. A measure's
 * figure includes the measures that roll up into it. The stated figure must be what the events give, and every
 * measure that they name must be defined among them.
 */
import { exact, type Quantity } from '../domain/amount.js';
import type { Kind } from '../domain/kinds/kind.js';
import { isMeasureKind, KINDS, type MeasureKind } from '../domain/kinds/kinds.js';
import type { RecordedOutcome } from '../domain/outcome.js';
import { unreachable } from '../kernel/assert.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import { financialYearOf } from '../kernel/financial-year.js';
import { loggedEventOf, type BundleEvent, type BundleFigure, type ToldFigure } from './bundle-format.js';

interface Outcome extends RecordedOutcome {
  /** The outcome was first recorded at this sequence: its place among the values of a day. */
  readonly sequence: number;
}

interface BundleMeasure {
  readonly kind: MeasureKind;
  readonly rollsUpInto: string | null;
  /** By the year from which each revision holds, whether it can be compared with what was counted before. */
  readonly revisions: ReadonlyMap<string, boolean>;
  /**
   * So many events of the measure came so far: where one is left out, the next is not at this revision of its stream.
   */
  readonly events: number;
}

interface Revision {
  readonly measureId: string;
  readonly from: string;
  readonly comparable: boolean;
}

export class FigureCheck {
  private readonly measures = new Map<string, BundleMeasure>();
  private readonly standing = new Map<string, Outcome>();
  /** These reasons keep it undecided whether the figure is right. */
  readonly doubts: string[] = [];
  /** The figure adds up outcomes of these measures although their definitions cannot be compared. */
  readonly breaks = new Set<string>();

  constructor(private readonly figure: BundleFigure) {}

  /** @param event one whose facts have the hash that was logged */
  take(event: BundleEvent): void {
    const { data, ledgersequence: sequence } = event;
    const { facts } = data;
    if (sequence > this.figure.asAtSequence) return;
    const { schema } = loggedEventOf(event).metadata;
    // Neither programmes nor organisations change a figure.
    if (/^(programme|organisation|key)-/.test(schema)) return;
    const id = facts['outcomeId'] as string;
    switch (schema) {
      case 'measure-defined@2':
        if (!isMeasureKind(facts['kind']))
          this.doubts.push(`what kind ${String(facts['kind'])} is, is not known here`);
        this.measures.set(facts['measureId'] as string, {
          ...(facts as unknown as BundleMeasure),
          revisions: new Map(),
          events: 1,
        });
        break;
      case 'measure-revised@2':
        this.revise(facts as unknown as Revision, event.revision);
        break;
      case 'outcome@2':
        this.standing.set(id, { ...(facts as unknown as Outcome), sequence });
        break;
      case 'outcome-corrected@2':
      case 'outcome-reinstated@2':
        this.correct(id, facts as unknown as Outcome & { readonly firstSequence: number });
        break;
      case 'outcome-withdrawn@2':
        this.standing.delete(id);
        break;
      case 'outcome-erased@2':
        break; // Facts stand when the words beside them go.
      default:
        this.doubts.push(`what the event ${sequence} says, of the schema ${schema}, is not known here`);
    }
  }

  /** A correction and a reinstatement keep the outcome's place, and name it: what was first recorded may be left out. */
  private correct(
    id: string,
    { firstSequence, ...outcome }: Outcome & { readonly firstSequence: number },
  ): void {
    const known = this.standing.get(id);
    if (known && known.sequence !== firstSequence)
      this.doubts.push(`a correction of ${id} says that it was first recorded at ${firstSequence}`);
    this.standing.set(id, { ...outcome, sequence: firstSequence });
  }

  private revise({ measureId, from, comparable }: Revision, revision: number): void {
    const measure = this.measures.get(measureId);
    if (!measure || revision !== measure.events) {
      this.doubts.push(`a revision of ${measureId} is left out: what can be compared is not known`);
      return;
    }
    const revisions = new Map(measure.revisions).set(from, comparable);
    this.measures.set(measureId, { ...measure, revisions, events: measure.events + 1 });
  }

  /**
   * Says how the stated figure differs from what the events give; null where it does not, or where that cannot be
   * known.
   */
  fault(): string | null {
    if (this.doubts.length > 0) return null;
    const { years = [], total, from, to, measure } = this.figure;
    const undefinedOne = this.undefinedMeasure();
    if (undefinedOne !== null) return `the figure is made of ${undefinedOne}, whose definition is left out`;
    const kind = this.measures.get(measure)?.kind;
    if (total && kind !== undefined && KINDS[kind].notOverYears !== null)
      return `the figure adds up a ${kind} over years, which this kind does not allow`;
    for (const { financialYear, ...told } of years) {
      const fault = this.difference(told, financialYear, financialYear);
      if (fault !== null) return `the figure of ${financialYear} ${fault}`;
    }
    const fault = total && this.difference(total, from, to);
    return fault ? `the figure of ${from} to ${to} ${fault}` : null;
  }

  /**
   * Without the definition of a measure, or of a revision, nobody knows how the measure adds up, nor into which
   * measure.
   */
  private undefinedMeasure(): string | null {
    // A figure as at a moment before its measure was defined has no outcomes, whatever its kind.
    if (this.standing.size > 0 && !this.measures.has(this.figure.measure)) return this.figure.measure;
    for (const { measureId } of this.standing.values()) if (!this.measures.has(measureId)) return measureId;
    return null;
  }

  private difference(told: ToldFigure, from: string, to: string): string | null {
    const made = this.made(from, to);
    if (canonicalJson(made) === canonicalJson(told)) return null;
    for (const name of Object.keys(made) as (keyof ToldFigure)[]) {
      const [is, says] = [canonicalJson(made[name]), canonicalJson(told[name])];
      if (is !== says) return `has ${name} ${says}, but its events come to ${is}`;
    }
    return `says more than its events do`;
  }

  private made(from: string, to: string): ToldFigure {
    const family = this.familyOf(this.figure.measure);
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
    this.noteBreaks(standing, family);
    const outcomes = standing.length;
    if (outcomes === 0) return { ...added([]), outcomes, ratio: null };
    const { counts, comesTo }: Kind = KINDS[this.measures.get(this.figure.measure)!.kind];
    const counted = counts === 'latest' ? latestOf(standing) : standing;
    switch (comesTo) {
      case 'sum':
        return { ...added(counted), outcomes, ratio: null };
      case 'ratio':
        return { ...added([]), outcomes, ratio: ratioOf(counted) };
      case 'nothing':
        return { ...added([]), outcomes, ratio: null };
      default:
        return unreachable(comesTo);
    }
  }

  /** A break lies between outcomes of a measure, or of what rolls up into it, that no definition compares. */
  private noteBreaks(outcomes: readonly Outcome[], family: ReadonlySet<string>): void {
    for (const id of family) {
      const own = this.familyOf(id);
      const years = outcomes
        .filter(({ measureId }) => own.has(measureId))
        .map(yearOf)
        .sort();
      for (const [from, comparable] of this.measures.get(id)?.revisions ?? []) {
        if (!comparable && years[0]! < from && from <= years.at(-1)!) this.breaks.add(id);
      }
    }
  }

  private familyOf(measure: string): Set<string> {
    const family = new Set([measure]);
    for (const member of family) {
      for (const [id, { rollsUpInto }] of this.measures) if (rollsUpInto === member) family.add(id);
    }
    return family;
  }
}

const yearOf = ({ effective }: Outcome) => financialYearOf(effective.to);

function added(outcomes: readonly Outcome[]): Pick<ToldFigure, 'total' | 'byBasis' | 'bounds'> {
  if (outcomes.length === 0) return { total: null, byBasis: {}, bounds: null };
  const quantity = ({ quantity = 0 }: Outcome) => quantity;
  const bases = [...new Set(outcomes.map(({ basis }) => basis))];
  const ofBasis = (basis: string) => outcomes.filter((outcome) => outcome.basis === basis);
  // An outcome without bounds is its own; one whose side is open opens that of the sum.
  const bound = (side: 'low' | 'high') =>
    outcomes.every(({ bounds }) => !bounds || bounds[side] !== undefined)
      ? sumOf(outcomes, (one) => one.bounds?.[side] ?? quantity(one))
      : null;
  return {
    total: sumOf(outcomes, quantity),
    byBasis: Object.fromEntries(bases.map((basis) => [basis, sumOf(ofBasis(basis), quantity)])),
    bounds: { low: bound('low'), high: bound('high') },
  };
}

/** Percentages without numerator and denominator are not combined. */
function ratioOf(outcomes: readonly Outcome[]): ToldFigure['ratio'] {
  const whole = outcomes.filter((outcome) => outcome.denominator !== undefined);
  const denominator = sumOf(whole, ({ denominator = 0 }) => denominator);
  return denominator === 0
    ? null
    : { numerator: sumOf(whole, ({ numerator = 0 }) => numerator), denominator };
}

function sumOf(outcomes: readonly Outcome[], valueOf: (outcome: Outcome) => number): Quantity {
  return exact(outcomes.reduce((total, outcome) => total + BigInt(valueOf(outcome)), 0n));
}

/** The later effective date wins, and on the same date the one first recorded later. */
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
