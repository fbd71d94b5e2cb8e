import type { Kind } from './kind.js';

/** A rate is shown with what it is a rate of, such as £1.92m a hospital, and combined with nothing. */
export const rate: Kind = {
  ways: [['rate']],
  takes: 'a rate alone',
  counts: 'every',
  comesTo: 'nothing',
  apart: { member: 'rate', list: 'rates', flag: 'rates-not-combined' },
  flagOfSeveral: null,
  notOverYears: 'a rate: it says how much comes of each, and rates are neither added nor averaged',
  rollsUp: false,
};
