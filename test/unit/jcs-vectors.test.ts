/** Canonical JSON against the data that RFC 8785 prints: see `test/vectors/jcs/README.md`. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../src/kernel/canonical-json.js';

const vector = (name: string) => readFileSync(join(__dirname, '../vectors/jcs', name), 'utf8');

test('the sample object has the bytes of section 3.2.4', () => {
  const bytes = Buffer.from(vector('example.hex').replace(/\s/g, ''), 'hex');
  expect(Buffer.from(canonicalJson(JSON.parse(vector('example.input.txt'))), 'utf8')).toEqual(bytes);
});

test('names are in the order of section 3.2.3, at every depth and whatever order they came in', () => {
  const data = JSON.parse(vector('sorting.input.txt')) as Record<string, string>;
  const order = vector('sorting.order.txt').trim().split('\n');
  const valuesIn = (text: string) => [...text.matchAll(/:"([^"]+)"/g)].map((match) => match[1]);
  for (const entries of [Object.entries(data), Object.entries(data).reverse()]) {
    const text = canonicalJson(Object.fromEntries(entries));
    expect(valuesIn(text)).toEqual(order);
    expect(canonicalJson([{ nested: Object.fromEntries(entries) }])).toBe(`[{"nested":${text}}]`);
  }
});

const numbers = vector('numbers.txt')
  .trim()
  .split('\n')
  .map((line) => line.split(' ') as [string, string]);

test.each(numbers)('the double %s is written %s, as in appendix B', (bits, json) => {
  const number = Buffer.from(bits, 'hex').readDoubleBE();
  if (json === '-') return expect(() => canonicalJson(number)).toThrow();
  expect(canonicalJson(number)).toBe(json);
  expect(canonicalJson({ in: [number] })).toBe(`{"in":[${json}]}`);
});

test('reading canonical JSON and writing it again gives the same text', () => {
  for (const name of ['example.input.txt', 'sorting.input.txt']) {
    const text = canonicalJson(JSON.parse(vector(name)));
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  }
});
