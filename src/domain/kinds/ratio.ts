import type { Kind } from './kind.js';

/** A ratio is re-derived from all numerators and denominators, never averaged; a bare percentage stands apart. */
export const ratio: Kind = {
  ways: [['numerator', 'denominator'], ['percent']],
  takes: 'a numerator and a denominator, or a percent alone',
  counts: 'every',
  comesTo: 'ratio',
  apart: { member: 'percent', list: 'percentages', flag: 'percentages-not-combined' },
  flagOfSeveral: null,
  notOverYears:
    'a ratio: it is re-derived from its parts within a year, and neither added nor averaged over years',
  rollsUp: false,
};
