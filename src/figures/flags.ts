/**
 * The flags of a figure: what a reader must know before the figure is quoted. All of them follow from the cells that it
 * is made of, the definitions of its measures, and the moment asked about.
 */
import type { Kind } from '../domain/kinds/kind.js';
import { KINDS } from '../domain/kinds/kinds.js';
import { isBroken, type Measure } from '../domain/measure.js';
import { financialYearOf, type FinancialYear } from '../kernel/financial-year.js';
import { groupedBy, type Cell } from './cells.js';
import type { Flag, FlagCode } from './flag.views.js';
import type { Moment } from './moment.js';

export interface FlagsAsked {
  readonly moment: Moment;
  readonly measure: Measure;
  /** The measure and all that roll up into it. */
  readonly family: readonly Measure[];
  /** The organisation that each body within one is part of, by their ids. */
  readonly parents: ReadonlyMap<string, string>;
}

/** @param through the last year of the figure */
export function flagsOf(asked: FlagsAsked, cells: readonly Cell[], through: FinancialYear): Flag[] {
  const { measure, family, moment } = asked;
  const kind: Kind = KINDS[measure.kind];
  const standing = cells.filter(({ state }) => state.outcomes > 0);
  const added = standing.filter((cell) => addedOf(kind, cell) > 0);
  const flags: Flag[] = [];
  const flag = (code: FlagCode, sentence: string) => void flags.push({ code, sentence });

  const broken = brokenMeasure(family, standing);
  if (broken)
    flag(
      'definition-break',
      `The definition of ${broken.id} changed so that the years before and after, which are added here, cannot be compared.`,
    );
  if (through >= financialYearOf(moment.date))
    flag(
      'year-not-over',
      `${through} was not over on ${moment.date}: the figure has only what was recorded of it by then.`,
    );
  if (kind.counts === 'every' && added.some(({ overlaps }) => overlaps))
    flag(
      'periods-overlap',
      'Outcomes of one programme, measure and organisation that are added here have periods that overlap: the same may be counted in each.',
    );
  const people = measure.countsPeople ? sharedBy(kind, added) : [];
  if (people.length > 0)
    flag(
      'people-may-be-counted-more-than-once',
      `The same people may come in several of the ${listed(people)} that are added here.`,
    );
  const wholes = wholesBesideParts(asked, added);
  if (wholes.length > 0)
    flag(
      'whole-beside-parts',
      `In one programme and year, ${wholes.join(' and ')}: what is added here may be counted in both.`,
    );
  if (kind.flagOfSeveral && standing.length > 1)
    flag(
      kind.flagOfSeveral,
      'The latest values of several programmes, organisations or measures are added here, and may overlap.',
    );
  if (kind.apart && standing.some(({ state }) => state.apart > 0))
    flag(kind.apart.flag, APART[kind.apart.flag]);
  return flags;
}

const APART = {
  'percentages-not-combined':
    'Percentages that were published without saying of how many stand beside this figure, and are no part of it.',
  'rates-not-combined': 'Each rate stands for itself: how much comes of each is never added up.',
};

/** The outcomes of a cell that are added to others; a figure that is shown apart is not. */
function addedOf({ counts, comesTo }: Kind, { state }: Cell): number {
  if (comesTo === 'nothing') return 0;
  return counts === 'latest' ? 1 : state.outcomes - state.apart;
}

/** Whatever tells the outcomes apart that are added: people of any two may be the same. */
function sharedBy(kind: Kind, added: readonly Cell[]): readonly string[] {
  const outcomes = added.reduce((sum, cell) => sum + addedOf(kind, cell), 0);
  const several = (keyOf: (cell: Cell) => unknown) => new Set(added.map(keyOf)).size;
  const slots = several(({ measure, year, programme, organisation }) =>
    [measure, year, programme, organisation].join(' '),
  );
  return [
    ...(outcomes > slots ? ['periods'] : []),
    ...(several(({ measure }) => measure) > 1 ? ['measures'] : []),
    ...(several(({ programme }) => programme) > 1 ? ['programmes'] : []),
    ...(several(({ organisation }) => organisation) > 1 ? ['organisations'] : []),
    ...(several(({ year }) => year) > 1 ? ['years'] : []),
  ];
}

/** Wholes that stand in one programme and year with a part of theirs; without an organisation, an outcome is of all. */
function wholesBesideParts({ family, parents }: FlagsAsked, added: readonly Cell[]): readonly string[] {
  const measureParents = new Map(family.map(({ id, rollsUpInto }) => [id, rollsUpInto]));
  const measures = new Map(idsOf(added, 'measure').map((id) => [id, lineOf(id, measureParents)]));
  const organisations = new Map(
    idsOf(added, 'organisation').map((id) => [id, [...lineOf(id, parents), ...(id === '' ? [] : [''])]]),
  );
  if (![measures, organisations].some(isNested)) return [];
  const found = { measure: false, organisation: false };
  for (const cells of groupedBy(added, ({ year, programme }) => `${year} ${programme}`).values()) {
    const standing = new Set(cells.map(({ measure, organisation }) => `${measure} ${organisation}`));
    for (const { measure, organisation } of cells) {
      for (const whole of measures.get(measure)!)
        for (const by of organisations.get(organisation)!) {
          if (!standing.has(`${whole} ${by}`)) continue;
          found.measure ||= whole !== measure;
          found.organisation ||= by !== organisation;
        }
    }
  }
  return [
    ...(found.measure ? ['a measure stands beside one that rolls up into it'] : []),
    ...(found.organisation
      ? ['an organisation, or the programme as a whole, stands beside one that is part of it']
      : []),
  ];
}

const idsOf = (cells: readonly Cell[], field: 'measure' | 'organisation') => [
  ...new Set(cells.map((cell) => cell[field])),
];

/** The id, its parent, and so on. */
function lineOf(id: string, parents: ReadonlyMap<string, string | null>): readonly string[] {
  const line: string[] = [];
  for (let one: string | null | undefined = id; one != null; one = parents.get(one)) line.push(one);
  return line;
}

/** Whether one of them is part of another. */
const isNested = (lines: ReadonlyMap<string, readonly string[]>) =>
  [...lines.values()].some(([, ...wholes]) => wholes.some((whole) => lines.has(whole)));

const listed = (words: readonly string[]) => words.join(', ').replace(/, (?=[^,]*$)/, ' and ');

/**
 * The measure of a family whose definition changed between years that are added, so that these cannot be compared: for
 * each one the years count in which it or what rolls up into it has outcomes. Null where there is none.
 */
export function brokenMeasure(family: readonly Measure[], cells: readonly Cell[]): Measure | null {
  const standing = cells.filter(({ state }) => state.outcomes > 0);
  const broken = family.find((measure) => {
    if (measure.revisions.every(({ comparable }) => comparable)) return false;
    const own = partsOf(measure, family);
    const years = new Set(standing.filter((cell) => own.has(cell.measure)).map(({ year }) => year));
    return years.size > 0 && isBroken(measure, Math.min(...years), Math.max(...years));
  });
  return broken ?? null;
}

/** The measure and all of a family that roll up into it, however far down. */
function partsOf({ id }: Measure, family: readonly Measure[]): ReadonlySet<string> {
  const parts = new Set<string>([id]);
  for (const part of parts) for (const one of family) if (one.rollsUpInto === part) parts.add(one.id);
  return parts;
}
