/** Nothing can be configured that nobody is told of. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS_NAMES, settingsHelp } from '../../src/cli/settings-help.js';

const root = join(__dirname, '../..');
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');

test('the help of serve names every variable that is read, and no other', () => {
  const source = textOf('src/config.ts');
  const read = new Set([...source.matchAll(/'((?!OTEL_)[A-Z]+(?:_[A-Z]+)*)'/g)].map(([, name]) => name!));
  const isAlgorithm = /^(RS|PS|ES)\d|^EDDSA$/i;
  const names = [...read].filter((name) => name.length > 3 && !isAlgorithm.test(name)).sort();
  expect(SETTINGS_NAMES.filter((name) => !name.startsWith('OTEL_')).toSorted()).toEqual(names);
  for (const name of SETTINGS_NAMES) expect(settingsHelp()).toContain(`  ${name} `);
});

test('the pages name each too', () => {
  const pages = ['docs/operating.md', 'docs/access.md'].map(textOf).join('');
  const missing = SETTINGS_NAMES.filter((name) => !pages.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
