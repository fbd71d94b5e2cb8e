import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v5 } from 'uuid';
import {
  eventIdOf,
  fileSubmissionId,
  isOwn,
  parseOutcomeId,
  parseProgrammeId,
  parseSubmissionId,
  placeOfOutcome,
  UUID,
  uuidV5,
} from '../../src/kernel/ids.js';
import type { StreamName } from '../../src/kernel/ids.js';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const bytesOf = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex');

test('a UUIDv5 is what RFC 9562 gives as its example', () => {
  expect(uuidV5(bytesOf(DNS), 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('a UUIDv5 is what another implementation makes of any name', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string({ unit: 'grapheme' }), (namespace, name) =>
      expect(uuidV5(bytesOf(namespace), name)).toBe(v5(name, namespace)),
    ),
  );
});

test('event ids and the ids of files are UUIDs that never change', () => {
  const ids = [
    eventIdOf('programme-lipid-management' as StreamName, 0, 'ab'.repeat(32)),
    fileSubmissionId(parseProgrammeId('lipid-management'), 'cd'.repeat(32)),
  ];
  expect(ids).toEqual(['8fd59148-c055-504b-8205-f44196bd8fbf', '6e8fd73b-fddf-81f6-9ba4-1eaa1b2d3996']);
  for (const id of ids) expect(id).toMatch(UUID);
});

test('the outcomes of a file are in streams of 500, which no key of a caller leads to', () => {
  const file = fileSubmissionId(parseProgrammeId('lipid-management'), 'cd'.repeat(32));
  const key = parseSubmissionId('3f1c6a52-9f0a-4f61-8a5e-6d2b0c9e7a10');
  expect([isOwn(file), isOwn(key)]).toEqual([true, false]);
  expect([1, 500, 501, 40_000].map((number) => placeOfOutcome(file, number))).toEqual([
    { stream: `part-${file}-0`, line: 1 },
    { stream: `part-${file}-0`, line: 500 },
    { stream: `part-${file}-1`, line: 1 },
    { stream: `part-${file}-79`, line: 500 },
  ]);
  expect(placeOfOutcome(key, 500)).toEqual({ stream: `submission-${key}`, line: 500 });
  expect(parseOutcomeId(`${file}.40000`)).toMatchObject({ submissionId: file, line: 40_000 });
  expect(() => parseOutcomeId(`${key}.501`)).toThrow('not an outcome id');
});
