/**
 * The HTTP edge around Nest: who is let in, how bodies are read, and what every answer carries.
 *
 * The order matters: a request without a key is turned away before a byte of its body is read.
 */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Logger as PinoLogger } from 'pino';
import { KeyRing } from '../access/key-ring.js';
import { withoutSecrets } from '../access/key-secret.js';
import { Tokens } from '../access/tokens.js';
import { Config } from '../config.js';
import { makeReadLog } from '../operation/log.js';
import { NotProjected, Projection } from '../read-models/projection.js';
import type { AdminKey } from '../access/admin-key.js';
import { Admission } from './admission.js';
import { Authentication } from './authentication.js';
import { bytesAnnounced, closeUnlessComplete, readBody, restIsSmall } from './body.js';
import { closeConnectionsInTime } from './closing.js';
import { isDigitsText } from '../api/decorators.js';
import { ApiDocument } from '../api/docs.controller.js';
import { answerToAddress, answerToBytes, heedExpectations } from './early-answers.js';
import { Gate } from './gate.js';
import { Metrics } from '../operation/metrics.js';
import { openApiOf } from '../api/openapi.js';
import { Problem, PROBLEMS } from '../api/problem.js';
import { ProblemFilter } from '../api/problem.filter.js';
import { allowOrigins, SECURITY_HEADERS } from './protection.js';
import { makeRateLimits } from './rate-limits.js';
import { refuseUndeclared, RouteTable } from './route-table.js';
import { parseJson } from '../kernel/strict-json.js';
import { SchemaValidationPipe } from '../api/validation.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Puts on what every answer carries: how far the read models are, and the id of the request. */
    stamp(this: void, request: FastifyRequest, reply: FastifyReply): void;
  }
}

/** A submission of 500 outcomes with long notes fits. Imports are streams and have no limit. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const TOO_SLOW = PROBLEMS['too-slow'].status;
/** Of the calls that change something. */
const TAKES_PARAMETERS = /\/(imports|submissions)$/;
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** @param withoutAdminKey takes it out of a text, once it is known: other keys have a form to be known by */
export function makeAdapter(logger: PinoLogger, withoutAdminKey = (text: string) => text): FastifyAdapter {
  const safe = (text: string) => withoutSecrets(withoutAdminKey(text));
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: (error, socket) => answerToBytes(logger, error, socket),
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      answerToAddress(request, reply, safe),
    // Checked in a hook, where the answer can be a problem.
    http: { requireHostHeader: false },
    bodyLimit: BODY_BYTES_MAX,
    // Files take as long as they take: what does not arrive is timed where it is received.
    requestTimeout: 0,
    keepAliveTimeout: 65_000,
    // A request that comes while the server closes is answered like any other, and its connection ended.
    return503OnClosing: false,
    // The header is taken only where it is fit to stand in a log.
    genReqId: ({ headers }: { headers: IncomingHttpHeaders }) => {
      const given = headers['x-request-id'];
      if (typeof given !== 'string' || !REQUEST_ID.test(given)) return randomUUID();
      return safe(given) === given ? given : randomUUID();
    },
    // Longer than any address that Node takes: an id is unknown, however long.
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 16_384 },
  });
}

/** Whether more is answered yet than what anyone may ask, such as how far the start is. */
export interface Door {
  readonly isOpen: boolean;
}

export async function setUpHttp(
  app: NestFastifyApplication,
  adminKey: AdminKey,
  door: Door = { isOpen: true },
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const projection = app.get(Projection);
  const metrics = app.get(Metrics);
  const { limits, corsOrigins, logLevel } = app.get(Config);
  heedExpectations(fastify.server);
  closeConnectionsInTime(fastify);
  // Before any hook of ours: what browsers ask first has no key.
  await allowOrigins(fastify, corsOrigins);
  const authentication = new Authentication(adminKey, app.get(KeyRing), app.get(Tokens));
  const gate = new Gate({
    authentication,
    limits: await makeRateLimits(fastify, limits),
    admission: new Admission(limits),
    routes: new RouteTable(fastify),
    readLog: makeReadLog(logLevel),
  });
  refuseUndeclared(fastify);

  fastify.decorateRequest('actor', 'anyone');
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
    for (const [name, value] of SECURITY_HEADERS) if (!reply.hasHeader(name)) void reply.header(name, value);
  });
  fastify.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    // HEAD asks for no body; Fastify would read a stream to its end, and a live one has none.
    if (request.method === 'HEAD' && payload instanceof Readable) payload.destroy();
    if (reply.statusCode !== TOO_SLOW && restIsSmall(request.raw)) void reply.removeHeader('connection');
    fastify.stamp(request, reply);
  });
  fastify.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    const { method, url, actor, ip, raw } = request;
    closeUnlessComplete(raw, limits.bodySeconds);
    const { statusCode, elapsedTime } = reply;
    metrics.answered(method, request.routeOptions.url, statusCode, elapsedTime);
    request.log.info(
      {
        method,
        url: authentication.withoutSecrets(url),
        statusCode,
        ms: Math.round(elapsedTime * 10) / 10,
        actor,
        ip,
      },
      'answered',
    );
  });

  fastify.removeAllContentTypeParsers();
  const bodies = { bytesMax: BODY_BYTES_MAX, secondsMax: limits.bodySeconds };
  fastify.addContentTypeParser(
    'application/json',
    async ({ raw, place }: FastifyRequest, body: IncomingMessage) => {
      place?.takeBody(bytesAnnounced(raw, BODY_BYTES_MAX));
      return parseJson(await readBody(body, bodies));
    },
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
