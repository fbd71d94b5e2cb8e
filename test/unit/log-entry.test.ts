import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entryOf } from '../../src/tlog/entry.js';
import { canonicalJson } from '../../src/kernel/canonical-json.js';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const event = fc.record({
  id: text,
  stream: text,
  revision: fc.nat(Number.MAX_SAFE_INTEGER),
  type: text,
  data: fc.record({
    facts: fc.record(
      { effective: fc.record({ from: text, to: text }), reason: text, outcomeId: text },
      { requiredKeys: [] },
    ),
  }),
  metadata: fc.record(
    {
      ...{ schema: text, recordedAt: text, actor: text, role: text, source: text, correlationId: text },
      ...{ causationId: text, factsHash: text, wordsHash: text, factsSalt: text, wordsSalt: text },
    },
    {
      requiredKeys: [
        ...(['schema', 'recordedAt', 'actor', 'role', 'source', 'correlationId'] as const),
        'factsHash',
      ],
    },
  ),
});

test('an entry is the canonical JSON of what the log says of an event', () => {
  fc.assert(
    fc.property(event, (logged) => {
      const { id, stream, revision, type, metadata, data } = logged;
      const { factsSalt: _f, wordsSalt: _w, ...said } = metadata;
      const { effective } = data.facts;
      expect(entryOf(logged)).toBe(canonicalJson({ id, stream, revision, type, effective, ...said }));
    }),
  );
});

test('an entry never changes: these are of the format in which the first release has them', () => {
  const told = {
    id: '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11',
    stream: 'submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f',
    revision: 0,
    type: 'PatientBenefited',
    data: { facts: { quantity: 1200, effective: { from: '2023-04-01', to: '2023-06-30' } } },
  };
  const metadata = {
    schema: 'outcome@2',
    recordedAt: '2023-07-04T09:30:00.000Z',
    actor: 'admin',
    role: 'admin',
    source: 'api',
    correlationId: 'c0ffee00-0000-4000-8000-000000000001',
    factsHash: 'a4c0b748f53e52fac1dcdbe7d30771d9baf88a6ed500f72176cac335e0c8f220',
  };
  expect(entryOf({ ...told, metadata })).toBe(
    '{"actor":"admin","correlationId":"c0ffee00-0000-4000-8000-000000000001",' +
      '"effective":{"from":"2023-04-01","to":"2023-06-30"},' +
      '"factsHash":"a4c0b748f53e52fac1dcdbe7d30771d9baf88a6ed500f72176cac335e0c8f220",' +
      '"id":"5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11","recordedAt":"2023-07-04T09:30:00.000Z","revision":0,' +
      '"role":"admin","schema":"outcome@2","source":"api",' +
      '"stream":"submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f","type":"PatientBenefited"}',
  );
  const file = 'file:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae#12';
  const more = { source: file, causationId: 'x', wordsHash: '00' };
  expect(entryOf({ ...told, data: { facts: {} }, metadata: { ...metadata, ...more } })).toBe(
    '{"actor":"admin","causationId":"x","correlationId":"c0ffee00-0000-4000-8000-000000000001",' +
      '"factsHash":"a4c0b748f53e52fac1dcdbe7d30771d9baf88a6ed500f72176cac335e0c8f220",' +
      '"id":"5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11","recordedAt":"2023-07-04T09:30:00.000Z","revision":0,' +
      `"role":"admin","schema":"outcome@2","source":"${file}",` +
      '"stream":"submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f","type":"PatientBenefited","wordsHash":"00"}',
  );
});
