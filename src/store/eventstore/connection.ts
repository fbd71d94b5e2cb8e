/**
 * The connection to the server: it replaces a client that fails, and ends every question in bounded time.
 *
 * The client itself waits for ever where a server is silent, keeps an answer that it once failed to get, and rejects
 * the first call after a change of leader. So every question here has a time-out of its own, and is asked again until
 * patience ends, with a new client unless the old one was told where the leader is. Then it fails with
 * StoreUnavailable. The caller makes sure that a question that is asked twice does no harm.
 */
import { EventStoreDBClient } from '@eventstore/db-client';
import { setTimeout as wait } from 'node:timers/promises';
import { inTime } from '../../kernel/in-time.js';
import { StoreUnavailable } from '../event-store.js';
import { asStoreError, isNotLeader, isTransient, NoAnswer } from './errors.js';
import { lineOf, type Line } from './line.js';
import { collected } from './pull.js';
import { optionOfStoreUrl, withoutSecrets, type EventStoreSettings } from '../store-url.js';

export interface ConnectionOptions {
  /** A question is asked again for this time. */
  readonly patienceMs?: number;
  /** One answer must come within this time: by default what the address says, or five seconds. */
  readonly timeoutMs?: number;
  /** Closing ends after this time, whatever is still under way. */
  readonly closeMsMax?: number;
  readonly delay?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

/** The leader has everything that was acknowledged; a follower may not have it yet. */
export const LEADER = { requiresLeader: true };

const PATIENCE_MS = 10_000;
const TIMEOUT_MS = 5_000;
/**
 * Requests have eight seconds to end before the connection closes: both fit into the twenty that the compose file
 * gives.
 */
const CLOSE_MS_MAX = 10_000;
const GOSSIP_S = 2;
const BACKOFF_MS = { first: 50, max: 5_000 };

export class EventStoreConnection {
  readonly timeoutMs: number;
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
      // The client's own message about an address repeats the address with its password.
      throw new StoreUnavailable(`the event store at ${where} cannot be connected to: ${reasonOf(error)}`);
    }
  }

  get closing(): AbortSignal {
    return this.ending.signal;
  }

  /**
   * Asks until there is an answer, or patience ends.
   * @throws StoreUnavailable where patience ended
   * @throws Error, as the question threw it, where asking again does not help
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

  get current(): EventStoreDBClient {
    return this.client;
  }

  /** Takes what a call of the client reads, up to its end or until it is enough. */
  collect<Item>(
    reading: unknown,
    what: string,
    isFull: (items: readonly Item[]) => boolean = () => false,
  ): Promise<Item[]> {
    return collected(reading, { what, idleMs: this.timeoutMs, isFull });
  }

  /** Keeps a client's channel open while the caller uses it. @returns a function that releases it */
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

  /** Disposing of a client leaves its channel open. */
  private hangUp(client: EventStoreDBClient): void {
    const line = this.lines.get(client);
    this.lines.delete(client);
    line?.channel?.then(
      (channel) => channel.close(),
      () => undefined,
    );
  }

  /** Lets the next question go to a new client, unless this one was told where the leader is. */
  giveUp(client: EventStoreDBClient, error: Error): void {
    if (client !== this.client || isNotLeader(error) || this.closing.aborted) return;
    try {
      this.client = this.connect();
    } catch {
      // No client can be made now, for example while a certificate file is replaced: the old client is asked again.
      return;
    }
    const line = this.lines.get(client)!;
    line.givenUp = true;
    // Other questions to the old client go on. A silent client is closed at once, so that they need not wait for their
    // time-outs.
    if (error instanceof NoAnswer || line.uses === 0) this.hangUp(client);
  }

  /**
   * Waits longer after each failure in a row, up to five seconds, and at random, so that replicas do not return at
   * once.
   */
  backOff(attempt: number, signal: AbortSignal): Promise<unknown> {
    return this.delay(backoffMs(attempt), signal).catch(() => undefined);
  }

  private beginToClose(): void {
    if (this.closing.aborted) return;
    this.closeBy = performance.now() + this.closeMsMax;
    this.ending.abort();
  }

  /** Begins to close, and waits for work that had begun before, for as long as closing may still take. */
  async waitInClosing(work: Promise<unknown>): Promise<void> {
    this.beginToClose();
    const leftMs = Math.max(0, this.closeBy - performance.now());
    await within(leftMs, 'to close', work).catch((error: unknown) => {
      // The time for closing is over, which is no failure: a client that never ends must not keep a command from
      // ending.
      if (!(error instanceof NoAnswer)) throw error;
    });
  }

  /**
   * Questions that were asked before get their answer, within the time-out of one answer. Closing ends after
   * `closeMsMax`, whatever the client does.
   */
  async close(): Promise<void> {
    this.closed = true;
    await this.waitInClosing(Promise.allSettled(this.underWay));
    await this.waitInClosing(this.client.dispose());
    for (const client of this.lines.keys()) this.hangUp(client);
  }
}

/** Rejects with NoAnswer after a time, whatever becomes of the work. */
export function within<Result>(ms: number, what: string, work: Promise<Result>): Promise<Result> {
  return inTime(ms, work, () => {
    throw new NoAnswer(what, ms);
  });
}

/** Limits the client to one search for a node: this connection decides whether to search on, and when to end. */
function asAskedOnce(url: string): string {
  const own = { maxdiscoverattempts: 'maxDiscoverAttempts=1', gossiptimeout: `gossipTimeout=${GOSSIP_S}` };
  const missing = Object.entries(own).filter(([name]) => optionOfStoreUrl(url, name) === undefined);
  return missing.reduce((whole, [, option]) => `${whole}${whole.includes('?') ? '&' : '?'}${option}`, url);
}

/** A random time between a half and the whole of a time that doubles with each attempt. */
function backoffMs(attempt: number): number {
  const ms = Math.min(BACKOFF_MS.first * 2 ** attempt, BACKOFF_MS.max);
  return ms * (0.5 + Math.random() / 2);
}

function waitFor(ms: number, signal?: AbortSignal): Promise<unknown> {
  return wait(ms, undefined, { ...(signal && { signal }) });
}

function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return /certificate|file/i.test(message) ? message : 'the client does not accept the address';
}
