/** Calls that most end-to-end tests begin with. */
import { randomUUID } from 'node:crypto';
import type { OutcomeDto, ReceiptView } from '../../src/submissions/submissions.dto.js';
import type { Answer, Ledger } from './ledger.js';

export const OUTCOME: OutcomeDto = {
  measure: 'patients-benefited',
  quantity: 1200,
  organisation: 'wessex',
  effective: { from: '2023-04-01', to: '2023-06-30' },
  basis: 'counted',
  evidence: { title: 'Quarter 1 return' },
};

export async function registerProgramme(
  ledger: Ledger,
  id = 'asthma-care',
  startedOn = '2018-04-01',
): Promise<string> {
  const { status, text } = await ledger.call('POST', '/v1/programmes', { body: { id, name: id, startedOn } });
  if (status !== 201) throw new Error(text);
  return id;
}

export function submit(
  ledger: Ledger,
  programme: string,
  outcomes: readonly object[],
  key: string = randomUUID(),
): Promise<Answer<ReceiptView>> {
  return ledger.call('POST', `/v1/programmes/${programme}/submissions`, {
    body: { outcomes },
    headers: { 'idempotency-key': key },
  });
}

export async function record(
  ledger: Ledger,
  programme: string,
  ...outcomes: readonly object[]
): Promise<ReceiptView> {
  const { status, text, body } = await submit(ledger, programme, outcomes);
  if (status !== 201) throw new Error(text);
  return body;
}

export function correct(ledger: Ledger, id: string, version: number, body: object): Promise<Answer<unknown>> {
  return ledger.call('POST', `/v1/outcomes/${id}/correction`, {
    body,
    headers: { 'if-match': `"${version}"` },
  });
}

export function withdraw(
  ledger: Ledger,
  id: string,
  version: number,
  reason: string,
): Promise<Answer<unknown>> {
  return ledger.call('POST', `/v1/outcomes/${id}/withdrawal`, {
    body: { reason },
    headers: { 'if-match': `"${version}"` },
  });
}
