/**
 * Checks a file with a bundle or a single proof, and reports to people or as JSON. `ledger verify` and `ledger-verify`
 * share this module; `ledger-verify` uses nothing else of the ledger.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { BundleCheck } from './bundle-check.js';
import { scopeText, type BundleFigure, type ToldFigure } from './bundle-format.js';
import { eachLine } from './each-line.js';
import { visible } from '../kernel/visible.js';
import { parseVerifierKey } from '../tlog/note.js';
import { parsePolicy, policyOf, type Policy } from '../tlog/policy.js';
import { checkProof, isCheckpoint, isProof } from './proof-check.js';
import type { Finding, Verdict } from './verdict.js';

/** The options of both commands by their names: what each takes, and what that says. */
export const OPTIONS = {
  key: ['<key>', 'a verifier key that you trust, or a file with some'],
  policy: ['<file>', 'says whom you trust, in place of --key: log, witness, group and quorum lines'],
  since: ['<file>', 'a checkpoint that you kept: the log must be its continuation'],
  'since-time': ['<instant>', 'when you got that checkpoint: no later event may be dated before then'],
  event: ['<file>', 'for a single proof: a file with its event'],
  checkpoint: ['<file>', 'for a single proof that has none: a file with its checkpoint'],
  expect: ['<scope>', 'the scope you asked for: everything, programme:<id>, period or figure'],
} as const;

type OptionName = Exclude<keyof typeof OPTIONS, 'since-time'> | 'sinceTime';
export type VerifyOptions = { readonly [Name in OptionName]?: string | undefined } & {
  readonly json?: boolean | undefined;
};

export const EXIT_CODES = { good: 0, tampered: 1, 'cannot tell': 2 } as const satisfies Record<
  Verdict['verdict'],
  number
>;

export async function verifyFile(
  file: string,
  { json = false, ...options }: VerifyOptions,
): Promise<{ text: string; exitCode: number }> {
  let verdict: Verdict;
  try {
    verdict = await checkFile(file, options);
  } catch (error) {
    // The file, or a file to check it with, could not be read, so nothing is known of it.
    const doubts = [(error as Error).message];
    verdict = { ...NOTHING, doubts };
  }
  return { text: json ? JSON.stringify(verdict) : told(verdict), exitCode: EXIT_CODES[verdict.verdict] };
}

const NOTHING: Verdict = {
  verdict: 'cannot tell',
  faults: [],
  doubts: [],
  remarks: [],
  limits: [],
  scope: null,
  figure: null,
  origin: null,
  size: null,
  root: null,
  events: 0,
  erased: 0,
  erasures: [],
  signedBy: [],
  stamped: null,
};

async function checkFile(
  file: string,
  { since, sinceTime, policy, key, expect, event, checkpoint }: VerifyOptions,
): Promise<Verdict> {
  const trusted = policyFrom(policy, key);
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  const beginning = beginningOf(file);
  if (isProof(beginning) || (isCheckpoint(beginning) && since !== undefined)) {
    if (expect !== undefined || sinceTime !== undefined)
      throw new Error('--expect and --since-time are for bundles: this is a single proof');
    const proven = checkProof(readNote(file), {
      policy: trusted,
      since: since && readNote(since),
      event: event && readFileSync(event, 'utf8'),
      checkpoint: checkpoint && readNote(checkpoint),
    });
    return { ...NOTHING, ...proven };
  }
  const other = otherThanBundle(file, beginning);
  if (other !== null) throw new Error(`${file} ${other}`);
  if (event !== undefined || checkpoint !== undefined)
    throw new Error('--event and --checkpoint are for single proofs: this is a bundle');
  const sinceTimeMs = sinceTime === undefined ? undefined : Date.parse(sinceTime);
  if (Number.isNaN(sinceTimeMs)) throw new Error(`not an instant: ${sinceTime}`);
  const check = new BundleCheck({
    ...(trusted && { policy: trusted }),
    ...(since !== undefined && { since: readNote(since) }),
    ...(sinceTimeMs !== undefined && { sinceTimeMs }),
    ...(expect !== undefined && { expect }),
  });
  eachLine(file, (...line) => check.takeLine(...line));
  return check.end();
}

const BUNDLE = '{"format":"';
/** The ledger may answer a problem in place of a bundle. */
const REFUSAL = '{"type":"urn:outcome-ledger:problem:';
/** Files that people have in place of a bundle, by how they begin. */
const OTHERS: readonly (readonly [beginning: RegExp, what: string])[] = [
  [/^$/, 'is empty: ask for it again'],
  [
    /^\xef\xbb\xbf/,
    'begins with a byte order mark, so an editor or a mail program has changed it: save it as it was sent',
  ],
  [/^\x1f\x8b/, 'is compressed: unpack it with gzip first'],
  [/^PK\x03\x04/, 'is a zip file: unpack it first'],
  [/^%PDF/, 'is a PDF, and no bundle'],
  [/^\s*</, 'is a web page, and no bundle: somebody between you and the ledger may have answered'],
];

