/**
 * A caller shows the admin key, a key of the ledger, or an access token, as `Authorization: Bearer <…>`. The secret is
 * compared in constant time, as a hash, and never repeated or logged.
 */
import { KeyRing, type Admitted } from '../access/key-ring.js';
import { withoutSecrets } from '../access/key-secret.js';
import { ADMIN, type Principal } from '../domain/role.js';
import { IssuerUnavailable, TokenRefused, type Tokens } from '../access/tokens.js';
import type { AdminKey } from '../access/admin-key.js';
import { Problem } from '../api/problem.js';

const BEARER = /^Bearer +([\x21-\x7e]+)$/i;
const REALM = 'Bearer realm="outcome-ledger"';

const WHY: Readonly<Record<Extract<Admitted, { refused: string }>['refused'], string>> = {
  unknown: 'the key is not one that this ledger knows',
  revoked: 'the key was revoked',
  expired: 'the key has expired',
};

export class Authentication {
  constructor(
    private readonly adminKey: AdminKey,
    private readonly keys: KeyRing,
    private readonly tokens: Tokens,
  ) {}

  /** Returns an address as it may be logged, whatever secret someone put into it. */
  withoutSecrets(url: string): string {
    return withoutSecrets(this.adminKey.takenOutOf(url));
  }

  /** @throws Problem `unauthenticated` or `issuer-unavailable`; NotProjected while keys cannot be looked up */
  callerOf(authorization: string | undefined): Principal | Promise<Principal> {
    if (authorization === undefined) throw unauthenticated('send the header Authorization: Bearer <key>');
    const sent = BEARER.exec(authorization)?.[1];
    if (sent === undefined) throw unauthenticated('send the header Authorization: Bearer <key>');
    if (this.adminKey.is(sent)) return ADMIN;
    if (this.tokens.takes(sent)) return this.bearerOf(sent);
    const admitted = this.keys.admit(sent);
    if ('principal' in admitted) return admitted.principal;
    throw unauthenticated(WHY[admitted.refused], 'invalid_token');
  }

  private async bearerOf(token: string): Promise<Principal> {
    try {
      return await this.tokens.admit(token);
    } catch (error) {
      if (error instanceof TokenRefused) throw unauthenticated(error.message, 'invalid_token');
      if (!(error instanceof IssuerUnavailable)) throw error;
      throw new Problem('issuer-unavailable', 'the keys of the issuer cannot be read now: ask again', {
        headers: { 'retry-after': '10' },
        cause: error,
      });
    }
  }
}

/** The answer names an error only where a token was sent (RFC 6750, section 3). */
function unauthenticated(detail: string, error?: 'invalid_token'): Problem {
  const challenge = error === undefined ? REALM : `${REALM}, error="${error}"`;
  return new Problem('unauthenticated', detail, { headers: { 'www-authenticate': challenge } });
}
