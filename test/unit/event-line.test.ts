/** The usual line of a bundle, read by one expression, says what the whole parser would read in it. */
import { describe, expect, test } from '@jest/globals';
import { readEventLine } from '../../src/audit/event-line.js';
import { bundleOf, check, definition, eventLine, outcome } from '../support/forged-bundle.js';

const EVERYTHING = { scope: { kind: 'everything' } };
const event = outcome(1, 10, { note: 'said “so”: {"a":1},"ledgersequence":7,"leaf":"x"' });
const line = eventLine(event);

test('an event as the ledger writes it is read with its content as it stands', () => {
  const {
    specversion: _s,
    source: _o,
    datacontenttype: _d,
    correlationid: _c,
    recordedfrom: _r,
    ...kept
  } = event;
  const { subject, ...members } = kept;
  const { leaf } = JSON.parse(line) as { leaf: string };
  expect(readEventLine(line)).toEqual({ event: members, leaf, subject, content: JSON.stringify(event.data) });
});

describe('whatever else is left to the parser that takes anything,', () => {
  test.each([
    ['an escape', line.replace('"actor":"a"', '"actor":"\\u0061"')],
    ['a letter beyond ASCII', line.replace('"actor":"a"', '"actor":"ä"')],
    ['another order', line.replace('"specversion":"1.0","id":"e1"', '"id":"e1","specversion":"1.0"')],
    ['a member more', line.replace('"actor":"a"', '"actor":"a","more":1')],
    ['a member that stands twice', line.replace('"actor":"a"', '"actor":"a","actor":"a"')],
    ['no salt', line.replace(/"salt":"[^"]+",/, '')],
    ['a number in other words', line.replace('"revision":0', '"revision":0.0')],
    ['a number that is not exact', line.replace('"ledgersequence":1', '"ledgersequence":10000000000000000')],
    ['another spelling of a leaf', line.replace(/.="}$/, 'B="}')],
    ['white space', line.replace('{"event"', '{ "event"')],
    ['something after it', `${line} `],
    ['no event', JSON.stringify({ checkpoint: 'x' })],
  ])('such as %s', (_what, other) => {
    expect(other).not.toBe(line);
    expect(readEventLine(other)).toBeNull();
  });
});

test('content that says a thing twice is told, although what is parsed of it is what was logged', () => {
  const events = [definition(0, 'flow'), event];
  const twice = eventLine(event).replace('"quantity":10', '"quantity":999,"quantity":10');
  expect(readEventLine(twice)!.event.data).toEqual(event.data);
  expect(check(bundleOf(events, EVERYTHING)).verdict).toBe('good');
  expect(check(bundleOf(events, EVERYTHING, [eventLine(events[0]!), twice])).verdict).toBe('tampered');
});
