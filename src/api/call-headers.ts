/** This file describes the headers that carry meaning, as the OpenAPI document shows them. */
import type { JsonSchema } from './decorators.js';

export interface RequestHeader {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: string;
  /** The sentence that a client gets who sent a wrong value. */
  readonly says: string;
}

/** Version 8 is left out: those are the ledger's own (kernel/ids.ts). */
const UUID = '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-79A-Fa-f][0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}';

export const IDEMPOTENCY_KEY: RequestHeader = {
  name: 'Idempotency-Key',
  required: true,
  description:
    'A UUID that you make for this submission and keep for its retries. It becomes the id of the submission ' +
    'for good: a retry with the same content gets the first receipt again. Any version of UUID will do but 8.',
  schema: { type: 'string', pattern: `^(?:${UUID}|"${UUID}")$` },
  example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f',
  says: 'Idempotency-Key must be one UUID (not of version 8), made by you for this submission and kept for its retries',
};

export const IF_MATCH: RequestHeader = {
  name: 'If-Match',
  required: true,
  description: 'The version of the outcome that you saw, in quotes: another one gets 412.',
  schema: { type: 'string', pattern: '^"(?:0|[1-9][0-9]{0,8})"$' },
  example: '"0"',
  says: 'If-Match must be the version of the outcome in quotes, such as "0"',
};

/** The reason is sent in a header, because a query parameter would stand in logs. */
export const PERSONAL_DATA_OVERRIDE: RequestHeader = {
  name: 'Personal-Data-Override',
  required: false,
  description:
    'Why texts of the file that look as if they held personal data are to be recorded: a reason in ASCII, which is ' +
    'kept with each outcome that it let through, and must hold no personal data itself.',
  schema: { type: 'string', pattern: '^[\\x20-\\x7e]{5,500}$' },
  example: 'the numbers are grant references that pass the same check',
  says: 'Personal-Data-Override must be a reason of 5 to 500 ASCII characters, without personal data in it',
};

export const LAST_EVENT_ID: RequestHeader = {
  name: 'Last-Event-ID',
  required: false,
  description: 'The `id` of the last event that was received: browsers send it when they come back.',
  schema: { type: 'string', pattern: '^[0-9]{1,16}$' },
  example: '41',
  says: 'Last-Event-ID must be the id of an event that this stream sent',
};

interface Header {
  readonly description: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

const said = (description: string, schema: JsonSchema = { type: 'string' }): Header => ({
  description,
  required: true,
  schema,
});

const RESPONSE_HEADERS = {
  'Ledger-Sequence': said('How far the read models were when this was answered; -1 for an empty ledger.', {
    type: 'integer',
    minimum: -1,
  }),
  'Ledger-Stale': {
    ...said(
      'Only where the answer may not be what the events come to: the read models have `stopped` at an event that ' +
        'they cannot take, or are `doubtful`, because the self-check found a difference. /health/ready says more.',
      { type: 'string', enum: ['stopped', 'doubtful'] },
    ),
    required: false,
  },
  'X-Request-Id': said(
    'Of this request, as in the log: the one that was sent, if it was 1 to 64 letters, digits, `_`, `.` or `-`.',
    { type: 'string', pattern: '^[\\w.-]{1,64}$' },
  ),
  ETag: {
    ...said(
      'The version of an outcome: send it as If-Match to change it. Of an answer that never changes: send it as ' +
        'If-None-Match, and get 304 for the same answer.',
      { type: 'string', pattern: '^(?:"(?:0|[1-9][0-9]{0,8})"|W/"[\\w-]{43}")$' },
    ),
    required: false,
  },
  'Retry-After': {
    ...said('Seconds after which asking again makes sense.', { type: 'integer' }),
    required: false,
  },
  'WWW-Authenticate': said('How to authenticate.'),
  Allow: said('The methods that the address takes.'),
  'Cache-Control': said('Whether and how long the answer may be kept.'),
  'Content-Encoding': {
    ...said('Of a larger answer, where `Accept-Encoding` takes gzip.', { const: 'gzip' }),
    required: false,
  },
  Vary: { ...said('The headers of the request by which the answer differs.'), required: false },
  'X-Accel-Buffering': { ...said('`no`: a proxy must pass on what is sent at once.'), required: false },
  'Content-Security-Policy': said('What a page that shows the answer may load: nothing from elsewhere.'),
  'X-Content-Type-Options': said('`nosniff`.'),
  'Referrer-Policy': said('`no-referrer`.'),
  'Strict-Transport-Security': said('Browsers that came by TLS must go on to.'),
  'X-Frame-Options': said('`DENY`: no page may show the answer in a frame.'),
  'Cross-Origin-Resource-Policy': said('`same-origin`: no other page may load the answer.'),
} as const satisfies Record<string, Header>;

export type ResponseHeader = keyof typeof RESPONSE_HEADERS;

/** A caller who may ask may also keep the answer, for himself and for good. */
export const NEVER_CHANGES = 'private, max-age=31536000, immutable';

/** Every answer carries these, or says by their absence that all is well. */
export const ALWAYS_SENT = [
  'Ledger-Sequence',
  'Ledger-Stale',
  'X-Request-Id',
  'Cache-Control',
  'Content-Encoding',
  'Content-Security-Policy',
  'Cross-Origin-Resource-Policy',
  'Referrer-Policy',
  'Strict-Transport-Security',
  'Vary',
  'X-Content-Type-Options',
  'X-Frame-Options',
] as const satisfies ResponseHeader[];

/** References into the components. */
export function headersOf(names: readonly ResponseHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

export const HEADER_COMPONENTS: Readonly<Record<ResponseHeader, Header>> = RESPONSE_HEADERS;
