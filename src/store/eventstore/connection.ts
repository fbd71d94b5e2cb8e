/**
 * The way to the server: a client that is replaced when it fails, and questions that end.
 *
 * The client itself waits for ever where a server is silent, keeps what it once failed to learn, and rejects the
 * first call after a change of leader. So every question here has a time of its own, is asked again for a while
 * (of a client that is new, unless the old one was told where the leader is), and then ends with StoreUnavailable.
 * Whoever asks makes sure that being asked twice does no harm.
 */
import { EventStoreDBClient } from '@eventstore/db-client';
import { setTimeout as wait } from 'node:timers/promises';
import { StoreUnavailable } from '../event-store.js';
import { asStoreError, isNotLeader, isTransient, NoAnswer } from './errors.js';
import { lineOf, type Line } from './line.js';
import { optionOfStoreUrl, withoutSecrets, type EventStoreSettings } from '../store-url.js';

export interface ConnectionOptions {
  /** For how long a question is asked again. */
  readonly patienceMs?: number;
  /** Within which one answer must come; by default what the address says, or five seconds. */
  readonly timeoutMs?: number;
  /** Closing ends after this time, whatever is still under way. */
  readonly closeMsMax?: number;
  /** How it waits between two attempts. */
  readonly delay?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

/** Whatever was acknowledged is found there. */
export const LEADER = { requiresLeader: true };

const PATIENCE_MS = 10_000;
const TIMEOUT_MS = 5_000;
/** Requests have eight seconds to end before it: together they fit into the twenty that the compose file gives. */
const CLOSE_MS_MAX = 10_000;
const GOSSIP_S = 2;
const BACKOFF_MS = { first: 50, max: 5_000 };

export class EventStoreConnection {
  readonly timeoutMs: number;
  /** Of all that is asked through this connection. */
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly lines = new Map<EventStoreDBClient, Line>();
  private readonly ending = new AbortController();
  private closed = false;
  /** Closing ends at this time of `performance.now()`; it is set when closing begins. */
  private closeBy = 0;
  private readonly patienceMs: number;
  private readonly closeMsMax: number;
  private readonly delay: NonNullable<ConnectionOptions['delay']>;
  private client: EventStoreDBClient;

  constructor(
    private readonly settings: EventStoreSettings,
    {
      patienceMs = PATIENCE_MS,
      timeoutMs,
      closeMsMax = CLOSE_MS_MAX,
      delay = waitFor,
    }: ConnectionOptions = {},
  ) {
    this.patienceMs = patienceMs;
    this.closeMsMax = closeMsMax;
    this.timeoutMs = timeoutMs ?? Number(optionOfStoreUrl(settings.url, 'defaultdeadline') ?? TIMEOUT_MS);
    this.delay = delay;
    this.client = this.connect();
  }

  private connect(): EventStoreDBClient {
    try {
      const client = EventStoreDBClient.connectionString(asAskedOnce(this.settings.url));
      this.lines.set(client, lineOf(client));
      return client;
    } catch (error) {
      const where = withoutSecrets(this.settings.url);
      // What the client says of an address repeats it, with its password.
      throw new StoreUnavailable(`the event store at ${where} cannot be connected to: ${reasonOf(error)}`);
    }
  }

  /** Aborts when the connection is about to close. */
  get closing(): AbortSignal {
    return this.ending.signal;
  }

  /**
   * Asks until there is an answer, or patience ends.
   * @throws what the question throws that is no failure of the moment; else StoreUnavailable
   */
  ask<Answer>(what: string, question: (client: EventStoreDBClient) => Promise<Answer>): Promise<Answer> {
    if (this.closed) return Promise.reject(new StoreUnavailable('the store is closed'));
    const answer = this.askAgain(what, question);
    this.underWay.add(answer);
    const forget = () => this.underWay.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  private async askAgain<Answer>(
    what: string,
    question: (client: EventStoreDBClient) => Promise<Answer>,
  ): Promise<Answer> {
    const giveUpAt = performance.now() + this.patienceMs;
    for (let attempt = 0; ; attempt++) {
      const { client } = this;
      const release = this.use(client);
      try {
        return await question(client);
      } catch (cause) {
        const error = asStoreError(cause, what);
        release();
        if (!isTransient(error) || this.closing.aborted) throw error;
        this.giveUp(client, error);
        const ms = backoffMs(attempt);
        if (performance.now() + ms > giveUpAt) throw error;
        await this.delay(ms, this.closing).catch(() => undefined);
      } finally {
        release();
      }
    }
  }

  /** For what is not asked but followed: the client of the moment. */
  get current(): EventStoreDBClient {
    return this.client;
  }

  /** Holds the channel of a client open, though it is given up. @returns what lets it go */
  use(client: EventStoreDBClient): () => void {
    const line = this.lines.get(client);
    if (!line) return () => undefined;
    line.uses++;
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      if (--line.uses === 0 && line.givenUp) this.hangUp(client);
    };
  }

