/** Access tokens of a real OpenID Connect issuer: which are taken, as whom, and what is not taken for one. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IssuerUnavailable, TokenRefused, Tokens } from '../../src/access/tokens.js';
import { Clock } from '../../src/kernel/clock.js';
import { readConfig } from '../../src/config.js';
import type { EventsPage } from '../../src/api/event.views.js';
import { AUDIENCE, Issuer, signingKey } from '../support/issuer.js';
import { makeKey, withKey } from '../support/keys.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme } from '../support/outcomes.js';

const OWN = 'lipid-management';

let issuer: Issuer;
let ledger: Ledger;
beforeAll(async () => {
  issuer = await Issuer.start();
  ledger = await Ledger.start(issuer.env);
  await registerProgramme(ledger, OWN);
  await registerProgramme(ledger, 'asthma-care');
});
afterAll(async () => {
  await ledger.remove();
  await issuer.stop();
});

async function ask(path: string, token: string) {
  const { status, body, headers } = await ledger.call<{ detail?: string }>('GET', path, {
    headers: withKey(token),
  });
  return { status, detail: body?.detail, challenge: headers.get('www-authenticate') };
}

describe('a token that the issuer gave', () => {
  test('has the roles of its scopes, and no other', async () => {
    const reporter = await issuer.token('ledger:reporter');
    expect((await ask('/v1/totals/annual?measure=jobs', reporter)).status).toBe(200);
    expect((await ask('/v1/events', reporter)).status).toBe(403);
    const both = await issuer.token('ledger:reporter ledger:auditor');
    expect((await ask('/v1/events', both)).status).toBe(200);
    expect((await ask('/v1/events', await issuer.token(''))).status).toBe(403);
  });

  test('is kept to the programmes that it claims', async () => {
    const token = await issuer.token('ledger:programme');
    expect((await ask(`/v1/programmes/${OWN}/history`, token)).status).toBe(200);
    expect((await ask('/v1/programmes/asthma-care/history', token)).status).toBe(403);
  });

  test('is the actor of what is recorded with it: the issuer and the subject', async () => {
    const token = await issuer.token('ledger:programme');
    const answer = await ledger.call<{ sequence: number }>('POST', `/v1/programmes/${OWN}/submissions`, {
      body: { outcomes: [OUTCOME] },
      headers: { ...withKey(token), 'idempotency-key': randomUUID() },
    });
    expect(answer.status).toBe(201);
    const { body } = await ledger.call<EventsPage>('GET', `/v1/events?after=${answer.body.sequence - 1}`);
    expect(body.events[0]!.actor).toBe(`${issuer.url}#returns-system`);
  });
});

describe('no token is', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  const bad: [name: string, make: () => Promise<string>][] = [
    ['one of another issuer', () => issuer.sign({ claims: { iss: 'https://elsewhere.example' } })],
    ['one for another service', () => issuer.sign({ claims: { aud: 'urn:example:other' } })],
    ['one that names this among others as text', () => issuer.sign({ claims: { aud: `${AUDIENCE} x` } })],
    ['one that has expired', () => issuer.sign({ claims: { exp: now() - 31 } })],
    ['one that is not yet good', () => issuer.sign({ claims: { nbf: now() + 31 } })],
    ['L7: one that is issued in the future', () => issuer.sign({ claims: { iat: now() + 31 } })],
    ['L7: one that expires at no time there is', () => issuer.sign({ claims: { exp: 1e300 } })],
    ['one that never expires', () => issuer.sign({ claims: { exp: undefined } })],
    ['one of nobody', () => issuer.sign({ claims: { sub: undefined } })],
    ['one of a person, by e-mail address', () => issuer.sign({ claims: { sub: 'jo.bloggs@example.org' } })],
    ['one of a number', () => issuer.sign({ claims: { sub: 5 } })],
    ['one of a subject with a space', () => issuer.sign({ claims: { sub: 'a b' } })],
    ['one that says who someone is', () => issuer.sign({ head: { typ: 'JWT' } })],
    ['one signed with another key', async () => issuer.sign({ key: (await signingKey('x')).secret })],
    ['one signed with a key that is not known', () => issuer.sign({ head: { kid: 'unknown' } })],
    [
      'one signed with the public key as a shared secret',
      () => {
        const key = new TextEncoder().encode(issuer.publicKeyText);
        return issuer.sign({ head: { alg: 'HS256' }, key: key as never });
      },
    ],
    [
      'one that is not signed',
      async () => {
        const [, claims] = (await issuer.sign()).split('.');
        return `${btoa(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).replaceAll('=', '')}.${claims}.x`;
      },
    ],
    [
      'one whose claims were changed',
      async () => {
        const [head, claims, signature] = (await issuer.sign()).split('.');
        const changed = atob(claims!).replace('auditor', 'admin');
        return `${head}.${btoa(changed).replaceAll('=', '')}.${signature}`;
      },
    ],
    ['one that brings its key along', () => bringingItsKey()],
  ];
  test.each(bad)('%s', async (_name, make) => {
    const { status, detail, challenge } = await ask('/v1/events', await make());
    expect([status, challenge]).toEqual([401, 'Bearer realm="outcome-ledger", error="invalid_token"']);
    expect(detail).toMatch(/^the token is not taken: /);
  });

  test('and one with half a minute of skew is', async () => {
    expect((await ask('/v1/events', await issuer.sign({ claims: { exp: now() - 5 } }))).status).toBe(200);
    expect((await ask('/v1/events', await issuer.sign({ claims: { nbf: now() + 20 } }))).status).toBe(200);
  });

  async function bringingItsKey() {
    const { secret, jwk } = await signingKey('own');
    const { d: _, ...shown } = jwk;
    return issuer.sign({ key: secret, head: { jwk: shown, kid: undefined } });
  }
});

describe('the keys of the issuer', () => {
  const tokens = () => new Tokens(readConfig(issuer.env).oidc, new Clock(), 0);

  test('are read again when they change, and those that are gone let nobody in', async () => {
    const taking = tokens();
    const before = await issuer.sign();
    expect((await taking.admit(before)).roles).toEqual(['auditor']);
    await issuer.changeKey();
    const after = await issuer.token('ledger:reporter');
    expect((await taking.admit(after)).roles).toEqual(['reporter']);
    // The token of before is remembered for a minute by whoever took it, and by nobody else.
    await expect(tokens().admit(before)).rejects.toThrow(TokenRefused);
  });

  test('that cannot be read say nothing of a token: 503, and keys of the ledger go on', async () => {
    const token = await issuer.sign();
    await issuer.stop();
    await expect(tokens().admit(token)).rejects.toThrow(IssuerUnavailable);
    const cut = await Ledger.start(issuer.env);
    try {
      const answer = await cut.call<{ type: string }>('GET', '/v1/events', { headers: withKey(token) });
      expect([answer.status, answer.body.type, answer.headers.get('retry-after')]).toEqual([
        503,
        'urn:outcome-ledger:problem:issuer-unavailable',
        '10',
      ]);
      const { key } = await makeKey(cut, { role: 'auditor' });
      expect((await cut.call('GET', '/v1/events', { headers: withKey(key) })).status).toBe(200);
    } finally {
      await cut.remove();
    }
  });

  test.each([200, 500])(
    'are asked for once in a while, whatever keys are named, by an issuer that answers %i',
    async (status) => {
      let asked = 0;
      const server = createServer((request, response) => {
        const { port } = server.address() as AddressInfo;
        const url = `http://127.0.0.1:${port}`;
        if (request.url!.includes('openid')) {
          response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
          return;
        }
        asked++;
        response.writeHead(status).end(JSON.stringify({ keys: [] }));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const iss = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const env = { LEDGER_OIDC_ISSUER: iss, LEDGER_OIDC_AUDIENCE: AUDIENCE };
      const taking = new Tokens(readConfig(env).oidc, new Clock());
      for (let made = 0; made < 5; made++) {
        const token = await issuer.sign({ claims: { iss }, head: { kid: `made-up-${made}` } });
        await expect(taking.admit(token)).rejects.toThrow(status === 200 ? TokenRefused : IssuerUnavailable);
      }
      expect(asked).toBe(1);
      server.close();
    },
  );

  test('are looked for only where the issuer says that it is who it is asked to be', async () => {
    await issuer.start();
    const elsewhere = { ...issuer.env, LEDGER_OIDC_ISSUER: issuer.url.replace('localhost', '127.0.0.1') };
    const taking = new Tokens(readConfig(elsewhere).oidc, new Clock(), 0);
    await expect(taking.admit(await issuer.sign())).rejects.toThrow('are not those of');
  });

  test('are taken only by a way that is as safe as the one to the issuer', async () => {
    const server = createServer((_request, response) => {
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}`;
      response.end(JSON.stringify({ issuer: url, jwks_uri: `ftp://127.0.0.1:${port}/keys` }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const env = { LEDGER_OIDC_ISSUER: `http://127.0.0.1:${port}`, LEDGER_OIDC_AUDIENCE: 'ledger' };
    const taking = new Tokens(readConfig(env).oidc, new Clock(), 0);
    await expect(taking.admit(await issuer.sign())).rejects.toThrow('are not those of');
    server.close();
  });
});
