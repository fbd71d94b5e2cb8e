/**
 * The questions that every part of the ledger asks a kind of measure. Each kind answers them in a file of its own, and
 * `kinds.ts` lists the kinds: a new one is one file, and an answer that no reader knows yet does not compile there.
 */

/** The members of an outcome that may hold its figure. */
export const FIGURE_MEMBERS = ['quantity', 'numerator', 'denominator', 'percent', 'rate'] as const;
export type FigureMember = (typeof FIGURE_MEMBERS)[number];

export interface Kind {
  /** The ways of saying a figure: each lists the members that an outcome then has. */
  readonly ways: readonly (readonly FigureMember[])[];
  /** The same in words, after "it takes". */
  readonly takes: string;
  /** The outcomes that count of each programme, organisation and year: every one, or the latest alone. */
  readonly counts: 'every' | 'latest';
  /** How the outcomes that count are combined; nothing comes of figures that stand each for itself. */
  readonly comesTo: 'sum' | 'ratio' | 'nothing';
  /** The way of saying a figure that is shown beside the others and combined with none. */
  readonly apart: Apart | null;
  /** The flag of a figure in which several outcomes, programmes or organisations count. */
  readonly flagOfSeveral: 'latest-values-added-across-programmes' | null;
  /** Why figures of several years are not added, after "the measure is"; null where they are. */
  readonly notOverYears: string | null;
  /** Whether a measure of this kind may be part of another measure. */
  readonly rollsUp: boolean;
}

export type Apart =
  | { readonly member: 'percent'; readonly list: 'percentages'; readonly flag: 'percentages-not-combined' }
  | { readonly member: 'rate'; readonly list: 'rates'; readonly flag: 'rates-not-combined' };
