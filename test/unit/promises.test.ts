/** docs/promises.md: each promise names a test that is there, by its file and by words of what it says. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, ROOT } from '../support/pages.js';

const PAGE = 'docs/promises.md';
/** An item of a list: a sentence, and on the line below it the test. */
const ITEM = /^- (?<promise>[A-Z].+\.)\n {2}\[(?<name>[^\]]+)\]\(\.\.\/(?<file>[^)]+)\): “(?<words>.+)”$/;

interface Promised {
  readonly promise: string;
  readonly name: string;
  readonly file: string;
  readonly words: string;
}

const blocks = readPage(PAGE).split(/\n\n|\n(?=- )/);
const items = blocks.map((block) => block.trimEnd()).filter((block) => !/^#{1,2} [^\n]+$/.test(block));
const [opening, ...promises] = items;
const promised = promises.flatMap((item) => (ITEM.exec(item)?.groups as Promised | undefined) ?? []);

/** What a test says is text in quotes: words of a comment, or of code, are no test. */
function textsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/(['"`])((?:\\.|(?!\1)[^\n\\])*)\1/g)].map(([, , text]) => text!);
}

test('after its opening and beside its headings, the page has nothing but promises with their tests', () => {
  expect(opening).toContain('A promise without a test is none');
  expect(promises.length).toBeGreaterThan(130);
  expect(promises.filter((item) => !ITEM.test(item))).toEqual([]);
});

test('no promise is made twice', () => {
  const made = promised.map(({ promise }) => promise);
  expect(made.filter((promise, index) => made.indexOf(promise) < index)).toEqual([]);
});

describe('is shown:', () => {
  test.each(promised)('$promise', ({ name, file, words }) => {
    expect(file).toBe(`test/${name}`);
    expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    expect(textsOf(file).filter((text) => text.includes(words))).not.toEqual([]);
  });
});
