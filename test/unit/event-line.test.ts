/** The law of the reader of bundles: a line that an expression takes is one that the plain parser takes, with the same in it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BundleLine } from '../../src/checker/bundle-format.js';
import { parseBundleLine } from '../../src/checker/bundle-line.js';
import { EventLines } from '../../src/checker/event-line.js';
import { bundleOf, check, definition, eventAt, eventLine, outcome } from '../support/forged-bundle.js';

const noted = eventAt(1, {
  stream: 'submission-s1',
  schema: 'outcome@2',
  facts: {
    basis: 'counted',
    effective: { from: '2023-05-01', to: '2023-05-01' },
    open: [null, true, -5, 'x', ''],
    outcomeId: 's1.1',
    quantity: 10,
  },
  words: { evidence: { title: 'said “so” for £5' } },
});
const bare = outcome(1, 10);
const LINES = [noted, bare].map((event) => eventLine(event));

/** What a reader makes of a line: the members that the checker asks about, or the reason of a refusal. */
function told(read: (line: string) => BundleLine, line: string): unknown {
  let parsed;
  try {
    parsed = read(line);
  } catch (error) {
    return (error as Error).message;
  }
  if (!('event' in parsed)) return parsed;
  const { event, leaf, parts } = parsed;
  const { id, type, time, dataschema, data, ledgersequence, ledgertime, stream, revision } = event;
  const { actor, role, correlationid, causationid, recordedfrom, clocksteppedback } = event;
  const { factssalt, factshash, wordssalt, wordshash } = event;
  return [
    ...[id, type, time, dataschema, data.facts, ledgersequence, ledgertime, stream, revision, actor, role],
    ...[correlationid, causationid, recordedfrom, clocksteppedback, leaf, parts],
    ...[factssalt, factshash, wordssalt, wordshash],
  ];
}

/** A reader that knows the forms of some lines, and counts those that it left to the parser since. */
function readerOf(lines: readonly string[]) {
  const left: string[] = [];
  const reader = new EventLines((line) => {
    left.push(line);
    return parseBundleLine(line);
  });
  for (const line of lines) reader.read(line);
  left.length = 0;
  return { left, read: (line: string) => reader.read(line) };
}

function isTaken(line: string, { left, read } = readerOf(LINES)): boolean {
  const before = left.length;
  expect(told(read, line)).toEqual(told(parseBundleLine, line));
  return left.length === before;
}

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'aZ09 -_:|@.,{}[]~!#é£“'), maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('},"ledgersequence":1,"ledgertime":"', '"},"words":{"', '\ud800', '\\'),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.constantFrom(null, true, false, -0, 2 ** 53 - 1, 1e21, 0.1),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(
    fc.oneof(text, fc.constantFrom('words', 'effective', 'outcomeId', '1', '0')),
    tie('value'),
    {
      maxKeys: 5,
    },
  ),
})).object;

test('whatever the data are, a line is read as the parser reads it, and so is another of its form', () => {
  const event = fc.record({
    facts: json,
    words: fc.option(json, { nil: undefined }),
    stream: text,
    id: text,
  });
  fc.assert(
    fc.property(event, event, ({ facts, words, stream, id }, other) => {
      const made = (more: object, data: { facts: object; words?: object | undefined }) =>
        JSON.stringify({
          event: { ...(words ? noted : bare), ...more, data },
          leaf: eventLine(noted).slice(-46, -2),
        });
      const about = typeof facts['outcomeId'] === 'string' ? facts['outcomeId'] : stream;
      const lines = [
        made({ id, stream, subject: about }, { facts, ...(words && { words }) }),
        made({ id: other.id, stream, subject: about }, { facts, ...(words && { words }) }),
        made(
          { id: other.id, stream, subject: about },
          { facts: like(facts, other.id), ...(words && { words }) },
        ),
      ];
      const reader = readerOf([]);
      for (const line of [...lines, ...lines]) isTaken(line, reader);
    }),
    { numRuns: 500 },
  );
});

/** The same members with other texts and numbers. */
function like(value: unknown, other: string): object {
  return JSON.parse(JSON.stringify(value), (_name, member: unknown) =>
    typeof member === 'string' ? other : typeof member === 'number' ? member + other.length : member,
  ) as object;
}

