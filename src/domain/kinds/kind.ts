/**
 * Every part of the ledger asks a kind of measure these questions. Each kind answers them in a file of its own, and
 * `kinds.ts` lists the kinds: a new one is one file, and an answer that no reader knows yet does not compile there.
 */

export const FIGURE_MEMBERS = ['quantity', 'numerator', 'denominator', 'percent', 'rate'] as const;
export type FigureMember = (typeof FIGURE_MEMBERS)[number];

export interface Kind {
  /** Each way of giving a figure lists the members that an outcome then has. */
  readonly ways: readonly (readonly FigureMember[])[];
  /** The ways in words, after "it takes". */
  readonly takes: string;
  /** For each programme, organisation and year, every outcome counts or the latest alone. */
  readonly counts: 'every' | 'latest';
  /** The figures of outcomes that count are summed, or divided part by part, or stand each for itself. */
  readonly comesTo: 'sum' | 'ratio' | 'nothing';
  /** A figure given in this way is shown beside the others and combined with none. */
  readonly apart: Apart | null;
  /** A figure in which several outcomes, programmes or organisations count has this flag. */
  readonly flagOfSeveral: 'latest-values-added-across-programmes' | null;
  /** The reason, after "the measure is", why figures of several years are not added; null where they are. */
  readonly notOverYears: string | null;
  /** A measure of this kind may be part of another measure. */
  readonly rollsUp: boolean;
}

export type Apart =
  | { readonly member: 'percent'; readonly list: 'percentages'; readonly flag: 'percentages-not-combined' }
  | { readonly member: 'rate'; readonly list: 'rates'; readonly flag: 'rates-not-combined' };
