/**
 * A ledger under all kinds of use at once, for a given time: 64 writers, some of whom send again what they sent
 * before, readers of figures, exports of everything, live streams, some of which are never read or broken off,
 * and a rebuild in the middle. At the end the acknowledged submissions are counted in the ledger's own events.
 *
 * The load is generated in this process, and reaches the server over loopback alone.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoreLocation } from '../src/store/open-store.js';
import { outcomeOf, PROGRAMMES } from './history.js';
import { Server } from './processes.js';

export interface SoakResult {
  readonly acknowledged: number;
  readonly repeated: number;
  readonly lost: number;
  readonly doubled: number;
  readonly refused: number;
  readonly reads: number;
  readonly exports: number;
  readonly streamed: number;
  readonly streamGaps: number;
  readonly rssAtFirstBytes: number;
  readonly rssMaxBytes: number;
  readonly delayP99Ms: number;
  /** The event loop's delay in the worst five seconds. */
  readonly delayP99WorstMs: number;
  /** The longest work of the event loop's thread between two measurements; null where the system cannot tell. */
  readonly workMaxMs: number | null;
}

const WRITERS = 64;
const READERS = 8;
const STREAMS = 4;
const LOOK_MS = 5_000;
const RETRY_SHARE = 0.05;

interface Receipt {
  readonly key: string;
  readonly programme: number;
  readonly body: string;
  readonly sequence: number;
}

