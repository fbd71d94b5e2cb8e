import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme } from '../support/outcomes.js';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger);
});
afterAll(() => ledger.remove());

interface Sent {
  readonly id: number;
  readonly event: string;
  readonly data: { readonly ledgersequence: number; readonly type: string };
}

/** Reads server-sent events until the one with a sequence has come, then goes. */
async function readUntil(
  sequence: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<Sent[]> {
  const gone = new AbortController();
  const response = await ledger.fetch(path, { headers, signal: gone.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const sent: Sent[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks.filter((each) => each.startsWith('id:'))) {
      const [id, event, data] = block.split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
      sent.push({ id: Number(id), event: event!, data: JSON.parse(data!) as Sent['data'] });
    }
    if ((sent.at(-1)?.id ?? -1) >= sequence) break;
  }
  gone.abort();
  return sent;
}

test('the live stream tells history and then what is recorded, each event once and in order', async () => {
  const recorded: number[] = [];
  const writing = (async () => {
    for (let index = 0; index < 40; index++)
      recorded.push((await record(ledger, 'asthma-care', OUTCOME)).sequence);
    return recorded.at(-1)!;
  })();
  const firstPart = readUntil(60, '/v1/events/stream');
  const last = await writing;
  const sent = [...(await firstPart)];
  const rest = await readUntil(last, '/v1/events/stream', { 'last-event-id': String(sent.at(-1)!.id) });
  const all = [...sent, ...rest];
  expect(all.map(({ id }) => id)).toEqual([...Array(last + 1).keys()]);
  expect(all.every(({ id, event, data }) => data.ledgersequence === id && data.type === event)).toBe(true);
});

test('the live stream of one programme and type tells nothing else', async () => {
  await registerProgramme(ledger, 'other-care');
  await record(ledger, 'other-care', OUTCOME);
  const { sequence } = await record(ledger, 'asthma-care', OUTCOME);
  const path = '/v1/events/stream?programme=asthma-care&type=PatientBenefited';
  const sent = await readUntil(sequence, path);
  expect(sent).toHaveLength(41);
  expect(new Set(sent.map(({ event }) => event))).toEqual(new Set(['PatientBenefited']));
});

test('NDJSON tells the same events as the pages do', async () => {
  const lines = (await ledger.call('GET', '/v1/events.ndjson')).text;
  const events: unknown[] = [];
  for (let after: string | null = ''; after !== null;) {
    const path: string = `/v1/events?limit=7${after && `&after=${after}`}`;
    const { body } = await ledger.call<{ events: unknown[]; next: string | null }>('GET', path);
    events.push(...body.events);
    after = body.next;
  }
  expect(
    lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(events);
});