test('an event of a form that was met is read without the parser', () => {
  const reader = readerOf(LINES);
  expect(isTaken(eventLine(outcome(7, 123)), reader)).toBe(true);
  expect(isTaken(LINES[1]!.replace('"recordedfrom"', '"causationid":"x",$&'), reader)).toBe(true);
  expect(isTaken(LINES[0]!.replace('-5', '0').replace('£5', 'é'), reader)).toBe(true);
  expect(isTaken(eventLine(definition(0, 'flow')), reader)).toBe(false);
  expect(isTaken(eventLine(definition(1, 'stock')), reader)).toBe(true);
});

test('with any byte of it changed a line is taken only where the parser takes the same', () => {
  const reader = readerOf(LINES);
  let taken = 0;
  for (const line of LINES) {
    for (let at = 0; at < line.length; at++) {
      for (const byte of 'a0Z"\\{}, \n\u0001\u007f\xff-') {
        const changed = line.slice(0, at) + byte + line.slice(at + 1);
        taken += Number(isTaken(changed, reader));
      }
    }
  }
  expect(taken).toBeGreaterThan(0);
});

describe('the parser has to say what it thinks of', () => {
  const [line] = LINES as [string];
  test.each([
    ['an escape', line.replace('"actor":"a"', '"actor":"\\u0061"')],
    ['an empty text', line.replace('"actor":"a"', '"actor":""')],
    ['an empty period', line.replace('"to":"2023-05-01"', '"to":""')],
    ['another order', line.replace('"specversion":"1.0","id":"e1"', '"id":"e1","specversion":"1.0"')],
    ['a member more', line.replace('"actor":"a"', '"actor":"a","more":1')],
    ['a member that stands twice', line.replace('"actor":"a"', '"actor":"a","actor":"a"')],
    ['a fact that stands twice', line.replace('"quantity":10', '"quantity":9,"quantity":10')],
    ['a fact more', line.replace('"quantity":10', '"quantity":10,"words":{}')],
    ['no salt', line.replace(/"factssalt":"[^"]+",/, '')],
    ['no salt of words', line.replace(/"wordssalt":"[^"]+",/, '')],
    ['another spelling of a salt', line.replace(/(?<="factssalt":"[^"]+).(?=")/, '_')],
    ['a number in other words', line.replace('"revision":0', '"revision":0.0')],
    ['a fact in other words', line.replace('"quantity":10', '"quantity":1e1')],
    ['a nought below nought', line.replace('"quantity":10', '"quantity":-0')],
    ['a number with a nought more', line.replace('"revision":0', '"revision":00')],
    ['a number below nought', line.replace('"revision":0', '"revision":-1')],
    ['a number that is not exact', line.replace('"ledgersequence":1', '"ledgersequence":10000000000000000')],
    ['another spelling of a leaf', line.replace(/.="}$/, 'B="}')],
    ['a day that is none', line.replace(/"ledgertime":"2024-01-01/, '"ledgertime":"2024-13-01')],
    ['another subject', line.replace('"subject":"s1.1"', '"subject":"s1.2"')],
    ['an id that is no text', line.replace('"outcomeId":"s1.1"', '"outcomeId":7')],
    ['white space', line.replace('{"event"', '{ "event"')],
    ['something after it', `${line} `],
    ['half a surrogate pair', line.replace('£', '\ud800')],
    ['a clock that went back', line.replace('},"leaf"', ',"clocksteppedback":true},"leaf"')],
    ['no event', JSON.stringify({ checkpoint: 'x' })],
  ])('%s', (_what, other) => {
    expect(other).not.toBe(line);
    expect(isTaken(other)).toBe(false);
  });
});

test('a bundle with more forms than are kept is as good, and so is one with a form of its own in each event', () => {
  const events = Array.from({ length: 80 }, (_, sequence) =>
    sequence === 0
      ? definition(0, 'flow')
      : outcome(sequence, 1, { [`a${sequence % 40}`]: 'b'.repeat(sequence * 50) }),
  );
  expect(check(bundleOf(events, { scope: { kind: 'everything' } }))).toMatchObject({
    verdict: 'good',
    events: 80,
  });
});

test('data that are nested as deep as a line goes are left to the parser, which refuses or takes them', () => {
  const deep = eventLine(bare).replace('"quantity":10', `"quantity":${'['.repeat(900)}${']'.repeat(900)}`);
  expect(isTaken(deep, readerOf([]))).toBe(false);
  expect(
    isTaken(eventLine(bare).replace('10', `${'['.repeat(4_000)}${']'.repeat(4_000)}`), readerOf([])),
  ).toBe(false);
});
