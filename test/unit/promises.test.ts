/** docs/promises.md: each promise names a test that is there, by its file and by words of what it says. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, ROOT } from '../support/pages.js';

const PAGE = 'docs/promises.md';
const ROW = /^\| (?<promise>.+?) +\| \[(?<name>[^\]]+)\]\(\.\.\/(?<file>[^)]+)\): “(?<words>.+)” +\|$/;

interface Row {
  readonly promise: string;
  readonly name: string;
  readonly file: string;
  readonly words: string;
}

const lines = readPage(PAGE)
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (promise|-+) /.test(line));
const rows = lines.flatMap((line) => (ROW.exec(line)?.groups as Row | undefined) ?? []);

/** What a test says is text in quotes: words of a comment, or of code, are no test. */
function textsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/(['"`])((?:\\.|(?!\1)[^\n\\])*)\1/g)].map(([, , text]) => text!);
}

test('every line is a promise with its test', () => {
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.filter((line) => !ROW.test(line))).toEqual([]);
});

test('no promise is made twice', () => {
  const told = rows.map(({ promise, words }) => `${promise} ${words}`);
  expect(told.filter((line, index) => told.indexOf(line) < index)).toEqual([]);
});

describe('is shown:', () => {
  test.each(rows)('$promise', ({ name, file, words }) => {
    expect(file).toBe(`test/${name}`);
    expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    expect(textsOf(file).filter((text) => text.includes(words))).not.toEqual([]);
  });
});
