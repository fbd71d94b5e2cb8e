/**
 * A replica that catches up slower than the server sends takes no more memory for a million events than for the
 * first twentieth of them. The usual run follows a fifth of that, which shows as well what is kept or not held
 * back; LEDGER_TEST_EVENTS=1000000 follows them all, in minutes.
 */
import { expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { StreamName } from '../../src/kernel/ids.js';
import type { History } from '../double/event-log.js';
import { ProtocolDouble } from '../double/protocol-double.js';
import { newEvents } from '../support/new-events.js';

const COUNT = Number(process.env['LEDGER_TEST_EVENTS'] ?? 200_000);
const SAMPLES = 20;
// Both processes have each of up to a million messages in hand, on whatever machine this is.
jest.setTimeout(1_200_000);

test(`memory is flat over ${COUNT} subscribed events with a slow projector`, async () => {
  const double = await ProtocolDouble.start({ history: aMillion() });
  try {
    const args = ['--expose-gc', join(__dirname, 'follow.js'), double.url, String(COUNT), String(SAMPLES)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [told, [code]] = await Promise.all([
      text(child.stdout),
      once(child, 'close') as Promise<[number | null]>,
    ]);

    expect(code).toBe(0);
    const taken = JSON.parse(told) as { readonly seen: number; heapMb: number; rssMb: number }[];
    expect(taken).toHaveLength(SAMPLES);
    expect(taken.at(-1)!.seen).toBe(COUNT);
    // An event takes up a kilobyte: were each kept, or not held back, it would be 200 MB for 200,000.
    const [first, ...later] = taken;
    expect(Math.max(...later.map(({ heapMb }) => heapMb))).toBeLessThan(first!.heapMb + 16);
    expect(Math.max(...later.map(({ rssMb }) => rssMb))).toBeLessThan(first!.rssMb + 96);
  } finally {
    await double.kill();
  }
});

/** Each in a stream of its own, as submissions are; alike in everything else. */
function aMillion(): History {
  const [event] = newEvents('submission-0' as StreamName, 0, ['x'.repeat(400)]);
  const data = Buffer.from(event!.payload, 'utf8');
  const metadata = Buffer.from(JSON.stringify(event!.metadata), 'utf8');
  const alike = { id: event!.id, type: event!.type, contentType: 'application/json', data, metadata };
  return { count: COUNT, event: (index) => ({ ...alike, stream: `submission-${index}`, revision: 0 }) };
}
