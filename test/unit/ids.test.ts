import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v5 } from 'uuid';
import { eventIdOf, fileSubmissionId, parseProgrammeId, UUID, uuidV5 } from '../../src/kernel/ids.js';
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

test('event ids and the ids of chunks of a file are UUIDs that never change', () => {
  const ids = [
    eventIdOf('programme-lipid-management' as StreamName, 0, 'ab'.repeat(32)),
    fileSubmissionId(parseProgrammeId('lipid-management'), 'cd'.repeat(32), 1),
  ];
  expect(ids).toEqual(['8fd59148-c055-504b-8205-f44196bd8fbf', '693f0a0c-bbc4-5543-a4e5-fa68b9cf49b0']);
  for (const id of ids) expect(id).toMatch(UUID);
});