/** Says what a file is that nobody can take for a bundle, which proves nothing of the ledger; null for all others. */
function otherThanBundle(file: string, beginning: string): string | null {
  if (beginning.startsWith(REFUSAL))
    return `is no bundle, but says why the ledger made none: ${reasonIn(file)}`;
  if (isCheckpoint(beginning))
    return 'is a checkpoint, and no bundle: name another one with --since to compare the two';
  if (!beginning.startsWith(BUNDLE))
    return OTHERS.find(([begins]) => begins.test(beginning))?.[1] ?? 'does not begin as a bundle or a proof';
  return /^[^\n]*\r\n/.test(beginning)
    ? 'has other line ends than it was made with, so an editor or a mail program has changed it: save it as it was sent'
    : null;
}

function reasonIn(file: string): string {
  const { detail, title } = JSON.parse(readFileSync(file, 'utf8')) as { detail?: string; title?: string };
  return detail ?? title ?? '';
}

function beginningOf(file: string): string {
  const bytes = Buffer.alloc(64 * 1024);
  const descriptor = openSync(file, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/** Other tools may have saved a note with one newline more or less at its end. */
export function readNote(file: string): string {
  return `${readFileSync(file, 'utf8').trimEnd()}\n`;
}

function policyFrom(policy: string | undefined, key: string | undefined): Policy | undefined {
  if (policy !== undefined) return parsePolicy(readFileSync(policy, 'utf8'));
  if (key === undefined) return undefined;
  return policyOf(keysIn(key).map(parseVerifierKey));
}

/** @param key one key as text, or a file with keys */
export function keysIn(key: string): string[] {
  const text = existsSync(key) ? readFileSync(key, 'utf8') : key;
  return text.trim().split(/\s+/);
}

const HEADINGS: Readonly<Record<Verdict['verdict'], string>> = {
  good: 'Good: what it has is what was logged.',
  tampered: 'TAMPERED: this is not what was recorded.',
  'cannot tell': 'Cannot tell.',
};

function told(verdict: Verdict): string {
  const { events, erased, size, origin, root, signedBy, faults, doubts, remarks } = verdict;
  const { scope, figure, limits, stamped, erasures } = verdict;
  const isOfEverything = verdict.verdict === 'good' && scope?.kind === 'everything';
  const at = ({ sequence, what }: Finding) =>
    sequence === undefined ? what : `sequence ${sequence}: ${what}`;
  return [
    isOfEverything ? 'Good: nothing was altered, removed or added.' : HEADINGS[verdict.verdict],
    ...faults.map((finding) => `  differs: ${at(finding)}`),
    ...doubts.map((doubt) => `  unknown: ${doubt}`),
    ...remarks.map((finding) => `  note: ${at(finding)}`),
    ...(size === null
      ? []
      : [
          `  ${events} events${erased > 0 ? `, ${erased} of them without their words,` : ''} of the ${size} in ${origin}`,
          `  root ${root}`,
        ]),
    ...erasures.map(
      ({ sequence, outcome, authorisedBy, actor }) =>
        `  sequence ${sequence}: the words of ${outcome} were erased by ${actor}, authorised by ${authorisedBy}`,
    ),
    ...(scope ? [`  of ${scopeText(scope)}`] : []),
    // A figure of a tampered bundle is not shown: its events do not bear it out, and the faults say so.
    ...(figure && verdict.verdict !== 'tampered' ? figureLines(figure) : []),
    ...(verdict.verdict === 'good' ? limits.map((limit) => `  not shown: ${limit}`) : []),
    ...signedBy.map((key) => `  signed by ${key}`),
    ...(stamped ? [`  time-stamped ${stamped.time} by ${stamped.by}`] : []),
  ]
    .map(visible)
    .join('\n');
}

function figureLines(figure: BundleFigure): string[] {
  const { measure, programme, organisation, from, to, asAtSequence, years, total } = figure;
  const of = [measure, programme, organisation].filter((one) => one !== undefined).join(', ');
  return [
    `  figure of ${of}, as known after sequence ${asAtSequence}`,
    ...(years ?? []).map((year) => `    ${year.financialYear}: ${figureText(year)}`),
    ...(total ? [`    ${from} to ${to}: ${figureText(total)}`] : []),
  ];
}

function figureText({ total, outcomes, byBasis, bounds, ratio }: ToldFigure): string {
  if (outcomes === 0) return 'no outcomes';
  const value = ratio ? `${ratio.numerator} of ${ratio.denominator}` : (total ?? 'no total');
  const bases = Object.entries(byBasis).map(([basis, amount]) => `${basis} ${amount}`);
  const between =
    bounds && bounds.low !== bounds.high ? `, from ${bounds.low ?? 'open'} to ${bounds.high ?? 'open'}` : '';
  return `${value} from ${outcomes} outcomes (${bases.join(', ')})${between}`;
}
