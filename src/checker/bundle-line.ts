/**
 * Parses the lines of a bundle and trusts none of them: a line has the members that the ledger writes and no others,
 * each of its kind and in its range, and is exactly the text that the ledger would write.
 *
 * So a bundle cannot contain anything that a checker does not look at, no member can appear twice, and other readers
 * read the same that is checked. Members of an event that state the same thing are compared here as well.
 */
import { financialYearsBetween, isFinancialYear, type FinancialYear } from '../kernel/financial-year.js';
import { partTexts, type Members } from '../kernel/event-data.js';
import { BUNDLE_FORMAT, instantOf, SCHEMA_PREFIX } from './bundle-format.js';
import type { BundleEvent, BundleHeader, BundleLine, BundleScope } from './bundle-format.js';
import { HEIGHT_MAX, parseHashText } from '../tlog/merkle.js';
import { parseVerifierKey } from '../tlog/note.js';

/** @throws Error that says what no ledger would write */
export function parseBundleLine(text: string): BundleLine {
  const line: unknown = JSON.parse(text);
  // A member that appears twice, or a number that is not kept exactly, gives another text.
  if (JSON.stringify(line) !== text) throw new Error('it is not JSON as the ledger writes it');
  const members = membersOf(line, 'the line');
  if ('format' in members) return parseHeader(members);
  if ('event' in members) {
    exactly(members, 'the line', ['event', 'leaf']);
    parseHashText(textIn(members, 'leaf'));
    const event = parseEvent(members['event']);
    return { event, leaf: textIn(members, 'leaf'), parts: partTexts(event.data) };
  }
  if ('subtree' in members) {
    exactly(members, 'the line', ['subtree']);
    return { subtree: parseSubtree(members['subtree']) };
  }
  exactly(members, 'the line', ['checkpoint'], ['timestamp']);
  const checkpoint = textIn(members, 'checkpoint');
  if (!('timestamp' in members)) return { checkpoint };
  const timestamp = textIn(members, 'timestamp');
  if (Buffer.from(timestamp, 'base64').toString('base64') !== timestamp)
    throw new Error('timestamp is no base64');
  return { checkpoint, timestamp };
}

function parseSubtree(value: unknown) {
  const subtree = membersOf(value, 'the subtree');
  exactly(subtree, 'the subtree', ['height', 'number', 'hash']);
  parseHashText(textIn(subtree, 'hash'));
  return {
    height: wholeIn(subtree, 'height', 0, HEIGHT_MAX),
    number: wholeIn(subtree, 'number', 0),
    hash: textIn(subtree, 'hash'),
  };
}

function parseHeader(header: Members): BundleHeader {
  exactly(header, 'the header', ['format', 'origin', 'size', 'keys', 'scope'], ['figure']);
  if (header['format'] !== BUNDLE_FORMAT) throw new Error(`its format is ${String(header['format'])}`);
  textIn(header, 'origin');
  const keys = header['keys'];
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('keys are not a list of verifier keys');
  for (const key of keys) {
    if (typeof key !== 'string') throw new Error('a key is not a text');
    parseVerifierKey(key);
  }
  const size = wholeIn(header, 'size', 0);
  const scope = parseScope(header['scope'], size);
  const isOfFigure = scope.kind === 'figure' || (scope.kind === 'everything' && 'figure' in header);
  if (isOfFigure !== 'figure' in header) throw new Error(`a figure does not go with the scope ${scope.kind}`);
  if (isOfFigure) parseFigure(header['figure'], size);
  return header as unknown as BundleHeader;
}

function parseScope(value: unknown, size: number): BundleScope {
  const scope = membersOf(value, 'the scope');
  const kind = textIn(scope, 'kind');
  switch (kind) {
    case 'everything':
    case 'figure':
      exactly(scope, 'the scope', ['kind']);
      return { kind };
    case 'programme':
      exactly(scope, 'the scope', ['kind', 'programme']);
      return { kind, programme: textIn(scope, 'programme') };
    case 'period':
      exactly(scope, 'the scope', ['kind', 'after', 'until']);
      return { kind, after: wholeIn(scope, 'after', -1), until: wholeIn(scope, 'until', -1, size - 1) };
    default:
      throw new Error(`there is no scope ${kind}`);
  }
}

function parseFigure(value: unknown, size: number): void {
  const figure = membersOf(value, 'the figure');
  const isAnnual = 'years' in figure;
  const told = isAnnual ? 'years' : 'total';
  exactly(
    figure,
    'the figure',
    ['measure', 'from', 'to', 'asAtSequence', told],
    ['programme', 'organisation'],
  );
  textIn(figure, 'measure');
  if ('programme' in figure) textIn(figure, 'programme');
  if ('organisation' in figure) textIn(figure, 'organisation');
  wholeIn(figure, 'asAtSequence', -1, size - 1);
  const years = yearsOf(textIn(figure, 'from'), textIn(figure, 'to'));
  if (!isAnnual) return parseTold(membersOf(figure['total'], 'the total'));
  const ofYears = figure['years'];
  const named = Array.isArray(ofYears) ? ofYears.map((year) => membersOf(year, 'a year')) : [];
  const isEach = years.every((year, index) => named[index]?.['financialYear'] === year);
  if (!isEach || named.length !== years.length) {
    throw new Error(`the figure has not the years from ${years[0]} to ${years.at(-1)}, one after another`);
  }
  for (const { financialYear: _, ...year } of named) parseTold(year);
}

