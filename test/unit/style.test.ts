/**
 * The style of comments (STYLE: "Comment the why, in plain sentences"): a comment names the thing that it speaks of,
 * so that it is understood without the line above it. These openings leave that noun out.
 */
import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/pages.js';

const files = ['src', 'bench', 'test/support']
  .flatMap((root) =>
    readdirSync(join(ROOT, root), { recursive: true, encoding: 'utf8' }).map((name) => `${root}/${name}`),
  )
  .filter((file) => file.endsWith('.ts'));

/** Comments that stand on lines of their own, each from its first word to its end, with the line where it begins. */
function commentsIn(source: string): { readonly line: number; readonly text: string }[] {
  const comments = source.matchAll(/^[ \t]*(?:\/\*[^]*?\*\/|\/\/.*(?:\n[ \t]*\/\/.*)*)/gm);
  return Array.from(comments, ({ 0: comment, index }) => ({
    line: source.slice(0, index).split('\n').length,
    text: comment
      .replaceAll(/^[ \t]*(?:\/\*\*?|\*\/|\*|\/\/)|\*\/$/gm, '')
      .trim()
      .replaceAll(/\s+/g, ' '),
  }));
}

function hidesItsSubject(comment: string): boolean {
  const [, first = '', sentence = ''] = /^(\w+)\b(.*?)(?:[.:;]|$)/.exec(comment) ?? [];
  if (first === 'What') return !comment.endsWith('?');
  // A subordinate clause may go first: "As soon as the file is whole, it gets its name."
  if (first === 'As') return !sentence.includes(',');
  return ['Of', 'Whoever', 'That'].includes(first);
}

test('a comment begins with the thing that it speaks of', () => {
  const found = files.flatMap((file) =>
    commentsIn(readFileSync(join(ROOT, file), 'utf8'))
      .filter(({ text }) => hidesItsSubject(text))
      .map(({ line, text }) => `${file}:${line} ${text.slice(0, 60)}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ['/** Of the last event. */\nconst a = 1;', true],
  ['  // What is left of it.\n', true],
  ['  // What is left of it?\n', false],
  ['/**\n * Whoever asks\n * gets it.\n */', true],
  ['/** As it is called in the store. */', true],
  ['/** As soon as the file is whole, it gets its name. */', false],
  ['const a = 1;\n// Leaves of the tree.\n// Of which there are two.', false],
  ["const a = 'https://example.org'; // That is no line of its own", false],
  ['/** Offsets of events. */', false],
])('%j is taken for what it is', (source, isFound) => {
  expect(commentsIn(source).some(({ text }) => hidesItsSubject(text))).toBe(isFound);
});

test('one name of a type is one thing: no two files of src declare the same name', () => {
  const declared = new Map<string, string[]>();
  for (const file of files.filter((name) => name.startsWith('src/'))) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    const types = source.matchAll(/^(?:export )?(?:abstract )?(?:interface|type|class|enum) (\w+)/gm);
    for (const [, name = ''] of types) declared.set(name, [...(declared.get(name) ?? []), file]);
  }
  expect(declared.size).toBeGreaterThan(500);
  expect([...declared].filter(([, where]) => where.length > 1)).toEqual([]);
});
