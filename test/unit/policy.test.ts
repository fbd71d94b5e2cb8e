/** A policy is read strictly: a slip in it would change whom a checker trusts. */
import { expect, test } from '@jest/globals';
import { encodeVerifierKey, makeSignerKey, parseSignerKey } from '../../src/tlog/note.js';
import { parsePolicy } from '../../src/tlog/policy.js';

const made = (name: string, kind: 'log' | 'witness') => parseSignerKey(makeSignerKey(name, kind));
const ORIGIN = 'ledger.example.org/log';
const key = encodeVerifierKey(made(ORIGIN, 'log').verifier);
const [one, two] = [made('one.example', 'witness'), made('two.example', 'witness')];

test.each([
  ['quorum none\n', /names no log/],
  ['log x\n', /not a verifier key/],
  ['log KEY\nquorum nobody\n', /line 2 is not the only quorum/],
  ['log KEY\ngroup g 3 a\n', /line 2 is not a group/],
  ['log KEY\nwitness none ONE\nquorum none\n', /line 2 gives a name that is taken/],
  ['log KEY\nwitness a ONE\ngroup none any a\nquorum none\n', /line 3 is not a group/],
  ['log KEY\nwitness a ONE\ngroup g 0x1 a\nquorum g\n', /line 3 must ask for all, any, or a number/],
  ['log KEY\nwitness a ONE\ngroup g 1e0 a\nquorum g\n', /line 3 must ask for all, any, or a number/],
  ['log KEY\nwitness a ONE\ngroup g 01 a\nquorum g\n', /line 3 must ask for all, any, or a number/],
  ['log KEY\nwitness a ONE\nwitness b TWO\nquorum a b\n', /line 4 is not the only quorum/],
  ['log KEY\nmirror x\n', /line 2 begins with none of/],
  ['log KEY\nlog KEY\n', /line 2 repeats the key of another line/],
  ['log KEY\nwitness a ONE\n', /no quorum of them/],
  ['log KEY\nwitness a ONE\nwitness b ONE\n', /line 3 repeats the key of another line/],
  ['log ONE\n', /line 1 names a witness’s key/],
  ['log KEY\nwitness a OTHER\n', /line 2 names a log’s key/],
  [
    'log KEY\nwitness a ONE\nwitness b TWO\ngroup g 2 a a b\nquorum g\n',
    /line 4 counts a, which a group counts already/,
  ],
  [
    'log KEY\nwitness a ONE\nwitness b TWO\ngroup g any a b\ngroup h all g a\nquorum h\n',
    /line 5 counts a, which a group counts already/,
  ],
])('%j is none', (text, says) => {
  const other = parseSignerKey(makeSignerKey(ORIGIN, 'log'));
  const policy = text
    .replaceAll('KEY', key)
    .replaceAll('ONE', encodeVerifierKey(one.verifier))
    .replaceAll('TWO', encodeVerifierKey(two.verifier))
    .replaceAll('OTHER', encodeVerifierKey(other.verifier));
  expect(() => parsePolicy(policy)).toThrow(says);
});

test('A10: a remark begins a line, or follows a blank', () => {
  const { logs } = parsePolicy(
    `# whom we trust\n  # and no others\nlog ${key} https://log.example/#top # ours\n`,
  );
  expect(logs.map(encodeVerifierKey)).toEqual([key]);
});
