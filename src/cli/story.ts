/**
 * The story of a submission or of one outcome, as a person would tell it: who recorded what, when, what changed
 * from what, why, and on what evidence.
 */
import type { OutcomeView } from '../figures/outcome.views.js';
import type { Erasure, OutcomeHistory, OutcomeVersion, SubmissionStory } from '../reports/story.views.js';
import type { Units } from './client.js';
import { readable } from './output.js';

export function submissionTold(story: SubmissionStory, units: Units): string {
  const { submission, programme, recordedAt, actor = SOMEONE, outcomes } = story;
  const opening = `Submission ${submission} of ${programme}, recorded ${recordedAt} by ${actor}: ${counted(outcomes.length)}.`;
  return [opening, ...outcomes.map((outcome) => outcomeTold(outcome, units))].join('\n\n');
}

export function outcomeTold(
  { id, version, status, versions, erasures = [] }: OutcomeHistory,
  units: Units,
): string {
  const standing = status === 'standing' ? 'stands as recorded' : status;
  const lines = [...versionsTold(versions, units), ...erasures.flatMap(erasureTold)];
  return [`${id}  ${standing}, version ${version}`, ...lines].join('\n');
}

/** A reporter is not told who. */
const SOMEONE = 'someone';

function erasureTold({ recordedAt, actor = SOMEONE, sequence, authorisedBy, reason }: Erasure): string[] {
  const opening = `  ${recordedAt}  ${actor} erased the words of what is marked above as erased  (sequence ${sequence})`;
  const because = reason === undefined ? [] : [`    because: ${reason}`];
  return [opening, `    authorised by: ${authorisedBy}`, ...because];
}

/** The fields that a version changed, from what, to what. */
export function changesTold(versions: readonly OutcomeVersion[], version: number, units: Units): string[] {
  const [before, after] = [versions[version - 1]?.outcome, versions[version]?.outcome];
  return before && after ? fieldsTold(after, before, units) : [];
}

function* versionsTold(versions: readonly OutcomeVersion[], units: Units): Generator<string> {
  let before: OutcomeView | undefined;
  for (const { recordedAt, actor = SOMEONE, type, sequence, outcome, reason, erased } of versions) {
    yield `  ${recordedAt}  ${actor} ${VERBS[type] ?? 'recorded it'}  (sequence ${sequence})`;
    if (reason !== undefined) yield `    because: ${reason}`;
    if (erased) yield '    its words were erased by a lawful order';
    if (outcome) for (const line of fieldsTold(outcome, before, units)) yield `    ${line}`;
    before = outcome ?? before;
  }
}

const VERBS: Readonly<Record<string, string>> = {
  OutcomeCorrected: 'corrected it',
  OutcomeWithdrawn: 'withdrew it',
  OutcomeReinstated: 'took the withdrawal back',
};

/** A first version shows every field; a later version shows the fields that changed. */
function fieldsTold(outcome: OutcomeView, before: OutcomeView | undefined, units: Units): string[] {
  const is = fieldsOf(outcome, units);
  if (!before) return [...is].map(([name, value]) => `${name}: ${value}`);
  const was = fieldsOf(before, units);
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => `${name}: from ${was.get(name) ?? 'nothing'} to ${is.get(name) ?? 'nothing'}`);
}

function fieldsOf(outcome: OutcomeView, units: Units): Map<string, string> {
  const { measure, amount, numerator, denominator, percent, rate, organisation } = outcome;
  const { effective, basis, bounds, evidence, note, evidenceSha256 } = outcome;
  const unit = units.get(measure)?.unit ?? '';
  const told = (value: string) =>
    unit === 'pounds' ? readable(value, unit) : `${readable(value, unit)} ${unit}`.trim();
  const bound = (value: string | undefined) => (value === undefined ? 'open' : told(value));
  const fields: Record<string, string | undefined> = {
    measure,
    quantity: amount === undefined ? undefined : told(amount),
    ratio:
      numerator === undefined ? undefined : `${readable(numerator, '')} of ${readable(denominator!, '')}`,
    percent: percent === undefined ? undefined : `${percent}%`,
    rate,
    bounds: bounds && `${bound(bounds.lowAmount)} to ${bound(bounds.highAmount)}`,
    period: effective.from === effective.to ? effective.from : `${effective.from} to ${effective.to}`,
    organisation,
    basis,
    evidence:
      [evidence?.title && `“${evidence.title}”`, evidence?.uri, evidenceSha256].filter(Boolean).join(', ') ||
      undefined,
    reference: outcome.reference,
    counting: outcome.counting,
    note,
  };
  return new Map(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined));
}

function counted(outcomes: number): string {
  return outcomes === 1 ? 'one outcome' : `${outcomes} outcomes`;
}
