/** The usual line of a bundle, checked as bytes: what is taken is what the parser of all lines would find good. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loggedEventOf, type BundleEvent } from '../../src/checker/bundle-format.js';
import { parseBundleLine } from '../../src/checker/bundle-line.js';
import { entryOf } from '../../src/tlog/entry.js';
import { EventLine } from '../../src/checker/event-line.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { canonicalJson, makeSalt, payloadHash } from '../../src/kernel/canonical-json.js';
import {
  bundleOf,
  check,
  definition,
  eventLine,
  outcome,
  type ForgedEvent,
} from '../support/forged-bundle.js';

const EVERYTHING = { scope: { kind: 'everything' } };
const event = outcome(1, 10, { note: 'said “so”: {"a":1},"ledgersequence":7,"leaf":"x"' });
const line = eventLine(event);

/** @returns what was read, or null where the line is left to the parser */
function read(text: string | Buffer): EventLine | null {
  const reader = new EventLine();
  const bytes = Buffer.concat([Buffer.from('before\n'), Buffer.from(text), Buffer.from('\n')]);
  return reader.read(bytes, 7, bytes.length - 1) ? reader : null;
}

/** As the checker finds it of a line that is parsed. */
function isGood(text: string): boolean {
  const parsed = parseBundleLine(text);
  if (!('event' in parsed)) return false;
  const { data, salt, payloadhash } = parsed.event;
  const leaf = leafHash(entryOf(loggedEventOf(parsed.event)));
  return leaf.toString('base64') === parsed.leaf && payloadHash(salt!, canonicalJson(data)) === payloadhash;
}

test('an event as the ledger writes it is read, with its leaf', () => {
  const { leaf } = JSON.parse(line) as { leaf: string };
  const found = read(line)!;
  expect(found.leaf.toString('base64')).toBe(leaf);
  const members = Object.keys(event).filter((name) => name in found) as (keyof BundleEvent)[];
  expect(members.length).toBe(12);
  expect(members.map((name) => found[name])).toEqual(members.map((name) => event[name]));
});

test('whatever its members say, it is read, with the leaf of its entry', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aZ09 -_:|@.,{}[]~!#'), minLength: 1, maxLength: 60 });
  const data = fc.record(
    {
      effective: fc.record({ from: text, to: text }),
      note: fc.string({ unit: 'grapheme' }),
      outcomeId: text,
    },
    { requiredKeys: [] },
  );
  const members = fc.record({
    ...{ id: text, type: text, stream: text, actor: text, correlationid: text, recordedfrom: text, data },
    ...{ ledgersequence: fc.nat(10 ** 15 - 1), revision: fc.nat(10 ** 15 - 1), schema: text },
  });
  const usual = new EventLine();
  fc.assert(
    fc.property(members, ({ schema, ...more }) => {
      const salt = makeSalt();
      const content = JSON.parse(canonicalJson(more.data)) as ForgedEvent['data'];
      const made = {
        ...event,
        ...more,
        data: content,
        subject: more.data.outcomeId ?? more.stream,
        dataschema: `urn:outcome-ledger:schema:${schema}`,
        salt,
        payloadhash: payloadHash(salt, canonicalJson(content)),
      };
      const bytes = Buffer.from(`${eventLine(made)}\n`);
      expect(isGood(eventLine(made))).toBe(true);
      // A text with an escape that is not short, such as a control character, is the parser's.
      const isTaken = usual.read(bytes, 0, bytes.length - 1);
      if (!isTaken) expect(canonicalJson(content)).toMatch(/\\u00|\x7f/);
      else expect(usual.leaf).toEqual(leafHash(entryOf(loggedEventOf(made))));
    }),
  );
});

test('with any byte of it changed it is read only where all that it says is good still', () => {
  const bytes = Buffer.from(line);
  let taken = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const byte of Buffer.from('a0Z"\\{}, \n\u0001\u007f\xff', 'latin1')) {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      if (byte === bytes[at] || !read(changed)) continue;
      taken++;
      expect(isGood(changed.toString())).toBe(true);
    }
  }
  // Of the members that no hash has: who asked, from where, at which sequence, and its ledger time.
  expect(taken).toBeGreaterThan(0);
});

