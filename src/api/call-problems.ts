/** The problems that a call can meet become answers of the OpenAPI document, one for each status. */
import { rolesOf, type Grants } from '../domain/role.js';
import { ROLES } from '../kernel/provenance.js';
import { ALWAYS_SENT, headersOf, type ResponseHeader } from './call-headers.js';
import type { CallSpec, Problems } from './call-spec.js';
import { refTo, schemaOf, statesRules } from './json-schema.js';
import type { Dto, JsonSchema } from './decorators.js';
import { problemExample, type ProblemTold } from './problem-examples.js';
import { PROBLEM_TYPE_PREFIX, PROBLEMS, type ProblemCode } from './problem.js';
import { ProblemDocument } from './problem.views.js';
import { notOneOf } from './validation.js';

/** A component of the document, and an answer for ApiResponse when it is given a status. */
export interface DocumentedProblems {
  readonly status: number;
  readonly description: string;
  readonly headers: Record<string, { $ref: string }>;
  readonly content: Record<string, { schema: JsonSchema; examples: Record<string, { value: unknown }> }>;
}

export function problemAnswers(spec: CallSpec): DocumentedProblems[] {
  const codes = new Map<number, ProblemCode[]>();
  for (const problems of [edgeProblems(spec), spec.problems ?? {}]) {
    for (const [status, more] of Object.entries(problems)) {
      codes.set(Number(status), [...(codes.get(Number(status)) ?? []), ...more]);
    }
  }
  return [...codes]
    .filter(([status]) => !(status in spec.answers))
    .map(([status, ofStatus]) => problemAnswer(status, ofStatus, (code) => told(code, spec)));
}

/** Returns the problems that any call like this one can meet before or besides its own rules. */
function edgeProblems({ open, may, params, query, headers, body }: CallSpec): Problems {
  const bad: ProblemCode[] = ['bad-request'];
  if (query || body) bad.push('bad-query');
  if (headers) bad.push('bad-header');
  if (statesRules(body)) bad.push('malformed-json');
  return {
    ...((!open || params) && { 400: bad }),
    ...(!open && { 401: ['unauthenticated'], 429: ['too-many-requests'] }),
    ...(may && !isForEveryRole(may) && { 403: ['not-allowed'] }),
    406: ['not-acceptable'],
    ...(statesRules(body) && { 408: ['too-slow'] }),
    ...(body && { 415: ['unsupported-media-type'] }),
    ...(statesRules(body) && { 413: ['too-large'], 422: ['invalid-content'] }),
    500: ['internal-error'],
    ...(!open && {
      503: UNAVAILABLE,
    }),
  };
}

/** Whatever call it is, these may keep it from being answered now. */
export const UNAVAILABLE = [
  'not-projected',
  'store-unavailable',
  'store-damaged',
  'clock-leapt',
  'issuer-unavailable',
  'overloaded',
] as const satisfies readonly ProblemCode[];

/** Whether every role may make the call, so that nobody with a key is turned away from it. */
function isForEveryRole(may: Grants): boolean {
  const kept = may.programme === 'regardless' || may.programme === 'in-list';
  return kept && rolesOf(may).length === ROLES.length;
}

const MORE_HEADERS: Readonly<Record<number, readonly ResponseHeader[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

export function problemAnswer(
  status: number,
  codes: readonly ProblemCode[],
  tell: (code: ProblemCode) => ProblemTold = () => ({}),
): DocumentedProblems {
  const types = codes.map((code) => PROBLEM_TYPE_PREFIX + code);
  const properties = { type: { enum: types }, status: { const: status } };
  return {
    status,
    description: codes.map((code) => `- \`${code}\`: ${PROBLEMS[code].title}.`).join('\n'),
    headers: headersOf([...ALWAYS_SENT, ...(MORE_HEADERS[status] ?? [])]),
    content: {
      'application/problem+json': {
        schema: { allOf: [refTo(ProblemDocument), { type: 'object', properties }] },
        examples: Object.fromEntries(
          codes.map((code) => [code, { value: problemExample(code, status, tell(code)) }]),
        ),
      },
    },
  };
}

/** Returns the words about a problem that fit this very call better than those for any call. */
function told(code: ProblemCode, { query, headers, body, faultsBelow = '' }: CallSpec): ProblemTold {
  if (code === 'bad-header') return { detail: headers![0]!.says };
  if (code === 'bad-query') {
    return query
      ? { fault: { code: 'unknown-field', detail: notOneOf(schemaOf(query)), pointer: '/x' } }
      : {};
  }
  if (code === 'invalid-content')
    return { fault: { code: 'required', detail: 'is required', pointer: `/${firstField(body as Dto)}` } };
  if (code === 'text-unreadable' || code === 'personal-data-suspected')
    return { below: faultsBelow, at: `/${freeTextOf(body as Dto)}` };
  return { below: faultsBelow };
}

/** Names a field that is in the caller's own words. Outcomes have a note, also where the body lists them. */
function freeTextOf(dto: Dto): string {
  const fields = Object.keys(schemaOf(dto)['properties'] as object);
  return ['reason', 'name', 'label'].find((field) => fields.includes(field)) ?? 'note';
}

function firstField(dto: Dto): string {
  return (schemaOf(dto)['required'] as readonly string[])[0]!;
}
