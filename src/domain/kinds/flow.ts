import type { Kind } from './kind.js';

/** A flow is summed over time: patients, jobs, pounds. */
export const flow: Kind = {
  ways: [['quantity']],
  takes: 'a quantity',
  counts: 'every',
  comesTo: 'sum',
  apart: null,
  flagOfSeveral: null,
  notOverYears: null,
  rollsUp: true,
};