  /** Disposing of a client ends its streams, and leaves its channel open. */
  private hangUp(client: EventStoreDBClient): void {
    const line = this.lines.get(client);
    this.lines.delete(client);
    line?.channel?.then(
      (channel) => channel.close(),
      () => undefined,
    );
  }

  /** The next question goes to a new client, unless this one knows where to turn. */
  giveUp(client: EventStoreDBClient, error: Error): void {
    if (client !== this.client || isNotLeader(error) || this.closing.aborted) return;
    try {
      this.client = this.connect();
    } catch {
      // A certificate that is being replaced, say: the old client is asked again, and told to be wrong again.
      return;
    }
    const line = this.lines.get(client)!;
    line.givenUp = true;
    // What others asked of it goes on, unless it is silent: then they need not wait to be told so too.
    if (error instanceof NoAnswer || line.uses === 0) this.hangUp(client);
  }

  /** Waits longer after each failure in a row, up to five seconds, and never as long as another replica. */
  backOff(attempt: number, signal: AbortSignal): Promise<unknown> {
    return this.delay(backoffMs(attempt), signal).catch(() => undefined);
  }

  /** From now on nothing is asked again, and nothing followed. */
  private beginToClose(): void {
    if (this.closing.aborted) return;
    this.closeBy = performance.now() + this.closeMsMax;
    this.ending.abort();
  }

  /** Begins to close, and waits for work that was begun before, for as long as closing may still take. */
  async waitInClosing(work: Promise<unknown>): Promise<void> {
    this.beginToClose();
    const leftMs = Math.max(0, this.closeBy - performance.now());
    await within(leftMs, 'to close', work).catch((error: unknown) => {
      // The time is over, which is no failure: a client that never ends must not keep a command from ending.
      if (!(error instanceof NoAnswer)) throw error;
    });
  }

  /**
   * What was asked before is answered, in the time that one answer may take. Closing ends after `closeMsMax`
   * (ten seconds unless the caller gives another time), whatever the client does.
   */
  async close(): Promise<void> {
    this.closed = true;
    await this.waitInClosing(Promise.allSettled(this.underWay));
    await this.waitInClosing(this.client.dispose());
    for (const client of this.lines.keys()) this.hangUp(client);
  }
}

/** Rejects with NoAnswer after a time, whatever becomes of the work. */
export async function within<Result>(ms: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(what, ms)), ms);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Among several nodes the client looks for one once: to go on looking, and when to end, is decided here. */
function asAskedOnce(url: string): string {
  const own = [
    ['maxdiscoverattempts', 'maxDiscoverAttempts=1'],
    ['gossiptimeout', `gossipTimeout=${GOSSIP_S}`],
  ] as const;
  const missing = own
    .filter(([name]) => optionOfStoreUrl(url, name) === undefined)
    .map(([, option]) => option);
  if (missing.length === 0) return url;
  const withPath = url.includes('?') ? `${url}&` : `${url}?`;
  return withPath + missing.join('&');
}

/** Between a half and the whole of a time that doubles. */
function backoffMs(attempt: number): number {
  const ms = Math.min(BACKOFF_MS.first * 2 ** attempt, BACKOFF_MS.max);
  return ms * (0.5 + Math.random() / 2);
}

function waitFor(ms: number, signal?: AbortSignal): Promise<unknown> {
  return wait(ms, undefined, { ...(signal && { signal }) });
}

function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return /certificate|file/i.test(message) ? message : 'its address is not one that the client takes';
}
