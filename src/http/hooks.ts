/**
 * Every request goes through one ordered list of hooks. The order matters: a request without a key is turned away
 * before a byte of its body is read, and every answer, even a refusal, is stamped before it is sent.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { isDigitsText } from '../api/decorators.js';
import { Problem, PROBLEMS } from '../api/problem.js';
import { asking } from '../kernel/turns.js';
import type { Metrics } from '../operation/metrics.js';
import { NotProjected, type ReadModels } from '../read-models/read-models.js';
import type { Authentication } from './authentication.js';
import { closeUnlessComplete, restIsSmall } from './body.js';
import { closeConnectionsInTime } from './closing.js';
import type { Gate } from './gate.js';
import { compressAnswers, refuseUnacceptable, tagUnchanging } from './negotiation.js';
import { SECURITY_HEADERS } from './protection.js';
import { refuseUndeclared } from './route-table.js';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Puts on an answer the headers that every answer carries: how far the read models are, and the id of the request.
     */
    stamp(this: void, request: FastifyRequest, reply: FastifyReply): void;
  }
}

/** The door says whether the server answers more yet than calls open to anyone, such as how far the start is. */
export interface Door {
  readonly isOpen: boolean;
}

/** The edge holds the parts that the hooks ask. */
export interface Edge {
  readonly door: Door;
  readonly gate: Gate;
  readonly authentication: Authentication;
  readonly readModels: ReadModels;
  readonly metrics: Metrics;
  /** Seconds in which the rest of a body must arrive that was answered before its end. */
  readonly bodySeconds: number;
}

export const HOOKS: readonly ((fastify: FastifyInstance, edge: Edge) => void)[] = [
  (fastify) => closeConnectionsInTime(fastify), // preClose
  refuseUndeclared, // onRoute
  letIn, // onRequest
  refuseUnacceptable, // onRequest
  refuseUnheardParameters, // preHandler
  waitForSequence, // preHandler
  nameAsker, // preHandler
  tagUnchanging, // onSend
  compressAnswers, // onSend
  endStreamsOfHead, // onSend
  keepConnection, // onSend
  stampAnswer, // onSend
  closeWhereTheRestIsMissing, // onResponse
  countAndLog, // onResponse
];

function letIn(fastify: FastifyInstance, { door, gate }: Edge): void {
  fastify.decorateRequest('actor', 'anyone');
  fastify.decorateRequest('role', 'programme');
  fastify.decorateRequest('scope', null);
  fastify.decorateRequest('place', null);
  fastify.decorateRequest('isStillLetIn', function (this: FastifyRequest) {
    return gate.isStillLetIn(this);
  });
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply) => {
    const isForAnyone = request.routeOptions.config.access?.may === null;
    if (!door.isOpen && !isForAnyone) throw new NotProjected('the read models are being built: ask again');
    return gate.enter(request, reply);
  });
}

/** The calls that change something and take query parameters. */
const TAKES_PARAMETERS = /\/(imports(\.ndjson)?|submissions)$/;

/** Refuses parameters that would be ignored: one may be a wish that is not heard, such as to change nothing. */
function refuseUnheardParameters(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', async ({ method, query, routeOptions }: FastifyRequest) => {
    if (method === 'GET' || method === 'HEAD' || TAKES_PARAMETERS.test(routeOptions.url!)) return;
    if (Object.keys(query as object).length > 0) {
      throw new Problem('bad-query', 'this call takes no query parameters');
    }
  });
}

/** Any question may say `minSequence`: it is answered once the read models have reached that sequence. */
function waitForSequence(fastify: FastifyInstance, { readModels }: Edge): void {
  fastify.addHook('preHandler', async ({ method, query }: FastifyRequest) => {
    const { minSequence } = query as { minSequence?: unknown };
    const waits = method === 'GET' && isDigitsText(minSequence, { max: Number.MAX_SAFE_INTEGER });
    if (waits) await readModels.reach(Number(minSequence));
  });
}

/** Long work takes turns by who asks for it, and ends with whoever asks. */
function nameAsker(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', ({ actor, raw }: FastifyRequest, _reply: FastifyReply, done: () => void) =>
    asking.run({ actor, hasGone: () => raw.socket.destroyed }, done),
  );
}

/** HEAD asks for no body; Fastify would read a stream to its end, and a live one has none. */
function endStreamsOfHead(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async ({ method }: FastifyRequest, _reply: FastifyReply, payload: unknown) => {
    if (method === 'HEAD' && payload instanceof Readable) payload.destroy();
  });
}

const TOO_SLOW = PROBLEMS['too-slow'].status;

/** The sender of a refused body gets to read why, where little of the body is left to come. */
function keepConnection(fastify: FastifyInstance): void {
  fastify.addHook('onSend', async ({ raw }: FastifyRequest, reply: FastifyReply) => {
    if (reply.statusCode !== TOO_SLOW && restIsSmall(raw)) void reply.removeHeader('connection');
  });
}

function stampAnswer(fastify: FastifyInstance, { readModels }: Edge): void {
  fastify.decorate('stamp', ({ id }: FastifyRequest, reply: FastifyReply) => {
    const { progress, staleness } = readModels;
    void reply.header('ledger-sequence', String(progress.sequence)).header('x-request-id', id);
    if (staleness !== null) void reply.header('ledger-stale', staleness);
    for (const [name, value] of SECURITY_HEADERS) if (!reply.hasHeader(name)) void reply.header(name, value);
  });
  fastify.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply) => {
    fastify.stamp(request, reply);
  });
}

function closeWhereTheRestIsMissing(fastify: FastifyInstance, { bodySeconds }: Edge): void {
  fastify.addHook('onResponse', async ({ raw }: FastifyRequest) => closeUnlessComplete(raw, bodySeconds));
}

function countAndLog(fastify: FastifyInstance, { authentication, metrics }: Edge): void {
  fastify.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    const { method, url, actor, ip } = request;
    const { statusCode, elapsedTime } = reply;
    metrics.answered(method, request.routeOptions.url, statusCode, elapsedTime);
    const ms = Math.round(elapsedTime * 10) / 10;
    request.log.info(
      { method, url: authentication.withoutSecrets(url), statusCode, ms, actor, ip },
      'answered',
    );
  });
}
