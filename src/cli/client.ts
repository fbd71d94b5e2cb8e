/**
 * The command line's client of a running ledger. It finds the ledger's address and key, and reports a problem in one
 * line.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { MeasureView } from '../catalogue/measure.dto.js';
import type { OrganisationView } from '../catalogue/organisation.dto.js';
import type { ProgrammeView } from '../catalogue/programme.dto.js';
import { adminKeyFile } from '../access/admin-key.js';
import { OUTCOME_ID } from '../kernel/ids.js';
import { visible } from '../kernel/visible.js';
import type { ProblemDocument } from '../api/problem.views.js';

export interface Address {
  readonly url: string;
  readonly key: string;
}

/** A failure of a command: its message is one line, and `exitCode` is the exit code of the process. */
export class CommandFailed extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
    readonly problem?: ProblemDocument,
  ) {
    super(message);
    this.name = 'CommandFailed';
  }
}

/** Takes address and key from the options, else from the environment, else from where `ledger serve` puts them. */
export function addressOf(
  options: { readonly url?: string | undefined; readonly key?: string | undefined },
  env: NodeJS.ProcessEnv,
): Address {
  const url = options.url ?? env['LEDGER_URL'] ?? `http://127.0.0.1:${env['PORT'] ?? '3000'}`;
  const file = adminKeyFile(env['DATA_DIR'] ?? './data');
  const kept = () => (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
  const key = options.key ?? env['LEDGER_KEY'] ?? env['LEDGER_ADMIN_KEY'] ?? kept();
  if (key === undefined) {
    throw new CommandFailed(`no key: give --key or LEDGER_KEY, or run where ${file} is`, 2);
  }
  return { url: url.replace(/\/+$/, ''), key };
}

export type Query = Readonly<Record<string, string | undefined>>;

interface RequestOptions extends RequestInit {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly duplex?: 'half';
  /** True where repeating the request would repeat its effect; by default a repeated request changes nothing more. */
  readonly once?: boolean;
}

/** Codes by which `fetch` reports that an open connection was lost. */
const LOST = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

export class LedgerClient {
  /** @param parse how answers are read: for people, or with `JSON.parse` as they are */
  constructor(
    private readonly address: Address,
    private readonly parse: (json: string) => unknown = parseForPeople,
  ) {}

  get<Answer>(path: string, query: Query = {}): Promise<Answer> {
    return this.json(path, { query });
  }

  post<Answer>(
    path: string,
    body: unknown,
    { headers, ...more }: Pick<RequestOptions, 'headers' | 'once'> = {},
  ): Promise<Answer> {
    const json = { 'content-type': 'application/json', ...headers };
    return this.json(path, { method: 'POST', body: JSON.stringify(body), headers: json, ...more });
  }

  private async json<Answer>(path: string, asked: RequestOptions): Promise<Answer> {
    const response = await this.request(path, asked);
    return this.parse(await this.whole(response.text(), path, asked)) as Answer;
  }

  /**
   * Yields an answer of any size, piece by piece. @throws CommandFailed as `request` does, and where the answer is cut
   * off
   */
  async *stream(path: string, asked: RequestOptions): AsyncGenerator<Uint8Array> {
    const response = await this.request(path, asked);
    try {
      yield* response.body as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.cutOff(error, path, asked);
    }
  }

  /** @throws CommandFailed for a problem, and when no ledger answers */
  async request(path: string, asked: RequestOptions): Promise<Response> {
    const { query = {}, headers = {}, once: _, ...init } = asked;
    const url = new URL(this.address.url + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers: { authorization: `Bearer ${this.address.key}`, ...headers },
      });
    } catch (error) {
      if (LOST.includes(reasonOf(error))) throw this.cutOff(error, path, asked);
      throw new CommandFailed(
        `no ledger answers at ${this.address.url} (${reasonOf(error)}): start one with: ledger serve`,
      );
    }
    if (response.ok) return response;
    if (response.status === 401) {
      throw new CommandFailed(
        `the ledger at ${this.address.url} does not take this key: give --key or LEDGER_KEY`,
      );
    }
    throw failureOf(response.status, await this.whole(response.text(), path, asked));
  }

  private whole<Result>(answer: Promise<Result>, path: string, asked: RequestOptions): Promise<Result> {
    return answer.catch((error: unknown) => {
      throw this.cutOff(error, path, asked);
    });
  }

  private cutOff(
    error: unknown,
    path: string,
    { method = 'GET', once = false }: RequestOptions,
  ): CommandFailed {
    const wayOut = once
      ? 'the ledger may have done it: see whether it has before you run the command again'
      : 'see whether the ledger runs, and run the command again';
    return new CommandFailed(
      `the answer of ${this.address.url} to ${method} ${path} was cut off (${reasonOf(error)}); ${wayOut}`,
    );
  }
}

/** The address of an outcome. @throws CommandFailed where the id is not that of one */
export function outcomePath(id: string): string {
  if (!OUTCOME_ID.test(id.toLowerCase()))
    throw new CommandFailed(`${id} is not the id of an outcome: it must read <submission>.<line>`, 2);
  return `/v1/outcomes/${id.toLowerCase()}`;
}

/** The sequence of the last event that the ledger's answers know; undefined where there is none. */
export async function currentSequence(client: LedgerClient): Promise<string | undefined> {
  const response = await client.request('/v1/measures', { query: { limit: '1' } });
  const sequence = response.headers.get('ledger-sequence');
  return sequence === '-1' || sequence === null ? undefined : sequence;
}

/** The unit of each measure, and how many decimals its amounts have. */
export type Units = ReadonlyMap<string, { readonly unit: string; readonly decimals: number }>;

export async function unitsOf(client: LedgerClient): Promise<Units> {
  return new Map((await allOf(client, 'measures')).map(({ id, unit, decimals }) => [id, { unit, decimals }]));
}

interface CatalogueLists {
  readonly measures: MeasureView;
  readonly programmes: ProgrammeView;
  readonly organisations: OrganisationView;
}

/** Every entry of the catalogue of one kind that the key may see. */
export async function allOf<Kind extends keyof CatalogueLists>(
  client: LedgerClient,
  kind: Kind,
): Promise<CatalogueLists[Kind][]> {
  type Page = Readonly<Record<Kind, CatalogueLists[Kind][]>> & { readonly next: string | null };
  const entries: CatalogueLists[Kind][] = [];
  for (let after: string | null | undefined; after !== null;) {
    const page: Page = await client.get(`/v1/${kind}`, { after, limit: '500' });
    entries.push(...page[kind]);
    after = page.next;
  }
  return entries;
}

/** Reads JSON whose texts are shown to people: what others wrote cannot look like a line of ours. */
export function parseForPeople(json: string): unknown {
  return JSON.parse(json, (_name, value: unknown) => (typeof value === 'string' ? visible(value) : value));
}

function failureOf(status: number, text: string): CommandFailed {
  try {
    const problem = parseForPeople(text) as ProblemDocument;
    return new CommandFailed(`${problem.title}: ${problem.detail}`, 1, problem);
  } catch {
    return new CommandFailed(`the ledger answered ${status}: ${text.slice(0, 200)}`);
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string } };
  return cause?.code ?? message;
}
