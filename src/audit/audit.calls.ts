/** The descriptions of the calls about the log. */
import type { Grants } from '../domain/role.js';
import { NOT_MODIFIED, type CallSpec, type Content } from '../api/call-spec.js';
import { ReadQueryDto } from '../api/query.dto.js';
import { ProofQueryDto } from '../figures/figures.dto.js';
import { BundleQueryDto, CheckpointQueryDto, ConsistencyQueryDto, EntryProofQueryDto } from './audit.dto.js';
import { LogEntryView } from '../api/log-entry.views.js';
import { ConsistencyView } from './audit.views.js';

/** Hashes and signatures disclose nothing about the events that they stand for. */
const CHECKED_BY_ALL: Grants = { reporter: true, auditor: true, steward: true, programme: 'regardless' };

const text = (description: string): Content => ({ schema: { type: 'string', description } });

/** The content of a bundle, which `ledger verify` checks. */
const BUNDLE: Content = {
  schema: {
    type: 'string',
    description:
      'A bundle: a header, then events and the hashes that stand for those left out, then a signed checkpoint, with its time stamp where there is one, each ' +
      'as JSON on a line. `ledger verify` checks it offline.',
  },
  itemSchema: {
    type: 'object',
    description:
      'The header, `{ event, leaf }`, `{ subtree: { height, number, hash } }`, or `{ checkpoint, timestamp }`.',
  },
  example:
    '{"format":"outcome-ledger-bundle@2","origin":"ledger.example.org/log","size":42,"keys":["…"],"scope":{"kind":"everything"}}\n' +
    '{"subtree":{"height":5,"number":0,"hash":"…"}}\n{"checkpoint":"…"}\n',
};

export const bundle = {
  may: { auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'Read events with all that it takes to check them offline',
  description:
    'Everything; or what concerns one `programme`; or the events `after` one and `until` another; or, with a ' +
    '`measure`, its annual figures and all that they are made of, or, with `whole=true`, these and everything. Cut at an earlier size with `since`, it proves to ' +
    'be the continuation of that checkpoint.',
  query: BundleQueryDto,
  answers: { 200: { says: 'A bundle.', content: { 'application/x-ndjson': BUNDLE } } },
  problems: {
    404: ['measure-unknown', 'programme-unknown', 'organisation-unknown'],
  },
} satisfies CallSpec;

export const figureProof = {
  may: { auditor: true, programme: 'in-query' },
  logged: true,
  summary: 'Prove a figure',
  description:
    'A bundle with the figure of each financial year, or with `total=true` the total over them, and every event ' +
    'that it is made of.',
  query: ProofQueryDto,
  answers: { 200: { says: 'A bundle.', content: { 'application/x-ndjson': BUNDLE } } },
  problems: {
    404: ['measure-unknown', 'programme-unknown', 'organisation-unknown'],
    422: ['not-summable-over-time', 'definition-break'],
  },
} satisfies CallSpec;

export const checkpoint = {
  may: CHECKED_BY_ALL,
  summary: 'Read the newest signed checkpoint of the log',
  description:
    'How many events there are and the root of all of them, signed (C2SP tlog-checkpoint). Keep it: every later ' +
    'one must prove to be its continuation. With `minSequence` it covers that event.',
  query: CheckpointQueryDto,
  answers: {
    200: {
      says: 'A signed note.',
      content: { 'text/plain': text('Origin, size, root, and signatures.') },
    },
  },
} satisfies CallSpec;

export const key = {
  may: CHECKED_BY_ALL,
  summary: 'Read the key that verifies checkpoints',
  description:
    'A C2SP verifier key on each line, more than one while keys change. Get it by another way too.',
  answers: {
    200: {
      says: '`name+hex(id)+base64(0x01 ‖ public key)`.',
      content: { 'text/plain': text('Verifier keys.') },
    },
  },
} satisfies CallSpec;

export const tile = {
  may: { auditor: true },
  logged: true,
  summary: 'Read a tile of the log, or the entries below one',
  description:
    'C2SP tlog-tiles: 256 hashes of 32 bytes, or for the level `entries` the entries, each with its length in two ' +
    'bytes before it. What is signed never changes.',
  params: {
    level: {
      description: 'The level, from 0; or `entries`.',
      schema: { type: 'string', pattern: '^(?:[0-9]{1,2}|entries)$' },
      example: '0',
    },
    path: {
      description:
        'The index in groups of three digits, all but the last led by an x, with slashes between them: ' +
        '`x001/x234/067`; and for a tile that is not full `.p/` and its width.',
      schema: { type: 'string' },
      example: '000',
    },
  },
  answers: {
    200: {
      says: 'The hashes, or the entries.',
      content: { 'application/octet-stream': { schema: {} } },
      headers: ['ETag'],
    },
    ...NOT_MODIFIED,
  },
  problems: { 404: ['not-found'] },
} satisfies CallSpec;

const EVENT: CallSpec['params'] = {
  id: {
    description: 'The id of an event, or its sequence, by which it is found sooner.',
    schema: { type: 'string' },
    example: '0',
  },
};

export const proof = {
  may: { auditor: true, programme: 'when-found' },
  logged: true,
  summary: 'Prove that an event is in the log',
  description:
    'Its entry, and an inclusion proof that leads to a signed checkpoint, in Sigstore’s field names.',
  params: EVENT,
  query: EntryProofQueryDto,
  answers: { 200: { says: 'The proof.', view: LogEntryView } },
  problems: { 404: ['event-unknown'] },
} satisfies CallSpec<LogEntryView>;

export const proofText = {
  may: { auditor: true, programme: 'when-found' },
  logged: true,
  summary: 'Prove that an event is in the log, as a C2SP tlog-proof',
  params: EVENT,
  query: ReadQueryDto,
  answers: { 200: { says: 'The proof.', content: { 'text/plain': text('A tlog-proof.') } } },
  problems: { 404: ['event-unknown'] },
} satisfies CallSpec;

export const consistency = {
  may: CHECKED_BY_ALL,
  summary: 'Prove that the log only grew between two sizes',
  query: ConsistencyQueryDto,
  answers: {
    200: {
      says: 'The proof. That of sizes which are signed never changes.',
      view: ConsistencyView,
      headers: ['ETag'],
    },
    ...NOT_MODIFIED,
  },
} satisfies CallSpec<ConsistencyView>;
