import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MalformedJson, parseJson, pointerOf } from '../../src/kernel/strict-json.js';

const parse = (text: string) => parseJson(Buffer.from(text, 'utf8'));
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

function faultOf(body: string | Buffer): MalformedJson {
  try {
    parseJson(typeof body === 'string' ? Buffer.from(body) : body);
  } catch (fault) {
    expect(fault).toBeInstanceOf(MalformedJson);
    return fault as MalformedJson;
  }
  throw new Error(`accepted: ${body.toString().slice(0, 80)}`);
}

describe('JSON that is taken', () => {
  test.each([
    ['an empty object', '{}'],
    ['scalars at the top', ' "text"\r\n'],
    ['white space everywhere', ' { "a" :\t[ 1 , 2 ]\n}\r\n'],
    ['colons, quotes and brackets inside strings', '{"a:b\\"":"[{:\\\\","c":"}]"}'],
    ['the same name in different objects', '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}'],
    ['names that are array indices or members of every object', '{"1":1,"0":2,"toString":3,"constructor":4}'],
    ['an empty name', '{"":1}'],
    ['text beyond ASCII', '{"é":"漢字 😀"}'],
    ['a surrogate pair as escapes', '"\\ud83d\\uDE00 \\uD83D\\ude00"'],
    ['escapes next to surrogates', '"\\\\ud800 \\u00e9 \\ue000 \\ud7ff"'],
    ['U+FFFD itself', '"\ufffd"'],
    ['nesting of 16', `${'['.repeat(16)}${']'.repeat(16)}`],
    ['20,000 commas and colons', `[0${',{"a":0}'.repeat(10_000)}]`],
    [
      'the largest whole numbers',
      '[9007199254740991,-9007199254740991,9007199254740991.0,9.007199254740991e15]',
    ],
    ['zero in many ways', '[0,-0,0.000000000000000000000000,0e5,-0.0E-400]'],
    ['decimals of 15 digits', '[0.1,1.10,123456789.123456,1e-300,1.5E+3,-2.50000000000000000000]'],
    ['17 digits that are the shortest for their number', '[0.30000000000000004,5e-324]'],
  ])('%s', (_what, text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  test('any JSON value without forbidden traits comes out as JSON.parse reads it', () => {
    let taken = 0;
    const value = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (original, indent) => {
        const text = JSON.stringify(original, undefined, indent);
        if (forbidden(original)) return expect(faultOf(text).line).toBeGreaterThan(0);
        taken += 1;
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });
});

describe('JSON that is refused, and where', () => {
  const deep = `${'['.repeat(17)}${']'.repeat(17)}`;
  test.each([
    ['nothing', '', 'the body is empty, at line 1, column 1'],
    ['white space', ' \n ', 'not JSON: value expected, at line 2, column 2'],
    ['a byte order mark', '\ufeff{}', 'the body starts with a byte order mark, at line 1, column 1'],
    ['a truncated object', '{"a":1', 'not JSON: close brace expected, at line 1, column 7'],
    ['a truncated string', '{"a":"b', 'not JSON: unexpected end of string, at line 1, column 6'],
    ['a raw line break in a string', '"a\nb"', 'not JSON: unexpected end of string, at line 1, column 1'],
    ['a control character in a string', '"a\u0001b"', 'not JSON: invalid character, at line 1, column 1'],
    ['an escape that does not exist', '"\\x41"', 'not JSON: invalid escape character, at line 1, column 1'],
    ['half an escape', '"\\u12"', 'not JSON: invalid unicode, at line 1, column 1'],
    ['a trailing comma', '[1,\n2,]', 'not JSON: value expected, at line 2, column 3'],
    ['a comment', '[1] // one', 'not JSON: invalid comment token, at line 1, column 5'],
    ['single quotes', "{'a':1}", 'not JSON: invalid symbol, at line 1, column 2'],
    ['two values', '{} {}', 'not JSON: end of file expected, at line 1, column 4'],
    ['NaN', '[NaN]', 'not JSON: invalid symbol, at line 1, column 2'],
    ['a leading zero', '[01]', 'not JSON: comma expected, at line 1, column 3'],
    ['a lone minus', '[-]', 'not JSON: invalid symbol, at line 1, column 2'],
    [
      'a name that comes twice',
      '{"a":1,\n "a":1}',
      'a name comes twice in one object, at line 2, column 2 (/a)',
    ],
    [
      'a name that comes twice deep inside, once escaped',
      '{"a":[{"b/c":{"d":1,"\\u0064":2}}]}',
      'a name comes twice in one object, at line 1, column 21 (/a/0/b~1c/d)',
    ],
    [
      '__proto__',
      '{"__proto__":{}}',
      'a member may not be named __proto__, at line 1, column 2 (/__proto__)',
    ],
    [
      '__proto__ twice',
      '{"__proto__":1,"__proto__":1}',
      'a member may not be named __proto__, at line 1, column 2 (/__proto__)',
    ],
    [
      '__proto__ in escapes',
      '[{"\\u005f_proto__":1}]',
      'a member may not be named __proto__, at line 1, column 3 (/0/__proto__)',
    ],
    [
      'the first half of a pair',
      '["\\ud800"]',
      'a string holds half of a surrogate pair, at line 1, column 2 (/0)',
    ],
    [
      'the second half alone',
      '{"a":"\\udc00"}',
      'a string holds half of a surrogate pair, at line 1, column 6 (/a)',
    ],
    [
      'a pair the wrong way round',
      '"\\udc00\\ud800"',
      'a string holds half of a surrogate pair, at line 1, column 1',
    ],
    [
      'two first halves',
      '"\\ud800\\ud800\\udc00"',
      'a string holds half of a surrogate pair, at line 1, column 1',
    ],
    ['half a pair in a name', '{"\\uD800":1}', 'a name holds half of a surrogate pair, at line 1, column 2'],
    [
      '20,001 commas',
      `[0${',0'.repeat(20_001)}]`,
      'more than 20000 commas and colons, at line 1, column 40003',
    ],
    [
      '20,001 commas and colons',
      `[0${',{"a":0}'.repeat(10_001)}]`,
      'more than 20000 commas and colons, at line 1, column 80003',
    ],
    ['nesting of 17', deep, 'nested deeper than 16, at line 1, column 17'],
    ['1e400', '{"a":[1e400]}', 'a number is too large, at line 1, column 7 (/a/0)'],
    ['2^53', '9007199254740992', 'a number is beyond ±9007199254740991, at line 1, column 1'],
    ['2^53 + 1', '-9007199254740993', 'a number is beyond ±9007199254740991, at line 1, column 1'],
    ['a large power of ten', '1e16', 'a number is beyond ±9007199254740991, at line 1, column 1'],
    [
      'more digits than are kept',
      '0.1000000000000000055',
      'a number has more digits than can be kept, at line 1, column 1',
    ],
    [
      'a large number with a fraction',
      '9007199254740990.9',
      'a number has more digits than can be kept, at line 1, column 1',
    ],
    ['a number too small', '1e-400', 'a number has more digits than can be kept, at line 1, column 1'],
  ])('%s', (_what, text, message) => {
    expect(faultOf(text).message).toBe(message);
  });

  test.each([
    ['a stray continuation byte', bytes('{"é":"', [0x80], '"}'), 'line 1, column 7'],
    ['a cut character', bytes('"\n', [0xe2, 0x82]), 'line 2, column 1'],
    ['a surrogate encoded as three bytes', bytes('"', [0xed, 0xa0, 0x80], '"'), 'line 1, column 2'],
    ['an overlong slash', bytes('"', [0xc0, 0xaf], '"'), 'line 1, column 2'],
    ['UTF-16', Buffer.from('"\ufffda"', 'utf16le'), 'line 1, column 3'],
  ])('%s is not UTF-8', (_what, body, where) => {
    expect(faultOf(body).message).toBe(`a byte is not UTF-8, at ${where}`);
  });

  test('no damaged text is taken that JSON.parse refuses, and each refusal says where', () => {
    const damage = fc.tuple(
      fc.jsonValue({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom(...'{}[],:"\\01.-eE \nx'),
    );
    const damaged = damage.map(([value, at, char]) => {
      const text = JSON.stringify(value, undefined, at % 3);
      return text.slice(0, at % (text.length + 1)) + char + text.slice((at >> 3) % (text.length + 1));
    });
    fc.assert(
      fc.property(damaged, (text) => {
        if (!isJson(text)) expect(faultOf(text).message).not.toMatch(/^not JSON, /);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a message repeats little of a long name', () => {
    const name = 'n'.repeat(100_000);
    expect(faultOf(`{"${name}":1,"${name}":1}`).message.length).toBeLessThan(200);
  });
});

test.each([
  ['a million opening brackets', '['.repeat(1 << 20)],
  ['a million opening objects', '{"a":'.repeat(200_000)],
  ['brackets after a string that a line break ends', `"\n${'['.repeat(1 << 20)}`],
  ['a million closing brackets, then opening ones', `${']'.repeat(1 << 19)}${'['.repeat(1 << 19)}`],
  ['a million digits', `1${'0'.repeat(1 << 20)}1`],
  ['a million zeros inside a fraction', `0.1${'0'.repeat(1 << 20)}1`],
  ['a million escapes', `"${'\\ud83d\\ude00'.repeat(80_000)}\\ud83d"`],
  ['a truncated list', `[${'1,'.repeat(1 << 19)}`],
])('%s: refused in linear time', (_what, text) => {
  const started = performance.now();
  faultOf(text);
  // Milliseconds when warm and alone. The bound is for what would be quadratic, or overflow.
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('a pointer escapes tildes and slashes', () => {
  expect(pointerOf(['a/b', 0, 'm~n', ''])).toBe('/a~1b/0/m~0n/');
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Written from the rules, not from the code: what a value must not hold for its JSON text to be taken. */
function forbidden(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER;
  if (typeof value === 'string') return encodeURIComponentFails(value);
  if (typeof value !== 'object' || value === null) return false;
  if (depth >= 16) return true;
  return Object.entries(value).some(
    ([name, member]) => name === '__proto__' || forbidden(name) || forbidden(member, depth + 1),
  );
}

function encodeURIComponentFails(text: string): boolean {
  try {
    encodeURIComponent(text);
    return false;
  } catch {
    return true;
  }
}
