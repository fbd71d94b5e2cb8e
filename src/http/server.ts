/** The HTTP server around Nest reads bodies, and puts together the parts that the hooks (hooks.ts) ask. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Logger as PinoLogger } from 'pino';
import { KeyRing } from '../access/key-ring.js';
import { withoutSecrets } from '../access/key-secret.js';
import { Tokens } from '../access/tokens.js';
import { Config } from '../config.js';
import { makeReadLog } from '../operation/log.js';
import { ReadModels } from '../read-models/read-models.js';
import type { AdminKey } from '../access/admin-key.js';
import { Admission } from './admission.js';
import { Authentication } from './authentication.js';
import { bytesAnnounced, readBody } from './body.js';
import { ApiDocument } from '../api/docs.controller.js';
import { answerToAddress, answerToBytes, heedExpectations } from './early-answers.js';
import { Gate } from './gate.js';
import { Metrics } from '../operation/metrics.js';
import { openApiOf } from '../api/openapi.js';
import { ProblemFilter } from '../api/problem.filter.js';
import { HOOKS, type Door } from './hooks.js';
import { allowOrigins } from './protection.js';
import { makeRateLimits } from './rate-limits.js';
import { RouteTable } from './route-table.js';
import { parseJson } from '../kernel/strict-json.js';
import { SchemaValidationPipe } from '../api/validation.js';

/** A submission of 500 outcomes with long notes fits. Imports are streams and have no limit. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** @param withoutAdminKey takes the admin key out of a text, once it is known; other keys are known by their form */
export function makeAdapter(logger: PinoLogger, withoutAdminKey = (text: string) => text): FastifyAdapter {
  const safe = (text: string) => withoutSecrets(withoutAdminKey(text));
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: (error, socket) => answerToBytes(logger, error, socket),
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      answerToAddress(request, reply, safe),
    // The Host header is checked in a hook, where the answer can be a problem.
    http: { requireHostHeader: false },
    bodyLimit: BODY_BYTES_MAX,
    // Files take as long as they take: a body that does not arrive is timed where it is received.
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
    // The limit is longer than any address that Node takes, so that an id is answered as unknown however long it is.
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 16_384 },
  });
}

export async function setUpHttp(
  app: NestFastifyApplication,
  adminKey: AdminKey,
  door: Door = { isOpen: true },
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const { limits, corsOrigins, logLevel } = app.get(Config);
  heedExpectations(fastify.server);
  // CORS goes before any hook of ours, because the question that browsers ask first has no key.
  await allowOrigins(fastify, corsOrigins);
  const authentication = new Authentication(adminKey, app.get(KeyRing), app.get(Tokens));
  const gate = new Gate({
    authentication,
    limits: await makeRateLimits(fastify, limits),
    admission: new Admission(limits),
    routes: new RouteTable(fastify),
    readLog: makeReadLog(logLevel),
  });
  const asked = { readModels: app.get(ReadModels), metrics: app.get(Metrics) };
  const edge = { door, gate, authentication, bodySeconds: limits.bodySeconds, ...asked };
  for (const addTo of HOOKS) addTo(fastify, edge);
  readBodies(fastify, limits.bodySeconds);
  app.useGlobalPipes(new SchemaValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  // The process ends with 0 when all is closed, rather than by the signal that asked for it.
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  app.get(ApiDocument).publish(openApiOf(app));
}

/** JSON is read whole and parsed strictly; files arrive as streams, which have no limit here. */
function readBodies(fastify: FastifyInstance, secondsMax: number): void {
  fastify.removeAllContentTypeParsers();
  const bodies = { bytesMax: BODY_BYTES_MAX, secondsMax };
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
}
