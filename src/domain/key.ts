/**
 * A key lets a caller in: in one role, for the programmes that it names, until it expires or is revoked. Its secret may
 * change; its id, which events name as their actor, never does.
 *
 * Events hold the SHA-256 of the secret: every replica learns of new and revoked keys from the events, and nobody can
 * turn the hash of 256 random bits back into them (docs/adr/0013-who-may-do-what.md).
 */
import { assert, unreachable } from '../kernel/assert.js';
import type { Decider } from '../kernel/decider.js';
import type { DomainEvent } from '../kernel/event-data.js';
import { admitTexts, type Overridden, type Overriding, type Reasoned } from '../kernel/free-text.js';
import type { KeyId, ProgrammeId } from '../kernel/ids.js';
import type { Role } from '../kernel/provenance.js';
import { Refused, type Refusal, thereIsNo } from '../kernel/refusals.js';
import { nameFaults, type LookAlike } from './likeness.js';

export interface KeyDetails {
  readonly name: string;
  readonly role: Role;
  /** A key of the role `programme` names at least one; other roles name none. */
  readonly programmes: readonly ProgrammeId[];
  /** The key expires at this instant, ISO 8601 with milliseconds; null where it never does. */
  readonly expiresAt: string | null;
}

export type KeyEvent =
  | DomainEvent<
      'key-created@2',
      'KeyCreated',
      Omit<KeyDetails, 'name'> & { readonly keyId: KeyId; readonly secretSha256: string },
      Overridden & Pick<KeyDetails, 'name'>
    >
  | DomainEvent<
      'key-rotated@2',
      'KeyRotated',
      {
        readonly keyId: KeyId;
        readonly secretSha256: string;
        /** The secret before this one is accepted until then; null where it no longer is. */
        readonly previousUntil: string | null;
      },
      Reasoned
    >
  | DomainEvent<'key-revoked@2', 'KeyRevoked', { readonly keyId: KeyId }, Reasoned>;

export type KeyCommand = Overriding & KeyRequest;
type KeyRequest =
  | {
      readonly kind: 'create-key';
      readonly keyId: KeyId;
      readonly details: KeyDetails;
      readonly secretSha256: string;
      readonly nowMs: number;
      readonly knownProgrammes: ReadonlySet<ProgrammeId>;
      readonly alike?: LookAlike | undefined;
    }
  | {
      readonly kind: 'rotate-key';
      readonly keyId: KeyId;
      readonly secretSha256: string;
      readonly previousUntil: string | null;
      readonly reason: string;
    }
  | { readonly kind: 'revoke-key'; readonly keyId: KeyId; readonly reason: string };

export interface Key extends KeyDetails {
  readonly status: 'active' | 'revoked';
  readonly id: KeyId;
  readonly secretSha256: string;
  readonly previous: { readonly secretSha256: string; readonly until: string } | null;
}
export type KeyState = { readonly status: 'unknown' } | Key;

function decide(state: KeyState, command: KeyCommand): readonly KeyEvent[] {
  const { keyId } = command;
  if (command.kind === 'create-key') return create(state, command);
  if (state.status === 'unknown') throw new Refused(thereIsNo('key'));
  const { reason } = command;
  switch (command.kind) {
    case 'rotate-key': {
      const { secretSha256, previousUntil } = command;
      if (state.secretSha256 === secretSha256) return [];
      const revoked = state.status === 'revoked';
      const faults: Refusal[] = revoked
        ? [{ code: 'key-revoked', detail: 'the key was revoked: create another one' }]
        : [];
      const facts = { keyId, secretSha256, previousUntil };
      const words = { reason, ...admitTexts({ reason }, command, faults) };
      return [{ schema: 'key-rotated@2', type: 'KeyRotated', data: { facts, words } }];
    }
    case 'revoke-key':
      if (state.status === 'revoked') return [];
      return [
        {
          schema: 'key-revoked@2',
          type: 'KeyRevoked',
          data: { facts: { keyId }, words: { reason, ...admitTexts({ reason }, command) } },
        },
      ];
    default:
      return unreachable(command);
  }
}

function create(state: KeyState, command: Extract<KeyCommand, { kind: 'create-key' }>): readonly KeyEvent[] {
  const { keyId, details, secretSha256 } = command;
  if (state.status !== 'unknown') {
    // Ids are random, so the key that has this one was created by an attempt whose answer was lost.
    assert(state.secretSha256 === secretSha256, `key ${keyId} is made once`);
    return [];
  }
  const { name, ...granted } = details;
  const words = { name, ...admitTexts({ name }, command, detailsFaults(command)) };
  const facts = { keyId, ...granted, secretSha256 };
  return [{ schema: 'key-created@2', type: 'KeyCreated', data: { facts, words } }];
}

function detailsFaults({
  details: { role, programmes, expiresAt },
  knownProgrammes,
  nowMs,
  alike,
}: Extract<KeyCommand, { kind: 'create-key' }>): Refusal[] {
  const faults: Refusal[] = [];
  if ((role === 'programme') !== programmes.length > 0) {
    const detail =
      role === 'programme'
        ? 'a key with the role programme needs at least one'
        : `a key with the role ${role} is not kept to programmes: name none`;
    faults.push({ code: 'key-programmes-do-not-fit-role', detail, pointer: '/programmes' });
  }
  programmes.forEach((id, index) => {
    if (knownProgrammes.has(id)) return;
    faults.push({ ...thereIsNo('programme', id), pointer: `/programmes/${index}` });
  });
  if (expiresAt !== null && Date.parse(expiresAt) <= nowMs) {
    faults.push({ code: 'key-expiry-passed', detail: 'a key expires after now', pointer: '/expiresAt' });
  }
  return [...faults, ...nameFaults(alike, '/name')];
}

function evolve(state: KeyState, event: KeyEvent): KeyState {
  switch (event.schema) {
    case 'key-created@2': {
      const { keyId, role, programmes, expiresAt, secretSha256 } = event.data.facts;
      return {
        status: 'active',
        id: keyId,
        name: event.data.words?.name ?? keyId,
        role,
        programmes,
        expiresAt,
        secretSha256,
        previous: null,
      };
    }
    case 'key-rotated@2': {
      const key = state as Key;
      const { secretSha256, previousUntil: until } = event.data.facts;
      const previous = until === null ? null : { secretSha256: key.secretSha256, until };
      return { ...key, secretSha256, previous };
    }
    case 'key-revoked@2':
      return { ...(state as Key), status: 'revoked', previous: null };
    default:
      return unreachable(event);
  }
}

export const keyDecider: Decider<KeyState, KeyCommand, KeyEvent> = {
  initialState: { status: 'unknown' },
  decide,
  evolve,
};