class Soak {
  readonly receipts: Receipt[] = [];
  readonly counts = {
    repeated: 0,
    refused: 0,
    reads: 0,
    exports: 0,
    streamed: 0,
    streamGaps: 0,
    rssMaxBytes: 0,
  };
  delayP99Ms = 0;
  delayP99WorstMs = 0;
  workMaxMs: number | null = null;
  rssAtFirstBytes = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 256 });
  private isOver = false;

  constructor(private readonly server: Server) {}

  async run(seconds: number): Promise<void> {
    // The server counts its delays from this request on.
    await this.server.usage();
    const idle = [this.openStream(), this.openStream()];
    const work = [
      ...Array.from({ length: WRITERS }, (_, place) => this.write(place)),
      ...Array.from({ length: READERS }, (_, place) => this.read(place)),
      ...Array.from({ length: STREAMS }, () => this.follow()),
      this.export(),
      this.breakOff(),
      this.rebuildAfter((seconds * 1_000) / 3),
      this.watch(),
    ];
    await delay(seconds * 1_000);
    this.isOver = true;
    for (const stream of await Promise.all(idle)) stream.destroy();
    await Promise.all(work);
    this.agent.destroy();
  }

  private ask(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<IncomingMessage> {
    const { url, adminKey } = this.server;
    const sent = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', ...headers };
    return new Promise((resolve, reject) => {
      const asking = request(url + path, { method, agent: this.agent, headers: sent }, resolve);
      asking.on('error', reject);
      asking.end(body);
    });
  }

  private async answer(...asked: Parameters<Soak['ask']>): Promise<{ status: number; text: string }> {
    const response = await this.ask(...asked);
    let text = '';
    for await (const piece of response.setEncoding('utf8')) text += piece as string;
    return { status: response.statusCode!, text };
  }

  private async write(place: number): Promise<void> {
    for (let turn = 0; !this.isOver; turn++) {
      const before =
        Math.random() < RETRY_SHARE
          ? this.receipts[Math.floor(Math.random() * this.receipts.length)]
          : undefined;
      const programme = before?.programme ?? (place + turn) % PROGRAMMES.length;
      const key = before?.key ?? randomUUID();
      const body = before?.body ?? bodyOf(programme, turn * WRITERS + place);
      const { status, text } = await this.answer(
        'POST',
        `/v1/programmes/${PROGRAMMES[programme]!}/submissions`,
        body,
        { 'idempotency-key': key },
      );
      if (status !== 200 && status !== 201) {
        this.counts.refused++;
        continue;
      }
      const { sequence } = JSON.parse(text) as { sequence: number };
      if (!before) this.receipts.push({ key, programme, body, sequence });
      else if (status === 200 && before.sequence === sequence) this.counts.repeated++;
      else
        throw new Error(
          `a retry of ${key} was answered with ${status} and ${sequence}, not ${before.sequence}`,
        );
    }
  }

  private async read(place: number): Promise<void> {
    const measures = ['people-helped', 'money-invested', 'tests-done'];
    while (!this.isOver) {
      const measure = measures[place % measures.length]!;
      const { status } = await this.answer(
        'GET',
        `/v1/totals/annual?measure=${measure}&groupBy=organisation`,
      );
      if (status !== 200) throw new Error(`a figure was answered with ${status}`);
      this.counts.reads++;
      await delay(20);
    }
  }

  private async export(): Promise<void> {
    while (!this.isOver) {
      await this.answer('GET', '/v1/events.ndjson');
      this.counts.exports++;
    }
  }

  private openStream(): Promise<IncomingMessage> {
    return this.ask('GET', '/v1/events/stream', undefined, { accept: 'text/event-stream' });
  }

  /** Follows a stream and counts gaps: each event must have the sequence after the one before it. */
  private async follow(): Promise<void> {
    const stream = await this.openStream();
    const end = setInterval(() => this.isOver && stream.destroy(), 100);
    let last: number | null = null;
    try {
      let rest = '';
      for await (const piece of stream.setEncoding('utf8')) {
        const lines = (rest + (piece as string)).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const id = /^id: (\d+)$/.exec(line)?.[1];
          if (id === undefined) continue;
          if (last !== null && Number(id) !== last + 1) this.counts.streamGaps++;
          last = Number(id);
          this.counts.streamed++;
        }
      }
    } catch (error) {
      if (!this.isOver) throw error;
    } finally {
      clearInterval(end);
    }
  }

  /** Readers that leave in the middle of an answer. */
  private async breakOff(): Promise<void> {
    while (!this.isOver) {
      const response = await this.ask('GET', '/v1/events.ndjson');
      response.once('data', () => response.destroy());
      response.on('error', () => undefined);
      await delay(500);
    }
  }

  private async rebuildAfter(ms: number): Promise<void> {
    await delay(ms);
    const { status } = await this.answer('POST', '/v1/projections/rebuild', '{}');
    if (status !== 202) throw new Error(`the rebuild was answered with ${status}`);
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      await delay(LOOK_MS);
      const { rssBytes, delayP99Ms, workMaxMs } = await this.server.usage();
      this.delayP99Ms = delayP99Ms;
      if (workMaxMs !== null) this.workMaxMs = Math.max(this.workMaxMs ?? 0, workMaxMs);
      if (this.rssAtFirstBytes === 0) this.rssAtFirstBytes = rssBytes;
      this.counts.rssMaxBytes = Math.max(this.counts.rssMaxBytes, rssBytes);
      const { text } = await this.answer('GET', '/metrics');
      const seconds = Number(/^ledger_event_loop_delay_p99_seconds (\S+)$/m.exec(text)?.[1]);
      this.delayP99WorstMs = Math.max(this.delayP99WorstMs, seconds * 1_000);
    }
  }

  /**
   * Compares the receipts with the ledger's events: submissions that are lost, and outcomes that are recorded
   * twice.
   */
  async account(): Promise<{ lost: number; doubled: number }> {
    const { text } = await this.answer('GET', '/v1/events.ndjson');
    const places = new Map<string, number[]>();
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const { subject, ledgersequence } = JSON.parse(line) as { subject: string; ledgersequence: number };
      // An outcome has only one event here; the subject of a catalogue event is a stream.
      if (!/\.\d+$/.test(subject)) continue;
      places.set(subject, [...(places.get(subject) ?? []), ledgersequence]);
    }
    const [lost, doubled] = [
      this.receipts.filter(({ key, sequence }) => !places.get(`${key}.1`)?.includes(sequence)),
      [...places.values()].filter((at) => at.length > 1),
    ];
    return { lost: lost.length, doubled: doubled.length };
  }
}

function bodyOf(programme: number, number: number): string {
  const { measureId, organisationId, ...outcome } = outcomeOf(programme, number);
  return JSON.stringify({ outcomes: [{ measure: measureId, organisation: organisationId, ...outcome }] });
}

/** Runs on a ledger that has the bench's catalogue. */
export async function measureSoak(location: StoreLocation, seconds: number): Promise<SoakResult> {
  const server = await Server.start(location);
  try {
    const soak = new Soak(server);
    await soak.run(seconds);
    const { receipts, counts, delayP99Ms, delayP99WorstMs, workMaxMs, rssAtFirstBytes } = soak;
    await server.untilChecked();
    return {
      acknowledged: receipts.length,
      ...(await soak.account()),
      ...counts,
      rssAtFirstBytes,
      delayP99Ms,
      delayP99WorstMs,
      workMaxMs,
    };
  } finally {
    await server.stop();
  }
}
