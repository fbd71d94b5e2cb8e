/** What is taken for canonical JSON as bytes is canonical; and what the ledger writes is taken. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CanonicalBytes } from '../../src/checker/canonical-bytes.js';
import { canonicalJson } from '../../src/kernel/canonical-json.js';

function isTaken(json: Buffer): boolean {
  const canonical = new CanonicalBytes();
  canonical.set(Buffer.concat([json, Buffer.from('\n')]));
  return canonical.value(0) === json.length;
}

const name = fc.string({ unit: fc.constantFrom(...'abcZ_-9 '), maxLength: 4 });
const words = fc.string({
  unit: fc.constantFrom('a', '}', ',', ':', '[', '"', '\\', '\n', '\t', 'é', '“', '😀'),
});
const { content } = fc.letrec<{ content: unknown; object: unknown; list: unknown }>((tie) => ({
  content: fc.oneof(
    { maxDepth: 5 },
    words,
    fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }),
    fc.constantFrom(true, false, null),
    tie('object'),
    tie('list'),
  ),
  object: fc.dictionary(name, tie('content'), { maxKeys: 4 }),
  list: fc.array(tie('content'), { maxLength: 3 }),
}));

test('canonical JSON of names in ASCII, whole numbers and texts with short escapes is taken', () => {
  fc.assert(fc.property(content, (value) => expect(isTaken(Buffer.from(canonicalJson(value)))).toBe(true)));
});

test('with any byte changed, taken out or put in, it is taken only where it is canonical still', () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(0xff), takesOut: fc.nat(1), putsIn: fc.nat(1) });
  fc.assert(
    fc.property(content, change, (value, { at, byte, takesOut, putsIn }) => {
      const json = Buffer.from(canonicalJson(value));
      const place = at % json.length;
      const changed = Buffer.concat([
        json.subarray(0, place),
        Buffer.alloc(putsIn, byte),
        json.subarray(place + takesOut),
      ]);
      // Bytes that are no UTF-8 are let through: whether they are is asked by whoever takes it.
      if (isTaken(changed) && isUtf8(changed)) expect(isCanonical(changed)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString()).equals(bytes);
}

function isCanonical(json: Buffer): boolean {
  return canonicalJson(JSON.parse(json.toString())) === json.toString();
}

describe('it does not take', () => {
  test.each([
    ['a name twice', '{"a":1,"a":2}'],
    ['names out of order', '{"b":1,"a":2}'],
    ['a longer name before a shorter one', '{"ab":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['a comma too many', '[1,]'],
    ['a nought too many', '[01]'],
    ['nought below nought', '-0'],
    ['a plain minus', '-'],
    ['more digits than are exact', '1234567890123456'],
    ['an exponent', '1e3'],
    ['a letter written as a number', '"\\u0061"'],
    ['a slash that is escaped', '"\\/"'],
    ['a control character', '"\u0001"'],
    ['a text without an end', '"a'],
    ['a word that is none', 'nul'],
    ['nothing', ''],
    ['ten lists within each other', '[[[[[[[[[[]]]]]]]]]]'],
  ])('%s', (_what, json) => {
    expect(isTaken(Buffer.from(json))).toBe(false);
  });
});
