/** The protocol double, as the real client sees it: appends, repeats and deletions. */
import { describe, expect, test } from '@jest/globals';
import { NO_STREAM } from '@eventstore/db-client';
import { DoubleFixture, eventNamed } from './double-fixture.js';
import type { DoubleOptions } from './protocol-double.js';

const A = 'submission-a';

describe.each<[string, DoubleOptions]>([
  ['in batches', { batchAppend: true }],
  ['one call each', { batchAppend: false }],
])('appending %s', (_how, options) => {
  const on = new DoubleFixture(options);

  test('the first revision is 0, and what was appended is read back as it was', async () => {
    const client = on.client();
    const result = await client.appendToStream(A, [eventNamed('a0'), eventNamed('a1')], {
      expectedRevision: NO_STREAM,
    });
    expect(result).toMatchObject({ success: true, nextExpectedRevision: 1n });
    const read = await on.readStream(A);
    expect(read.map(({ revision }) => revision)).toEqual([0n, 1n]);
    expect(read.map(({ data }) => data)).toEqual([{ text: 'a0' }, { text: 'a1' }]);
    expect(read[1]!.position).toEqual(result.position);
  });
});
