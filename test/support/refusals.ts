/** Sends requests that a ledger must refuse, and checks that they change nothing. */
import { expect, test } from '@jest/globals';
import { PROBLEM_TYPE_PREFIX, PROBLEMS, type ProblemCode } from '../../src/api/problem.js';
import type { ProblemDocument } from '../../src/api/problem.views.js';
import type { Call, Ledger } from './ledger.js';
import { OUTCOME, submit } from './outcomes.js';

interface Refusing {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

/** The status, the code, and the first pointer if there is one, of an answer that is a complete problem. */
export function told({ status, headers, text }: Refusing): string {
  expect([status, headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
  const problem = JSON.parse(text) as ProblemDocument;
  const code = problem.type.slice(PROBLEM_TYPE_PREFIX.length) as ProblemCode;
  const { detail, errors, ...rest } = problem;
  const instance = `urn:request:${headers.get('x-request-id')}`;
  expect(rest).toEqual({ type: PROBLEM_TYPE_PREFIX + code, title: PROBLEMS[code].title, status, instance });
  expect(detail).toMatch(/^[^\n]{10,300}$/);
  for (const error of errors ?? []) expect(error.detail).not.toBe('');
  const pointer = errors?.find((error) => error.pointer !== undefined)?.pointer;
  return `${status} ${code}${pointer === undefined ? '' : ` ${pointer}`}`;
}

export async function refusal(
  ledger: Ledger,
  method: string,
  path: string,
  sent: Call = {},
): Promise<string> {
  return told(await ledger.call(method, path, { signal: AbortSignal.timeout(20_000), ...sent }));
}

export class Watch {
  private constructor(
    private readonly ledger: Ledger,
    private last: number,
  ) {}

  static async over(ledger: Ledger): Promise<Watch> {
    const { headers } = await ledger.call('GET', '/health/ready');
    return new Watch(ledger, Number(headers.get('ledger-sequence')));
  }

  async nothingRecorded(): Promise<void> {
    const { text } = await this.ledger.call('GET', `/v1/events?after=${this.last}`);
    expect(text).toBe('{"events":[],"next":null}');
  }

  /**
   * Records a submission and expects the next sequence, so that no refused request can have been recorded,
   * projected late or not.
   */
  async servesOn(programme: string): Promise<void> {
    const { status, body } = await submit(this.ledger, programme, [OUTCOME]);
    expect([status, body.sequence]).toEqual([201, this.last + 1]);
    this.last = body.sequence;
  }
}

/** The last test of a group of refusals. */
export function andServesOn(watch: () => Watch, programme: string): void {
  test('and the ledger serves on', () => watch().servesOn(programme));
}
