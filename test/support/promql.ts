/** The parts of a PromQL expression that a test checks: its metrics, and the labels by which it selects them. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** @throws Error with the place where the expression is not well-formed */
export function selectorsOf(expression: string): readonly Selector[] {
  const selectors: { metric: string; labels: string[] }[] = [];
  parser.parse(expression).iterate({
    enter({ type, name, from, to }) {
      if (type.isError) throw new Error(`not PromQL at “${expression.slice(from, to + 20)}”: ${expression}`);
      const text = expression.slice(from, to);
      if (name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      else if (name === 'Identifier') selectors.at(-1)!.metric ||= text;
      else if (name === 'LabelName' && isMatcher(expression, to)) selectors.at(-1)!.labels.push(text);
    },
  });
  return selectors;
}

/** A grouping names labels too, but no comparison follows there. */
function isMatcher(expression: string, end: number): boolean {
  return /^\s*(?:=~|!~|!=|=)/.test(expression.slice(end));
}
