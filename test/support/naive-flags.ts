/** The flags of a figure, by the plain fold: each is looked for among all pairs of the outcomes that are added. */
import {
  isPercent,
  named,
  yearOf,
  type NaiveLedger,
  type NaiveMeasure,
  type Standing,
} from './naive-totals.js';

interface NaiveFigure {
  readonly measure: NaiveMeasure;
  readonly outcomes: readonly Standing[];
  readonly added: readonly Standing[];
  /** The last year of the figure. */
  readonly last: number;
  readonly broken: string | undefined;
}

export function flagsOf(ledger: NaiveLedger, figure: NaiveFigure): readonly object[] {
  const { measure, outcomes, added, last, broken } = figure;
  const { kind, countsPeople } = measure;
  const pairs = added.flatMap((one) => added.map((other) => [one, other] as const));
  const differ = (in_: (outcome: Standing) => unknown) =>
    pairs.some(([one, other]) => in_(one) !== in_(other));
  const slot = (one: Standing) =>
    JSON.stringify([one.measureId, one.programmeId, one.organisationId, yearOf(one)]);
  const across = [
    pairs.some(([one, other]) => one !== other && slot(one) === slot(other)) && 'periods',
    differ(({ measureId }) => measureId) && 'measures',
    differ(({ programmeId }) => programmeId) && 'programmes',
    differ(({ organisationId }) => organisationId) && 'organisations',
    differ(yearOf) && 'years',
  ].filter((word) => word !== false);
  const besides = pairs.filter(
    ([whole, part]) =>
      whole.programmeId === part.programmeId &&
      yearOf(whole) === yearOf(part) &&
      ledger.familyOf(whole.measureId).includes(part.measureId) &&
      (whole.organisationId === undefined || whole.organisationId === part.organisationId),
  );
  const beside = [
    besides.some(([whole, part]) => whole.measureId !== part.measureId) &&
      'a measure stands beside one that rolls up into it',
    besides.some(([whole, part]) => whole.organisationId !== part.organisationId) &&
      'an organisation, or the programme as a whole, stands beside one that is part of it',
  ].filter((words) => words !== false);
  const sentences = {
    'definition-break':
      broken !== undefined &&
      `The definition of ${broken} changed so that the years before and after, which are added here, cannot be compared.`,
    'year-not-over':
      ledger.date <= `${last + 1}-03-31` &&
      `${named(last)} was not over on ${ledger.date}: the figure has only what was recorded of it by then.`,
    'periods-overlap':
      kind !== 'stock' &&
      pairs.some(([one, other]) => one !== other && slot(one) === slot(other) && areTogether(one, other)) &&
      'Outcomes of one programme, measure and organisation that are added here have periods that overlap: the same may be counted in each.',
    'people-may-be-counted-more-than-once':
      countsPeople &&
      across.length > 0 &&
      `The same people may come in several of the ${inWords(across)} that are added here.`,
    'whole-beside-parts':
      beside.length > 0 &&
      `In one programme and year, ${beside.join(' and ')}: what is added here may be counted in both.`,
    'latest-values-added-across-programmes':
      kind === 'stock' &&
      added.length > 1 &&
      'The latest values of several programmes, organisations or measures are added here, and may overlap.',
    'percentages-not-combined':
      kind === 'ratio' &&
      outcomes.some(isPercent) &&
      'Percentages that were published without saying of how many stand beside this figure, and are no part of it.',
    'rates-not-combined':
      kind === 'rate' &&
      outcomes.length > 0 &&
      'Each rate stands for itself: how much comes of each is never added up.',
  };
  return Object.entries(sentences).flatMap(([code, sentence]) => (sentence ? [{ code, sentence }] : []));
}

const areTogether = ({ effective: one }: Standing, { effective: other }: Standing) =>
  one.from <= other.to && other.from <= one.to;

function inWords(words: readonly string[]): string {
  const last = words.at(-1)!;
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
