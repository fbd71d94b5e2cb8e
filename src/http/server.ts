/**
 * The HTTP edge around Nest: who is let in, how bodies are read, and what every answer carries.
 *
 * The order matters: a request without a key is turned away before a byte of its body is read.
 */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { IncomingHttpHeaders } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Logger as PinoLogger } from 'pino';
import { Projection } from '../projections/projection.js';
import type { AdminKey } from './admin-key.js';
import { closeConnectionsInTime } from './closing.js';
import { isDigitsText } from './decorators.js';
import { ApiDocument } from './docs.controller.js';
import { Metrics } from './metrics.js';
import { answerToAddress, answerToBytes, ignoreExpectations } from './early-answers.js';
import { openApiOf } from './openapi.js';
import { Problem } from './problem.js';
import { ProblemFilter } from './problem.filter.js';
import { RouteTable } from './route-table.js';
import { parseJson } from './strict-json.js';
import { SchemaValidationPipe } from './validation.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Puts on what every answer carries: how far the read models are, and the id of the request. */
    stamp(this: void, request: FastifyRequest, reply: FastifyReply): void;
  }
}

/** A submission of 500 outcomes with long notes fits. Imports are streams and have no limit. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const OPEN_PATHS = /^\/(health\/(live|ready)|openapi\.json|docs(\/[\w.-]*)?)$/;
/** Of the calls that change something. */
const TAKES_PARAMETERS = /\/(imports|submissions)$/;
const REQUEST_ID = /^[\w.-]{1,64}$/;

export function makeAdapter(logger: PinoLogger): FastifyAdapter {
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: (error, socket) => answerToBytes(logger, error, socket),
    frameworkErrors: answerToAddress,
    // Checked in a hook, where the answer can be a problem.
    http: { requireHostHeader: false },
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    // A request that comes while the server closes is answered like any other, and its connection ended.
    return503OnClosing: false,
    // The header is taken only where it is fit to stand in a log.
    genReqId: ({ headers }: { headers: IncomingHttpHeaders }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // Longer than any address that Node takes: an id is unknown, however long.
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 16_384 },
  });
}

export function setUpHttp(app: NestFastifyApplication, adminKey: AdminKey): void {
  const fastify = app.getHttpAdapter().getInstance();
  const projection = app.get(Projection);
  const metrics = app.get(Metrics);
  const routes = new RouteTable(fastify);
  ignoreExpectations(fastify.server);
  closeConnectionsInTime(fastify);

  fastify.addHook('onRequest', async (request: FastifyRequest) => {
    const path = request.url.split('?', 1)[0]!;
    const admitted = adminKey.admits(request.headers.authorization);
    request.actor = admitted ? 'admin' : 'anyone';
    if (!admitted && !OPEN_PATHS.test(path)) {
      throw new Problem('unauthenticated', 'send the header Authorization: Bearer <key>', {
        headers: { 'www-authenticate': 'Bearer realm="outcome-ledger"' },
      });
    }
    if (request.is404) throw routes.problemFor(path);
    refuseUnclear(request);
  });
  fastify.addHook('preHandler', async (request: FastifyRequest) => {
    refuseUnheard(request);
    const { minSequence } = request.query as { minSequence?: unknown };
    const waits = request.method === 'GET' && isDigitsText(minSequence, { max: Number.MAX_SAFE_INTEGER });
    if (waits) await projection.reach(Number(minSequence));
  });
  fastify.decorate('stamp', ({ id }: FastifyRequest, reply: FastifyReply) => {
    const { progress, staleness } = projection;
    void reply.header('ledger-sequence', String(progress.sequence)).header('x-request-id', id);
    if (staleness !== null) void reply.header('ledger-stale', staleness);
  });
  fastify.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    // HEAD asks for no body; Fastify would read a stream to its end, and a live one has none.
    if (request.method === 'HEAD' && payload instanceof Readable) payload.destroy();
    fastify.stamp(request, reply);
  });
  fastify.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    const { method, url, actor, ip } = request;
    const { statusCode, elapsedTime } = reply;
    metrics.answered(method, request.routeOptions.url, statusCode);
    request.log.info(
      { method, url, statusCode, ms: Math.round(elapsedTime * 10) / 10, actor, ip },
      'answered',
    );
  });

  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => parseJson(body),
  );
  for (const type of ['text/csv', 'application/x-ndjson']) {
    fastify.addContentTypeParser(type, async (_request: FastifyRequest, payload: Readable) => payload);
  }
  app.useGlobalPipes(new SchemaValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  // Ends with 0 when all is closed, rather than by the signal that asked for it.
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  app.get(ApiDocument).publish(openApiOf(app));
}

/** A parameter that is ignored may be a wish that is not heard, such as to change nothing. */
function refuseUnheard({ method, query, routeOptions }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD' || TAKES_PARAMETERS.test(routeOptions.url!)) return;
  if (Object.keys(query as object).length > 0) {
    throw new Problem('bad-query', 'this call takes no query parameters');
  }
}

/** Of these Node keeps the first and drops the rest; what stands between may have read the last. */
const GIVEN_ONCE = /^(authorization|content-type)$/i;

/** What could be read in two ways, or only by guessing. */
function refuseUnclear({ raw }: FastifyRequest): void {
  const { headers, httpVersion, rawHeaders } = raw;
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new Problem('bad-request', 'HTTP/1.1 asks for a Host header');
  }
  const once = rawHeaders.filter((name, index) => index % 2 === 0 && GIVEN_ONCE.test(name));
  if (new Set(once.map((name) => name.toLowerCase())).size < once.length) {
    throw new Problem('bad-request', 'Authorization and Content-Type must be given once');
  }
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = headers;
  if (encoding.toLowerCase() !== 'identity' || /;\s*charset\s*=\s*"?(?!utf-8\b)/i.test(type)) {
    throw new Problem('unsupported-media-type', 'send the body in UTF-8, and without a Content-Encoding');
  }
}
