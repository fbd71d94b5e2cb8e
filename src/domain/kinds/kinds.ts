import { flow } from './flow.js';
import type { Kind } from './kind.js';
import { rate } from './rate.js';
import { ratio } from './ratio.js';
import { stock } from './stock.js';

export const KINDS = { flow, stock, ratio, rate } satisfies Readonly<Record<string, Kind>>;

export type MeasureKind = keyof typeof KINDS;
export const MEASURE_KINDS = Object.keys(KINDS) as readonly MeasureKind[];

export function isMeasureKind(text: unknown): text is MeasureKind {
  return typeof text === 'string' && Object.hasOwn(KINDS, text);
}
