import { describe, expect, test } from '@jest/globals';
import { hashOfKey, keyIdIn, makeKeyId, makeKeyText, withoutSecrets } from '../../src/access/key-secret.js';
import { keyDecider, type KeyCommand, type KeyEvent } from '../../src/domain/key.js';
import { parseKeyId, parseProgrammeId } from '../../src/kernel/ids.js';
import { decided } from '../support/given.js';

const given = decided(keyDecider);

const keyId = parseKeyId('5f0c1b7a9d3e2468');
const lipids = parseProgrammeId('lipid-management');
const secret = (text: string) => hashOfKey(text).toString('hex');
const details = { name: 'Returns', role: 'programme', programmes: [lipids], expiresAt: null } as const;
const nowMs = Date.parse('2026-04-30T09:30:00Z');

const create: Extract<KeyCommand, { kind: 'create-key' }> = {
  kind: 'create-key',
  keyId,
  details,
  secretSha256: secret('first'),
  nowMs,
  knownProgrammes: new Set([lipids]),
};
const rotate: Extract<KeyCommand, { kind: 'rotate-key' }> = {
  kind: 'rotate-key',
  keyId,
  secretSha256: secret('second'),
  previousUntil: '2026-04-30T10:30:00.000Z',
  reason: 'the yearly change',
};
const revoke: KeyCommand = { kind: 'revoke-key', keyId, reason: 'its system was switched off' };

const { name, ...granted } = details;
const created: KeyEvent = {
  schema: 'key-created@2',
  type: 'KeyCreated',
  data: { facts: { keyId, ...granted, secretSha256: secret('first') }, words: { name } },
};
const rotated: KeyEvent = {
  schema: 'key-rotated@2',
  type: 'KeyRotated',
  data: {
    facts: { keyId, secretSha256: secret('second'), previousUntil: '2026-04-30T10:30:00.000Z' },
    words: { reason: 'the yearly change' },
  },
};
const revoked: KeyEvent = {
  schema: 'key-revoked@2',
  type: 'KeyRevoked',
  data: { facts: { keyId }, words: { reason: 'its system was switched off' } },
};

describe('a key', () => {
  test('is created, rotated and revoked', () => {
    given().when(create).then(created);
    given(created).when(rotate).then(rotated);
    given(created, rotated).when(revoke).then(revoked);
  });

  test('is changed once, however often the same is appended', () => {
    given(created).when(create).changesNothing();
    given(created, rotated).when(rotate).changesNothing();
    given(created, revoked).when(revoke).changesNothing();
  });

  test('that is revoked gets no other secret', () =>
    given(created, revoked).when(rotate).refuses('key-revoked'));

  test.each([rotate, revoke])('that is unknown cannot be changed', (command) =>
    given().when(command).refuses('key-unknown'),
  );

  test('that another one was made under is a bug, and not replaced', () => {
    const other = { ...create, secretSha256: secret('other') };
    expect(() => given(created).when(other).changesNothing()).toThrow('is made once');
  });

  test('is refused with all that is wrong with it', () => {
    const wrong = {
      ...details,
      name: 'ask jo@example.org',
      role: 'auditor',
      expiresAt: '2026-04-30T09:30:00.000Z',
    } as const;
    given()
      .when({ ...create, details: wrong, knownProgrammes: new Set() })
      .refuses(
        'key-programmes-do-not-fit-role /programmes',
        'programme-unknown /programmes/0',
        'key-expiry-passed /expiresAt',
        'personal-data-suspected /name',
      );
    given()
      .when({ ...create, details: { ...details, programmes: [] } })
      .refuses('key-programmes-do-not-fit-role /programmes');
  });

  test('may be taken back for a reason that looks like personal data, which is then said', () => {
    const reason = 'jo@example.org has left';
    given(created)
      .when({ ...revoke, reason })
      .refuses('personal-data-suspected /reason');
    const personalDataOverride = { reason: 'a shared mailbox' };
    given(created)
      .when({ ...revoke, reason, personalDataOverride })
      .then({ ...revoked, data: { facts: { keyId }, words: { reason, personalDataOverride } } });
  });
});

describe('the text of a key', () => {
  test('is another one each time, and names its key', () => {
    const id = makeKeyId();
    const texts = new Set(Array.from({ length: 100 }, () => makeKeyText(id)));
    expect(texts.size).toBe(100);
    for (const text of texts) expect(keyIdIn(text)).toBe(id);
  });

  test.each(['', 'ledger_', `ledger_${keyId}_short`, `ledger_${keyId.toUpperCase()}_${'x'.repeat(43)}`])(
    'is not %j',
    (text) => expect(keyIdIn(text)).toBeNull(),
  );

  test('is taken out of what is logged, and tokens with it, and nothing else is', () => {
    const key = makeKeyText(keyId);
    const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
    expect(withoutSecrets(`/v1/events?key=${key}&token=${token}&after=1`)).toBe(
      `/v1/events?key=ledger_${keyId}_[key]&token=[token]&after=1`,
    );
    const escaped = (text: string) =>
      text.replaceAll(/[-._x9]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    expect(withoutSecrets(`/v1/${escaped(key)}/${escaped(token)}`)).toBe(`/v1/ledger_${keyId}_[key]/[token]`);
    const plain = '/v1/totals/annual?measure=jobs&programme=eyJ&from=2023-24';
    expect(withoutSecrets(plain)).toBe(plain);
  });
});
