/**
 * The OpenAPI 3.1 document is made from the routes themselves: their `@Call`s, and the DTO classes that check
 * requests and type answers. The same code gives the same document, byte for byte.
 */
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { dtosOfCall } from './call.js';
import { HEADER_COMPONENTS } from './call-headers.js';
import { problemAnswer, UNAVAILABLE } from './call-problems.js';
import type { Tag } from './call-spec.js';
import type { Dto } from './decorators.js';
import { componentsOf } from './json-schema.js';
import type { ProblemCode } from './problem.js';
import { ProblemDocument } from './problem.views.js';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

const TAGS: Readonly<Record<Tag, string>> = {
  Programmes: 'Funded pieces of work that have outcomes.',
  Organisations:
    'Who delivers: the networks, and bodies within them. A name may change at a date; an id never.',
  Measures: 'What is counted, in which unit, and how its figures combine.',
  Outcomes: 'Programmes record what they achieved, correct it and withdraw it. Nothing is ever overwritten.',
  Totals: 'Report writers ask for figures, for what changed them, and for the outcomes behind them.',
  History: 'Auditors read the ledger in order: who recorded what, when and on what evidence.',
  Audit:
    'Anyone proves that nothing was altered, removed or back-dated: a signed transparency log of every event ' +
    '(RFC 6962; C2SP tlog-tiles, tlog-checkpoint, signed-note).',
  Keys: 'The admin lets callers in, each in one role, and takes it back.',
  Operation: 'Whether the ledger lives, whether its answers can be trusted, and this description of it.',
};

const DESCRIPTION = `\
What health innovation programmes achieved, as a ledger: every figure can be traced to the events that it is made
of, and asked for as it was known at any past moment.

- Every call but those under /health, /docs and /openapi.json takes \`Authorization: Bearer <key>\`, where the
  key is one of the ledger's or an access token of the issuer that it trusts. \`x-roles\` of a call says which roles
  may make it, and how the role \`programme\` is kept to its own programmes: \`in-path\` and \`in-query\` name one,
  \`when-found\` is decided by what is asked for, \`in-list\` leaves out the others, \`regardless\` says nothing of any.
- Errors are \`application/problem+json\` (RFC 9457) with a \`type\` that never changes its meaning. An unknown
  address gets 404 \`not-found\`, a known one with another method 405 \`method-not-allowed\`, one that is not
  UTF-8 in percent-encoding 400 \`bad-request\`. HEAD is answered like GET, without a body.
- A write answers with a \`sequence\`; a read that is given it as \`minSequence\` shows what was written.
- No data is \`null\`, never 0. A quantity counts the smallest part of its measure's unit, pence for pounds; \`amount\` says the same in the unit, as a decimal string. Quantities beyond 2^53 − 1 are strings of digits.
- Send \`X-Request-Id\` to find your requests in the log.`;

export function openApiOf(app: INestApplication): OpenAPIObject {
  const { paths } = SwaggerModule.createDocument(
    app,
    { openapi: '3.1.0', info: INFO },
    {
      autoTagControllers: false,
      operationIdFactory: (_controller, method) => method,
    },
  );
  return {
    openapi: '3.1.0',
    info: INFO,
    security: [{ key: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: sorted(mapOperations(paths, sharing)),
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key, or an access token.' } },
      headers: sorted(HEADER_COMPONENTS),
      responses: sorted(RESPONSES),
      schemas: sorted(componentsOf(ProblemDocument, ...dtosOf(app))),
    },
  };
}

const INFO = {
  title: 'Outcome ledger',
  version: '1',
  summary: 'An event-sourced ledger of programme outcomes.',
  description: DESCRIPTION,
  license: { name: 'Apache-2.0' },
};

/** The responses that many calls share, and the responses of addresses that no route takes. */
const RESPONSES = {
  BadAddress: component(400, 'bad-request'),
  Unauthenticated: component(401, 'unauthenticated'),
  Forbidden: component(403, 'not-allowed'),
  NotFound: component(404, 'not-found'),
  MethodNotAllowed: component(405, 'method-not-allowed'),
  NotAcceptable: component(406, 'not-acceptable'),
  TooSlow: component(408, 'too-slow'),
  TooLarge: component(413, 'too-large'),
  UnsupportedMediaType: component(415, 'unsupported-media-type'),
  TooManyRequests: component(429, 'too-many-requests'),
  InternalError: component(500, 'internal-error'),
  Unavailable: component(503, ...UNAVAILABLE),
};

function component(status: number, ...codes: readonly ProblemCode[]) {
  const { status: _, ...response } = problemAnswer(status, codes);
  return response;
}

/** Returns the operation with references to the responses that it shares with others. */
function sharing(operation: OperationObject): OperationObject {
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const text = JSON.stringify(response);
    const [name] = Object.entries(RESPONSES).find(([, shared]) => JSON.stringify(shared) === text) ?? [];
    return [status, name === undefined ? response : { $ref: `#/components/responses/${name}` }];
  });
  return { ...operation, responses: Object.fromEntries(responses) as OperationObject['responses'] };
}

function mapOperations(
  paths: OpenAPIObject['paths'],
  change: (operation: OperationObject) => OperationObject,
): OpenAPIObject['paths'] {
  const changed = Object.entries(paths).map(([path, methods]) => {
    const operations = Object.entries(methods as Record<string, OperationObject>);
    return [path, Object.fromEntries(operations.map(([method, operation]) => [method, change(operation)]))];
  });
  return Object.fromEntries(changed) as OpenAPIObject['paths'];
}

function dtosOf(app: INestApplication): Dto[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  const prototypes = controllers.map(({ metatype }) => (metatype as Dto).prototype as object);
  const handlers = prototypes.flatMap((prototype) =>
    Object.values(Object.getOwnPropertyDescriptors(prototype)).map(({ value }) => value as unknown),
  );
  return handlers.filter((handler) => typeof handler === 'function').flatMap(dtosOfCall);
}

function sorted<Value>(byName: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(byName).sort(([one], [other]) => (one < other ? -1 : 1)));
}
