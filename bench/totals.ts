/**
 * The latency of totals over HTTP on one connection: now, and as at moments spread over the whole history. The
 * self-check reads the history meanwhile, as it does after each start, so the figures contain its share of the
 * machine.
 */
import type { StoreLocation } from '../src/store/open-store.js';
import { Server } from './processes.js';

export interface Latency {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const ANNUAL = '/v1/totals/annual?measure=people-helped&from=2018-19&to=2024-25';
const SINCE = '/v1/totals/since?measure=people-helped&from=2018-19';
const OF_PROGRAMME = '&programme=programme-01';

export async function measureTotals(
  store: StoreLocation,
  outcomes: number,
  seconds: number,
): Promise<Latency[]> {
  const server = await Server.start(store);
  const moments = Array.from({ length: 97 }, (_, index) => Math.floor((outcomes * (index + 1)) / 98));
  const dates = Array.from({ length: 7 }, (_, index) => `${2019 + index}-03-31`);
  const questions: Readonly<Record<string, readonly string[]>> = {
    annual: [ANNUAL],
    'annual of one programme': [ANNUAL + OF_PROGRAMME],
    'annual by organisation': [`${ANNUAL}&groupBy=organisation`],
    since: [SINCE],
    'annual as at a sequence': moments.map((sequence) => `${ANNUAL}&asAtSequence=${sequence}`),
    'annual as at a date': dates.map((date) => `${ANNUAL}&asAt=${date}`),
    'proof of an event': moments.map((sequence) => `/v1/audit/events/${sequence}/proof`),
    'since as at a sequence': moments.map((sequence) => `${SINCE}&asAtSequence=${sequence}`),
  };
  const latencies: Latency[] = [];
  for (const [what, paths] of Object.entries(questions)) {
    latencies.push({ what, ...(await server.load({ connections: 1, seconds, send: { paths } })) });
  }
  await server.stop();
  return latencies;
}
