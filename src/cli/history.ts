/** `ledger history`: the events of the ledger or of one programme, in order. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { CloudEvent } from '../reports/event.views.js';
import type { LedgerClient } from './client.js';
import { print } from './output.js';

export interface HistoryOptions {
  readonly after?: string;
  readonly until?: string;
  readonly type?: string;
  readonly json?: boolean;
}

export async function historyCommand(
  client: LedgerClient,
  programme: string | undefined,
  { json = false, after, until, type }: HistoryOptions,
): Promise<void> {
  // A programme that does not exist is a mistake, not an empty history.
  if (programme !== undefined) await client.get(`/v1/programmes/${encodeURIComponent(programme)}`);
  const response = await client.request('/v1/events', {
    query: { programme, after, until, type },
    headers: { accept: 'application/x-ndjson' },
  });
  const lines = createInterface({
    input: Readable.fromWeb(response.body as ReadableStream),
    crlfDelay: Infinity,
  });
  for await (const line of lines) print(json ? line : told(JSON.parse(line) as CloudEvent));
}

function told({ ledgersequence, time, actor, type, subject, data, recordedfrom }: CloudEvent): string {
  const reason = typeof data['reason'] === 'string' ? ` — ${data['reason']}` : '';
  const from = recordedfrom.startsWith('file:')
    ? `, from ${recordedfrom.slice(0, 17)}…${recordedfrom.slice(69)}`
    : '';
  return `${ledgersequence}  ${time}  ${type}  ${subject}  ${whatOf(data)}by ${actor}${from}${reason}`;
}

function whatOf(data: CloudEvent['data']): string {
  const { measureId, quantity, numerator, denominator, percent, name, label, effective, replaces } = data as {
    measureId?: string;
    quantity?: number;
    numerator?: number;
    denominator?: number;
    percent?: string;
    name?: string;
    label?: string;
    effective?: { from: string; to: string };
    replaces?: { quantity?: number };
  };
  if (effective) {
    const amount = quantity ?? (percent === undefined ? `${numerator}/${denominator}` : `${percent}%`);
    const before = replaces?.quantity === undefined ? '' : ` (was ${replaces.quantity})`;
    return `${amount} ${measureId}${before}, ${effective.from} to ${effective.to}, `;
  }
  return (name ?? label) ? `“${name ?? label}”, ` : '';
}
