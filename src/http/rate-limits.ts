/**
 * These limits say how often one caller may ask: a key or the subject of tokens in a minute and in a day, and an
 * address that shows no valid key. Counts are kept in memory, for recent callers only: their number has a bound, each
 * replica counts for itself, and a restart forgets. The admin key is not counted.
 */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Limits } from '../config.js';
import { Problem } from '../api/problem.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const CALLERS_MAX = 5_000;

export interface RateLimits {
  /** @throws Problem `too-many-requests` */
  caller(request: FastifyRequest): Promise<void>;
  /** Counts a request whose caller showed no valid key. @throws Problem `too-many-requests` */
  failure(request: FastifyRequest): Promise<void>;
}

export async function makeRateLimits(fastify: FastifyInstance, limits: Limits): Promise<RateLimits> {
  await fastify.register(rateLimit, { global: false, cache: CALLERS_MAX });
  const keyGenerator = ({ actor }: FastifyRequest) => actor;
  const { requestsPerMinute, requestsPerDay, failuresPerMinute } = limits;
  const minute = fastify.createRateLimit({ max: requestsPerMinute, timeWindow: MINUTE_MS, keyGenerator });
  const day = fastify.createRateLimit({ max: requestsPerDay, timeWindow: DAY_MS, keyGenerator });
  // Failures are counted by address; IPv6 addresses are counted by the network of one subscriber.
  const failures = fastify.createRateLimit({ max: failuresPerMinute, timeWindow: MINUTE_MS });
  return {
    async caller(request) {
      refuseIfOver(await minute(request), `requests with this key in a minute`);
      refuseIfOver(await day(request), `requests with this key in a day`);
    },
    async failure(request) {
      refuseIfOver(await failures(request), `requests without a valid key from one address in a minute`);
    },
  };
}

type Counted = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

function refuseIfOver(counted: Counted, what: string): void {
  if (counted.isAllowed || !counted.isExceeded) return;
  const { max, ttlInSeconds } = counted;
  throw new Problem('too-many-requests', `more than ${max} ${what}: ask again in ${ttlInSeconds} seconds`, {
    headers: { 'retry-after': String(ttlInSeconds) },
  });
}