function yearsOf(from: string, to: string): FinancialYear[] {
  if (!isFinancialYear(from) || !isFinancialYear(to) || from > to)
    throw new Error(`from ${from} to ${to} are not financial years`);
  return financialYearsBetween(from as FinancialYear, to as FinancialYear);
}

/** `FigureCheck` later compares all values of a figure with the events; this checks their form. */
function parseTold(told: Members): void {
  exactly(told, 'a figure', ['total', 'outcomes', 'byBasis', 'bounds', 'ratio']);
  wholeIn(told, 'outcomes', 0);
  membersOf(told['byBasis'], 'byBasis');
}

const EVENT_MEMBERS = [
  ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'data'],
  ...['ledgersequence', 'ledgertime', 'stream', 'revision', 'actor', 'role', 'correlationid', 'recordedfrom'],
  ...['factssalt', 'factshash'],
];
const EVENT_OPTIONS = ['causationid', 'wordssalt', 'wordshash', 'clocksteppedback'];
const EVENT_TEXTS = [
  ...['id', 'type', 'subject', 'stream', 'actor', 'role', 'correlationid', 'recordedfrom'],
] as const;
const EVENT_CONSTANTS = [
  ['specversion', '1.0'],
  ['source', 'urn:outcome-ledger'],
  ['datacontenttype', 'application/json'],
  ['clocksteppedback', true],
] as const;
/** 16 bytes as base64url; the last four bits of the last character are zero. */
const SALT = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const HASH = /^[0-9a-f]{64}$/;

/**
 * Parses an event as its CloudEvent tells it: facts with their salt and hash, and words with theirs, or the hash alone
 * where the words are gone. `sealFault` compares the hashes.
 * @throws Error in words: what of it no ledger writes
 */
export function parseEvent(value: unknown): BundleEvent {
  const members = membersOf(value, 'the event');
  exactly(members, 'the event', EVENT_MEMBERS, EVENT_OPTIONS);
  for (const name of EVENT_TEXTS) textIn(members, name);
  if ('causationid' in members) textIn(members, 'causationid');
  wholeIn(members, 'ledgersequence', 0);
  wholeIn(members, 'revision', 0);
  if (!textIn(members, 'dataschema').startsWith(SCHEMA_PREFIX)) throw new Error('dataschema is of no ledger');
  for (const [name, constant] of EVENT_CONSTANTS) {
    if (name in members && members[name] !== constant) throw new Error(`${name} is not ${String(constant)}`);
  }
  for (const name of ['time', 'ledgertime']) {
    if (Number.isNaN(instantOf(textIn(members, name)))) throw new Error(`a time is ${textIn(members, name)}`);
  }
  const { outcomeId } = parseFacts(members);
  if (members['subject'] !== (typeof outcomeId === 'string' ? outcomeId : members['stream']))
    throw new Error('subject is not what the event is about');
  for (const [name, form] of [...inPairs('facts'), ...inPairs('words')]) {
    if (name in members && !form.test(textIn(members, name))) throw new Error(`${name} is none`);
  }
  const hasWords = 'words' in membersOf(members['data'], 'data');
  if (hasWords !== 'wordssalt' in members || (hasWords && !('wordshash' in members)))
    throw new Error('words, wordssalt and wordshash do not stand together');
  return members as unknown as BundleEvent;
}

const inPairs = (part: 'facts' | 'words') =>
  [
    [`${part}salt`, SALT],
    [`${part}hash`, HASH],
  ] as const;

function parseFacts(event: Members): Members {
  const data = membersOf(event['data'], 'data');
  exactly(data, 'data', ['facts'], ['words']);
  if ('words' in data) membersOf(data['words'], 'words');
  const facts = membersOf(data['facts'], 'facts');
  if ('effective' in facts) {
    const effective = membersOf(facts['effective'], 'effective');
    exactly(effective, 'effective', ['from', 'to']);
    textIn(effective, 'from');
    textIn(effective, 'to');
  }
  return facts;
}

function membersOf(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is not an object`);
  return value as Members;
}

function exactly(
  members: Members,
  what: string,
  needed: readonly string[],
  allowed: readonly string[] = [],
): void {
  const missing = needed.find((name) => !Object.hasOwn(members, name));
  if (missing !== undefined) throw new Error(`${what} has no ${missing}`);
  const stray = Object.keys(members).find((name) => !needed.includes(name) && !allowed.includes(name));
  if (stray !== undefined) throw new Error(`${what} has a member ${stray}, which no ledger writes there`);
}

function textIn(members: Members, name: string): string {
  const value = members[name];
  if (typeof value !== 'string' || value === '') throw new Error(`${name} is not a text`);
  return value;
}

function wholeIn(members: Members, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = members[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw new Error(`${name} is not a whole number from ${min} to ${max}`);
  return value;
}
