/** The descriptions of the calls about keys. */
import { TEXT_PROBLEMS, type CallSpec, type Described } from '../api/call-spec.js';
import { KEY_ID as KEY_ID_PATTERN } from '../kernel/ids.js';
import {
  CreateKeyDto,
  KeyListQueryDto,
  KeyListView,
  KeyRevokedView,
  KeySecretView,
  RevokeKeyDto,
  RotateKeyDto,
} from './keys.dto.js';

const KEY_ID: Described = {
  description: 'The id of a key.',
  schema: { type: 'string', pattern: KEY_ID_PATTERN.source },
  example: '5f0c1b7a9d3e2468',
};

export const createKey = {
  may: {},
  summary: 'Create a key',
  description:
    'For one system or team, in one role. Every request makes another key: one whose answer was lost can be revoked.',
  body: CreateKeyDto,
  answers: {
    201: { says: 'It lets in from now on.', view: KeySecretView },
  },
  problems: {
    409: ['name-taken'],
    422: ['key-programmes-do-not-fit-role', 'programme-unknown', 'key-expiry-passed', ...TEXT_PROBLEMS],
  },
} satisfies CallSpec<KeySecretView>;

export const listKeys = {
  may: { auditor: true },
  logged: true,
  summary: 'List the keys',
  description: 'Those that were revoked too. Nothing of their secrets is told.',
  query: KeyListQueryDto,
  answers: { 200: { says: 'A page of keys, in order of id.', view: KeyListView } },
} satisfies CallSpec<KeyListView>;

export const rotateKey = {
  may: {},
  summary: 'Give a key another secret',
  description:
    'It stays the same key, in its role and with its programmes. Every request makes another secret.',
  params: { id: KEY_ID },
  body: RotateKeyDto,
  answers: {
    200: { says: 'The new secret is taken from now on.', view: KeySecretView },
  },
  problems: { 404: ['key-unknown'], 422: ['key-revoked', ...TEXT_PROBLEMS] },
} satisfies CallSpec<KeySecretView>;

export const revokeKey = {
  may: {},
  summary: 'Revoke a key',
  description: 'It lets nobody in from the answer on; on other replicas, once they are level.',
  params: { id: KEY_ID },
  body: RevokeKeyDto,
  answers: { 200: { says: 'It is revoked, or had been before.', view: KeyRevokedView } },
  problems: { 404: ['key-unknown'], 422: [...TEXT_PROBLEMS] },
} satisfies CallSpec<KeyRevokedView>;
