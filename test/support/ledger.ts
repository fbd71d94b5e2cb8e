/**
 * A whole ledger: `node dist/main.js` in a process of its own, on a port of its own, with a data directory that
 * outlives the process, so that a test can end one process and start another on the same data.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(__dirname, '../../dist/main.js');
export const ADMIN_KEY = 'a-key-for-tests-of-32-characters-or-more';

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON body as a value; undefined where the body is not JSON. */
  readonly body: Body;
}

export interface Call {
  /** An object is sent as JSON; text, bytes and streams are sent unchanged, with the content type of the headers. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export class Ledger {
  private process: ChildProcess | null = null;
  private said = '';
  url = '';

  private constructor(
    readonly dataDir: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly stderr: number | 'pipe',
  ) {}

  /**
   * Resolves when the ledger serves. Environment variables may be added or replaced.
   * @param stderr an open file for the ledger's log, which is then not read here
   */
  static async start(env: NodeJS.ProcessEnv = {}, stderr: number | 'pipe' = 'pipe'): Promise<Ledger> {
    const ledger = new Ledger(mkdtempSync(join(tmpdir(), 'ledger-')), env, stderr);
    await ledger.start();
    return ledger;
  }

  /** Starts the ledger again after `stop` or `kill`, on the same data. */
  async start(): Promise<void> {
    const settings = { DATA_DIR: this.dataDir, PORT: '0', LOG_LEVEL: 'warn', LEDGER_ADMIN_KEY: ADMIN_KEY };
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...settings, ...this.env },
      stdio: ['ignore', 'pipe', this.stderr],
    });
    this.process = child;
    this.said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    this.url = await new Promise<string>((serves, fails) => {
      let output = '';
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        const url = /serves at (\S+)/.exec((output += text))?.[1];
        if (url) serves(url);
      });
      child.once('exit', (code) =>
        fails(new Error(`the ledger ended with ${code} at its start: ${this.said}`)),
      );
    });
  }

  /** The id of the running process. */
  get pid(): number {
    return this.process!.pid!;
  }

  /** The log since the last start; a line may come some time after the event that it reports. */
  get log(): string {
    return this.said;
  }

  /** The log line of a request's answer, once it is written; all lines before it are written by then. */
  async logged(requestId: string | null): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const whole = this.said.split('\n').slice(0, -1);
      const line = whole.find((text) => text.includes(`"${requestId}"`));
      if (line) return JSON.parse(line) as Record<string, unknown>;
      await once(this.process!.stderr!, 'data');
    }
  }

  /** `fetch` with the admin key, for tests that need more than `call`, such as reading a stream. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...(init.headers as Record<string, string>) };
    return fetch(this.url + path, { ...init, headers });
  }

  async call<Body = unknown>(
    method: string,
    path: string,
    { body, headers = {}, signal }: Call = {},
  ): Promise<Answer<Body>> {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
    const init = {
      method,
      headers: { ...(body !== undefined && !raw && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body), duplex: 'half' }),
      ...(signal && { signal }),
    };
    const response = await this.fetch(path, init as RequestInit);
    const text = await response.text();
    const isJson = /^application\/(\w+\+)?json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (isJson ? JSON.parse(text) : undefined) as Body,
    };
  }

  /** Stops the ledger as an operator does. @returns the exit code, or the signal that ended the process */
  stop(): Promise<number | NodeJS.Signals> {
    return this.end('SIGTERM');
  }

  /** Kills the process, as a power cut would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends the ledger, if it runs, and removes its data: for `afterAll`. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | NodeJS.Signals> {
    const child = this.process!;
    if (child.exitCode === null && child.signalCode === null) {
      // By the event `close` all output of the process has been read.
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
    }
    return child.exitCode ?? child.signalCode!;
  }
}
