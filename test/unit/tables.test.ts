/** Pages are read in editors and on terminals too, where a table with long cells cannot be read at all. */
import { expect, test } from '@jest/globals';
import { pages, readPage } from '../support/pages.js';

const CELL_MAX = 90;

/** The cells of all tables, as they are read: without the addresses of links. */
function cellsOf(page: string): string[] {
  const rows = readPage(page).match(/^\|.*\|$/gm) ?? [];
  return rows
    .filter((row) => !/^\|[ |:-]+\|$/.test(row))
    .flatMap((row) =>
      row
        .replaceAll(/\]\([^)]*\)/g, ']')
        .slice(1, -1)
        .split('|'),
    )
    .map((cell) => cell.trim());
}

test('cells are found, and measured without addresses', () => {
  expect(cellsOf('README.md')).toContain('why it is built as it is');
  expect(cellsOf('README.md').filter((cell) => cell.includes(']('))).toEqual([]);
});

test.each(pages({ deep: true }))('each cell of a table in %s holds a few words', (page) => {
  expect(cellsOf(page).filter((cell) => cell.length > CELL_MAX)).toEqual([]);
});
