/**
 * The load generator, in a process of its own: a number of keep-alive connections, each of which sends its next
 * request when the last is answered. Server and generator share the machine, so the generator writes bytes to
 * plain sockets, and reads no more of an answer than its status and length.
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { OUTCOMES_A_SUBMISSION, outcomeOf, PROGRAMMES } from './history.js';

export interface LoadPlan {
  readonly url: string;
  readonly key: string;
  readonly connections: number;
  readonly seconds: number;
  /** Sends submissions of so many outcomes, or reads these paths in turn. */
  readonly send: { readonly outcomes: number } | { readonly paths: readonly string[] };
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Processor time of the generator for each request. */
  readonly cpuMicros: number;
}

/** Code is compiled and pages are cached before measuring begins. */
const WARM_UP_MS = 2_000;

function requestsOf({ url, key, send }: LoadPlan): () => string {
  const common = `host: ${new URL(url).host}\r\nauthorization: Bearer ${key}\r\n`;
  let turn = 0;
  if ('paths' in send) {
    const requests = send.paths.map((path) => `GET ${path} HTTP/1.1\r\n${common}\r\n`);
    return () => requests[turn++ % requests.length]!;
  }
  // Bodies are made beforehand; only the idempotency key is new each time.
  const bodies = Array.from({ length: send.outcomes === OUTCOMES_A_SUBMISSION ? 20 : 1_000 }, (_, index) => {
    const programme = index % PROGRAMMES.length;
    const outcomes = Array.from({ length: send.outcomes }, (_, line) => {
      const { measureId, organisationId, ...outcome } = outcomeOf(programme, index * send.outcomes + line);
      return { measure: measureId, organisation: organisationId, ...outcome };
    });
    const body = JSON.stringify({ outcomes });
    const head = `POST /v1/programmes/${PROGRAMMES[programme]!}/submissions HTTP/1.1\r\n${common}`;
    return {
      head: `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\nidempotency-key: `,
      tail: `\r\n\r\n${body}`,
    };
  });
  return () => {
    const { head, tail } = bodies[turn++ % bodies.length]!;
    return head + randomUUID() + tail;
  };
}

/** Sends requests one after another until it is told to stop; resolves when the last is answered. */
function keepAsking(
  url: string,
  nextRequest: () => string | null,
  onAnswer: (ms: number) => void,
): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let [received, sentAt] = ['', 0];
    const ask = () => {
      const request = nextRequest();
      if (request === null) return resolve(void socket.end());
      sentAt = performance.now();
      socket.write(request, 'latin1');
    };
    socket.setEncoding('latin1');
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = /^content-length: (\d+)/im.exec(received)?.[1];
      // An answer that is streamed ends with an empty piece.
      const isWhole =
        length === undefined
          ? received.endsWith('\r\n0\r\n\r\n')
          : received.length >= headEnd + 4 + Number(length);
      if (!isWhole) return;
      if (received[9] !== '2') return reject(new Error(`the server answered ${received}`));
      received = '';
      onAnswer(performance.now() - sentAt);
      ask();
    });
  });
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startAt = performance.now() + WARM_UP_MS;
  const endAt = startAt + plan.seconds * 1_000;
  const make = requestsOf(plan);
  let cpuAtStart = process.cpuUsage();
  const next = () => (performance.now() < endAt ? make() : null);
  const onAnswer = (ms: number) => {
    if (performance.now() < startAt) cpuAtStart = process.cpuUsage();
    else latenciesMs.push(ms);
  };
  await Promise.all(Array.from({ length: plan.connections }, () => keepAsking(plan.url, next, onAnswer)));
  const seconds = (performance.now() - startAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuAtStart);
  latenciesMs.sort((one, other) => one - other);
  const at = (share: number) =>
    latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * share))]!;
  return {
    perSecond: latenciesMs.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    cpuMicros: (user + system) / latenciesMs.length,
  };
}

if (require.main === module) {
  process.once('message', (plan: LoadPlan) => {
    void run(plan).then((result) => process.send!(result, () => process.disconnect()));
  });
}
