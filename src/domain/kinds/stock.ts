import type { Kind } from './kind.js';

/** A stock is what stands on a day: its latest value stands for the year, and is never summed over time. */
export const stock: Kind = {
  ways: [['quantity']],
  takes: 'a quantity',
  counts: 'latest',
  comesTo: 'sum',
  apart: null,
  flagOfSeveral: 'latest-values-added-across-programmes',
  notOverYears:
    'a stock: its latest value of each year stands for the year, and adding years would count the same things again',
  rollsUp: true,
};
