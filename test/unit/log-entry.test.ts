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
  data: fc.record(
    { effective: fc.record({ from: text, to: text }), reason: text, outcomeId: text },
    { requiredKeys: [] },
  ),
  metadata: fc.record({ schema: text, recordedAt: text, actor: text, payloadHash: text, source: text }),
});

test('an entry is the canonical JSON of what the log says of an event', () => {
  fc.assert(
    fc.property(event, (logged) => {
      const { id, stream, revision, type, metadata, data } = logged;
      const { schema, recordedAt, actor, payloadHash } = metadata;
      const { effective } = data;
      const said = { id, stream, revision, type, schema, recordedAt, actor, payloadHash, effective };
      expect(entryOf(logged)).toBe(canonicalJson(said));
    }),
  );
});

test('an entry never changes: this one is of the first version', () => {
  expect(
    entryOf({
      id: '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11',
      stream: 'submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f',
      revision: 0,
      type: 'PatientBenefited',
      data: { quantity: 1200, effective: { from: '2023-04-01', to: '2023-06-30' } },
      metadata: {
        schema: 'outcome@1',
        recordedAt: '2023-07-04T09:30:00.000Z',
        actor: 'admin',
        payloadHash: 'a4c0b748f53e52fac1dcdbe7d30771d9baf88a6ed500f72176cac335e0c8f220',
      },
    }),
  ).toBe(
    '{"actor":"admin","effective":{"from":"2023-04-01","to":"2023-06-30"},"id":"5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11",' +
      '"payloadHash":"a4c0b748f53e52fac1dcdbe7d30771d9baf88a6ed500f72176cac335e0c8f220",' +
      '"recordedAt":"2023-07-04T09:30:00.000Z","revision":0,"schema":"outcome@1",' +
      '"stream":"submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f","type":"PatientBenefited"}',
  );
});
