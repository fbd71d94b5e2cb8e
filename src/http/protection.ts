/**
 * Headers tell browsers how to treat the ledger's answers: helmet says that they are no page, belong in no frame and
 * are for no other site; CORS, if it is configured, says which pages of other sites may read them.
 */
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

const NEVER_A_PAGE = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/**
 * The headers are the same for every answer, so they are made once. A page of ours, such as /docs, has its own policy.
 */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] =
  Object.entries(securityHeaders());

function securityHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: NEVER_A_PAGE },
    frameguard: { action: 'deny' },
    // These headers are for pages and for browsers of long ago: an answer in JSON has no use for them.
    crossOriginOpenerPolicy: false,
    dnsPrefetchControl: false,
    ieNoOpen: false,
    originAgentCluster: false,
    permittedCrossDomainPolicies: false,
    xssFilter: false,
  })({} as IncomingMessage, recorder as unknown as ServerResponse, () => undefined);
  // Figures and records are read with a key: no cache keeps them, but where an answer says for how long it may.
  headers['cache-control'] = 'no-store';
  return headers;
}

const SENT =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Personal-Data-Override, X-Request-Id';
const SHOWN = 'ETag, Ledger-Sequence, Retry-After, X-Request-Id';
const ASKED_AGAIN_SECONDS = 600;

/** Answers the questions that browsers ask before a request, too, which carry no key. */
export async function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await fastify.register(cors, {
    origin: [...origins],
    methods: 'GET, HEAD, POST',
    allowedHeaders: SENT,
    exposedHeaders: SHOWN,
    maxAge: ASKED_AGAIN_SECONDS,
    // A malformed preflight gets the same answer as a browser's own, and not a text of another form.
    strictPreflight: false,
  });
}
