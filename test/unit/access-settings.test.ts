import { expect, test } from '@jest/globals';
import { Misconfigured, readConfig } from '../../src/config.js';

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    return readConfig(env) && [];
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
    return error.faults;
  }
}

const OIDC = { LEDGER_OIDC_ISSUER: 'https://login.example.org/ledger', LEDGER_OIDC_AUDIENCE: 'urn:ledger' };

test('nothing of it need be configured, and then no token and no other site is let in', () => {
  const { oidc, corsOrigins, limits } = readConfig({});
  expect([oidc, corsOrigins]).toEqual([undefined, []]);
  for (const limit of Object.values(limits)) expect(limit).toBeGreaterThan(0);
});

test('an issuer is taken as it is written', () => {
  expect(readConfig(OIDC).oidc).toEqual({
    issuer: 'https://login.example.org/ledger',
    audience: 'urn:ledger',
    algorithms: ['RS256', 'ES256'],
    type: 'at+jwt',
    programmesClaim: 'ledger_programmes',
  });
});

test.each<[name: string, env: NodeJS.ProcessEnv, named: string]>([
  ['an audience without an issuer', { LEDGER_OIDC_AUDIENCE: 'x' }, 'LEDGER_OIDC_AUDIENCE'],
  ['an issuer without an audience', { LEDGER_OIDC_ISSUER: OIDC.LEDGER_OIDC_ISSUER }, 'LEDGER_OIDC_AUDIENCE'],
  [
    'an issuer without TLS',
    { ...OIDC, LEDGER_OIDC_ISSUER: 'http://login.example.org' },
    'LEDGER_OIDC_ISSUER',
  ],
  [
    'an issuer with a question in it',
    { ...OIDC, LEDGER_OIDC_ISSUER: 'https://login.example.org?x=1' },
    'LEDGER_OIDC_ISSUER',
  ],
  ['no algorithm', { ...OIDC, LEDGER_OIDC_ALGORITHMS: ' ' }, 'LEDGER_OIDC_ALGORITHMS'],
  ['the algorithm none', { ...OIDC, LEDGER_OIDC_ALGORITHMS: 'ES256 none' }, 'LEDGER_OIDC_ALGORITHMS'],
  ['a secret that is shared', { ...OIDC, LEDGER_OIDC_ALGORITHMS: 'HS256' }, 'LEDGER_OIDC_ALGORITHMS'],
  ['a limit of nothing', { LEDGER_REQUESTS_PER_MINUTE: '0' }, 'LEDGER_REQUESTS_PER_MINUTE'],
  ['a limit in words', { LEDGER_BODY_SECONDS: 'a minute' }, 'LEDGER_BODY_SECONDS'],
  ['every origin', { LEDGER_CORS_ORIGINS: '*' }, 'LEDGER_CORS_ORIGINS'],
  ['an origin with a path', { LEDGER_CORS_ORIGINS: 'https://example.org/' }, 'LEDGER_CORS_ORIGINS'],
])('%s is a fault', (_name, env, named) => {
  expect(faultsOf(env)).toEqual([expect.stringContaining(named)]);
});
