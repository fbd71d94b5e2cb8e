/** A running ledger whose every answer is checked against its own OpenAPI document, and against itself. */
import type { OpenAPIObject } from '@nestjs/swagger';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { contradictions } from './consistent.js';
import { contractOf, type Contract, type Operation } from './contract.js';
import { ADMIN_KEY, Ledger, type Answer, type Call } from './ledger.js';

/** The idempotency key in the examples of the document. */
export const KEY = '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f';
export const OUTCOME_ID = `${KEY}.1`;
export const SUBMISSIONS = '/v1/programmes/lipid-management/submissions';

export class CheckedLedger {
  private constructor(
    readonly ledger: Ledger,
    readonly contract: Contract,
    readonly document: OpenAPIObject,
  ) {}

  static async start(): Promise<CheckedLedger> {
    const ledger = await Ledger.start();
    const { body } = await ledger.call<OpenAPIObject>('GET', '/openapi.json');
    return new CheckedLedger(ledger, contractOf(body), body);
  }

  async call(method: string, path: string, sent: Call = {}): Promise<Answer<unknown>> {
    const answer = await this.ledger.call(method, path, sent);
    this.contract.check(method, path, answer, sent);
    // A description of shapes is no answer that could contradict itself.
    const wrong = path === '/openapi.json' ? [] : contradictions(answer.body);
    if (wrong.length > 0) throw new Error(`${method} ${path} contradicts itself: ${wrong.join('; ')}`);
    return answer;
  }

  /** The status of an answer, followed by the code of a problem. */
  async get(path: string, headers: Call['headers'] = {}): Promise<string> {
    return told(await this.call('GET', path, { headers }));
  }

  async post(path: string, body: unknown, headers: Call['headers'] = {}): Promise<string> {
    return told(await this.call('POST', path, { body, headers }));
  }

  submit(outcomes: readonly object[], key: string, programme = 'lipid-management'): Promise<string> {
    return this.post(`/v1/programmes/${programme}/submissions`, { outcomes }, { 'idempotency-key': key });
  }

  /** Announces a large body, which is refused before it is sent. */
  async tooLarge(path: string): Promise<string> {
    const headers = {
      authorization: `Bearer ${ADMIN_KEY}`,
      'content-type': 'application/json',
      'content-length': 5_000_000,
    };
    const sending = request(this.ledger.url + path, { method: 'POST', headers });
    sending.flushHeaders();
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const text = await readText(response);
    sending.destroy();
    const given = new Headers(Object.entries(response.headers) as [string, string][]);
    const answer = { status: response.statusCode!, headers: given, text, body: JSON.parse(text) as unknown };
    this.contract.check('POST', path, answer);
    return told(answer);
  }

  operation(id: string): Operation {
    return this.contract.operations.find((one) => one.id === id)!;
  }

  /** The bodies that the document shows for a call. */
  shown(id: string): object[] {
    const { examples } = this.operation(id).body!['application/json']!;
    return Object.values(examples!).map(({ value }) => value as object);
  }

  remove(): Promise<void> {
    return this.ledger.remove();
  }
}

/** The path of a call, with the examples of its parameters or with others. */
export function pathOf(
  { template, parameters }: Operation,
  given: Readonly<Record<string, string>> = {},
): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const { examples } = parameters.find((parameter) => parameter.name === name)!;
    return given[name] ?? (examples!['example']!.value as string);
  });
}

function told({ status, body }: Answer<unknown>): string {
  const { type } = (body ?? {}) as { type?: string };
  return type === undefined || status < 400 ? String(status) : `${status} ${type.split(':').at(-1)}`;
}