describe('whatever else is left to the parser that takes anything,', () => {
  test.each([
    ['an escape', line.replace('"actor":"a"', '"actor":"\\u0061"')],
    ['a letter beyond ASCII', line.replace('"actor":"a"', '"actor":"ä"')],
    ['an empty text', line.replace('"actor":"a"', '"actor":""')],
    ['another order', line.replace('"specversion":"1.0","id":"e1"', '"id":"e1","specversion":"1.0"')],
    ['a member more', line.replace('"actor":"a"', '"actor":"a","more":1')],
    ['a member that stands twice', line.replace('"actor":"a"', '"actor":"a","actor":"a"')],
    ['no salt', line.replace(/"salt":"[^"]+",/, '')],
    ['another spelling of the salt', line.replace(/(?<="salt":"[^"]+).(?=")/, '_')],
    ['a salt of other letters', line.replace(/(?<="salt":")./, '+')],
    ['a number in other words', line.replace('"revision":0', '"revision":0.0')],
    ['a number with a nought more', line.replace('"revision":0', '"revision":00')],
    ['a number below nought', line.replace('"revision":0', '"revision":-1')],
    ['a number that is not exact', line.replace('"ledgersequence":1', '"ledgersequence":10000000000000000')],
    ['another spelling of a leaf', line.replace(/.="}$/, 'B="}')],
    ['a time that is none', line.replace(/"ledgertime":"2024/, '"ledgertime":"20x4')],
    ['a day that is none', line.replace(/"ledgertime":"2024-01-01/, '"ledgertime":"2024-13-01')],
    ['another subject', line.replace('"subject":"s1.1"', '"subject":"s1.2"')],
    ['content that is not what was recorded', line.replace('"quantity":10', '"quantity":11')],
    ['an actor that is not what was logged', line.replace('"actor":"a"', '"actor":"b"')],
    ['white space', line.replace('{"event"', '{ "event"')],
    ['something after it', `${line} `],
    ['no event', JSON.stringify({ checkpoint: 'x' })],
    ['more than is usual', eventLine(outcome(1, 10, { note: 'x'.repeat(9_000) }))],
    ['a period of more', eventLine(outcome(1, 10, { effective: { from: '2024', more: 1, to: '2024' } }))],
    [
      'an id that is no text',
      eventLine({ ...outcome(1, 10, { outcomeId: 7 }), subject: '7' } as ForgedEvent),
    ],
  ])('such as %s', (_what, other) => {
    expect(other).not.toBe(line);
    expect(read(other)).toBeNull();
  });

  test('such as bytes that are no UTF-8', () => {
    const bytes = Buffer.from(line);
    bytes[bytes.indexOf('“')] = 0xff;
    expect(read(bytes)).toBeNull();
  });
});

describe('content that is not canonical is told, although it has the hash that was logged:', () => {
  const events = [definition(0, 'flow'), event];
  const logged = (content: string): string[] => {
    const forged = { ...event, payloadhash: payloadHash(event.salt!, content) };
    const text = eventLine(forged).replace(JSON.stringify(event.data), content);
    expect(text).toContain(content);
    return bundleOf([events[0]!, forged], EVERYTHING, [eventLine(events[0]!), text]);
  };
  const content = JSON.stringify(event.data);

  test.each([
    ['a member that stands twice', content.replace('"quantity":10', '"quantity":999,"quantity":10')],
    ['members in another order', content.replace(/^\{(.*),("quantity":10)/, '{$2,$1')],
    ['white space', content.replace(':', ': ')],
    ['an escape that is not needed', content.replace('"basis"', '"\\u0062asis"')],
  ])('%s', (_what, other) => {
    expect(JSON.parse(other)).toEqual(event.data);
    expect(check(logged(content)).verdict).toBe('good');
    expect(check(logged(other))).toMatchObject({ verdict: 'tampered' });
  });
});
