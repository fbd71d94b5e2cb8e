/** A ledger in a process of its own that a simulation talks to, kills and starts again. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What came of a request. `lost`: the process ended before it answered. */
export type Answer =
  | { readonly result: unknown }
  | { readonly refused: string }
  | { readonly unavailable: string }
  | { readonly lost: true };

export type Asked = 'change' | 'record' | 'total' | 'stop';

type Reply = { readonly ticket: number } & (Answer | { readonly fault: string });

export class DrivenLedger {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private nextTicket = 0;
  private fault: string | null = null;
  private complaints = '';

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (reply: Reply | { readonly ready: true }) => {
      if ('ready' in reply) return;
      const { ticket, ...answer } = reply;
      if ('fault' in answer) this.fault ??= answer.fault;
      this.waiting.get(ticket)!('fault' in answer ? { lost: true } : answer);
      this.waiting.delete(ticket);
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    child.once('exit', () => {
      for (const answered of this.waiting.values()) answered({ lost: true });
      this.waiting.clear();
    });
  }

  /** Resolves when it is ready, or with null where it could not start: the machine may not let it. */
  static async start(
    { dataDir, storeUrl }: { readonly dataDir: string; readonly storeUrl?: string },
    env: NodeJS.ProcessEnv,
  ): Promise<DrivenLedger | null> {
    const args = storeUrl === undefined ? [dataDir] : [dataDir, storeUrl];
    const child = fork(join(__dirname, 'ledger-process.js'), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    const ledger = new DrivenLedger(child);
    const ready = await Promise.race([
      once(child, 'message').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    return ready ? ledger : null;
  }

  ask(what: Asked, request: unknown): Promise<Answer> {
    if (this.isGone) return Promise.resolve({ lost: true });
    const ticket = this.nextTicket++;
    return new Promise((answered) => {
      this.waiting.set(ticket, answered);
      this.child.send({ ticket, what, request }, (error) => {
        if (!error || !this.waiting.delete(ticket)) return;
        answered({ lost: true });
      });
    });
  }

  get isGone(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async kill(): Promise<void> {
    await this.end(() => this.child.kill('SIGKILL'));
  }

  async stop(): Promise<void> {
    await this.end(() => void this.ask('stop', null));
  }

  private async end(begin: () => void): Promise<void> {
    if (!this.isGone) {
      const exited = once(this.child, 'exit');
      begin();
      await exited;
    }
    // A mistake of the ledger's is no answer that a rule allows.
    if (this.fault !== null) throw new Error(this.fault);
  }
}
