/**
 * Access tokens of an OpenID Connect issuer: JSON Web Tokens (RFC 9068), checked by `jose` with the issuer's own
 * keys. The issuer's metadata name the address of its keys, which are read again when a token names an unknown
 * key.
 *
 * A token must be signed with one of the configured algorithms, come from the issuer, be meant for this ledger,
 * be an access token by its type, and be within its time, give or take half a minute. Its scopes `ledger:<role>`
 * are its roles. A token that was found good is not checked again for at most a minute.
 */
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { fetchAtMost } from '../kernel/bounded-fetch.js';
import { SLUG, SLUG_LENGTH_MAX } from '../kernel/ids.js';
import { personalDataIn } from '../kernel/personal-data.js';
import type { Clock } from '../kernel/clock.js';
import type { Principal } from '../domain/role.js';
import { ROLES } from '../kernel/provenance.js';
import type { OidcSettings } from '../config.js';

/** The token lets nobody in; the message tells its sender why. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

/** The issuer's keys cannot be read now, so no token can be checked. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

const CLOCK_SKEW_SECONDS = 30;
const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 1024 * 1024;
/** The issuer is asked at most so often, whether it answers or not, even if a caller makes up names of keys. */
const ASK_AGAIN_MS = 10_000;
const KEYS_KEPT_MS = 600_000;
const REMEMBERED_MS_MAX = 60_000;
const REMEMBERED_MAX = 1_000;
const SUBJECT = /^[\x21-\x7e]{1,90}$/;
const PROGRAMMES_MAX = 100;

interface Remembered {
  readonly principal: Principal;
  readonly untilMs: number;
}

export class Tokens {
  private readonly remembered = new Map<string, Remembered>();
  private keys: Promise<JWTVerifyGetKey> | null = null;
  private readonly askForMetadata: typeof fetch;

  /** @param settings where there are none, every token is refused */
  constructor(
    private readonly settings: OidcSettings | undefined,
    private readonly clock: Clock,
    private readonly askAgainMs = ASK_AGAIN_MS,
  ) {
    this.askForMetadata = fetchNoMoreOften(askAgainMs);
  }

  /** Tells whether a text may be a token of this issuer. */
  takes(text: string): boolean {
    return this.settings !== undefined && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
  }

  /** @throws TokenRefused, IssuerUnavailable */
  async admit(token: string): Promise<Principal> {
    const nowMs = this.clock.now();
    const name = createHash('sha256').update(token).digest('base64');
    const known = this.remembered.get(name);
    if (known && nowMs < known.untilMs) return known.principal;
    const claims = await this.verified(token, nowMs);
    refuseOutOfTime(claims, nowMs);
    const principal = principalOf(claims, this.settings!);
    const untilMs = Math.min(nowMs + REMEMBERED_MS_MAX, claims.exp! * 1_000);
    this.remember(name, { principal, untilMs });
    return principal;
  }

  private async verified(token: string, nowMs: number): Promise<JWTPayload> {
    const { issuer, audience, algorithms, type } = this.settings!;
    const keys = await this.issuersKeys();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        typ: type,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: new Date(nowMs),
        requiredClaims: ['sub', 'exp', 'iat'],
      });
      return payload;
    } catch (error) {
      if (isOfToken(error)) throw new TokenRefused(`the token is not taken: ${reasonOf(error)}`);
      throw new IssuerUnavailable('the keys of the issuer cannot be read', { cause: error });
    }
  }

  /**
   * The issuer's keys, at the address that its metadata name: read at the first token, and again where that
   * failed.
   */
  private issuersKeys(): Promise<JWTVerifyGetKey> {
    if (!this.keys) {
      this.keys = this.keysOf(this.settings!.issuer);
      this.keys.catch(() => (this.keys = null));
    }
    return this.keys;
  }

  private async keysOf(issuer: string): Promise<JWTVerifyGetKey> {
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    let metadata: { readonly issuer?: unknown; readonly jwks_uri?: unknown };
    try {
      const asked = { signal: AbortSignal.timeout(ANSWER_MS_MAX), redirect: 'error' } as const;
      const response = await this.askForMetadata(address, asked);
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      metadata = (await response.json()) as typeof metadata;
    } catch (cause) {
      throw new IssuerUnavailable(`the metadata of the issuer cannot be read at ${address}`, { cause });
    }
    const { issuer: named, jwks_uri: keys } = metadata;
    if (named !== issuer || typeof keys !== 'string' || !isAsSafe(keys, issuer)) {
      throw new IssuerUnavailable(`the metadata at ${address} are not those of ${issuer}`);
    }
    return createRemoteJWKSet(new URL(keys), {
      timeoutDuration: ANSWER_MS_MAX,
      cooldownDuration: this.askAgainMs,
      cacheMaxAge: KEYS_KEPT_MS,
      // `jose` applies the cooldown above only after a good answer, so this fetch limits the rest.
      [customFetch]: fetchNoMoreOften(this.askAgainMs),
    });
  }

  /** The oldest token is forgotten first: a Map keeps the order in which it was filled. */
  private remember(name: string, found: Remembered): void {
    this.remembered.delete(name);
    if (this.remembered.size === REMEMBERED_MAX) this.remembered.delete(this.remembered.keys().next().value!);
    this.remembered.set(name, found);
  }
}

/** A fetch for one address that fails where it was used a moment ago. @throws IssuerUnavailable */
function fetchNoMoreOften(everyMs: number): typeof fetch {
  let askedMs = -Infinity;
  return (...asked) => {
    const nowMs = performance.now();
    if (nowMs - askedMs < everyMs) {
      return Promise.reject(new IssuerUnavailable('the issuer was asked a moment ago'));
    }
    askedMs = nowMs;
    return fetchAtMost(ANSWER_BYTES_MAX, ...asked);
  };
}

/** Tells whether the keys come over TLS, or over the issuer's own protocol: else anyone could have sent them. */
function isAsSafe(keys: string, issuer: string): boolean {
  if (!URL.canParse(keys)) return false;
  const { protocol } = new URL(keys);
  return protocol === 'https:' || protocol === new URL(issuer).protocol;
}

/** Tells whether the error is a fault of the token, and not of the connection to the issuer. */
function isOfToken(error: unknown): error is errors.JOSEError {
  const ofKeys = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  // `jose` throws its base class itself where a list of keys could not be fetched.
  return error instanceof errors.JOSEError && !ofKeys && error.constructor !== errors.JOSEError;
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its ${error.claim} is wrong or missing`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'it is signed with an algorithm that the ledger does not accept';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'it is signed with a key that the issuer does not have';
  return 'its signature or its form is wrong';
}

/** `jose` takes any number for a time, and does not ask whether a token was issued yet. @throws TokenRefused */
function refuseOutOfTime({ iat, exp }: JWTPayload, nowMs: number): void {
  if ((iat! - CLOCK_SKEW_SECONDS) * 1_000 > nowMs)
    throw new TokenRefused('the token is not taken: it is issued in the future');
  if (Number.isNaN(new Date(exp! * 1_000).getTime()))
    throw new TokenRefused('the token is not taken: its exp is no time');
}

function principalOf(claims: JWTPayload, { issuer, programmesClaim }: OidcSettings): Principal {
  // `sub` may be anything, against its type: `jose` checks only the times of the signed claims.
  const sub: unknown = claims.sub;
  if (typeof sub !== 'string' || !SUBJECT.test(sub) || personalDataIn(sub).length > 0) {
    // The subject would be recorded in the ledger for ever.
    throw new TokenRefused(
      'the token is not taken: its sub must be at most 90 visible characters, and name no person',
    );
  }
  const granted = typeof claims['scope'] === 'string' ? claims['scope'].split(' ') : [];
  const roles = ROLES.filter((role) => granted.includes(`ledger:${role}`));
  const actor = `${issuer}#${sub}`;
  return { actor, roles, programmes: new Set(programmesIn(claims[programmesClaim])) };
}

/** Reads a list, or a text with spaces between the ids. */
function programmesIn(claim: unknown): string[] {
  const all: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  const isId = (id: unknown): id is string =>
    typeof id === 'string' && id.length <= SLUG_LENGTH_MAX && SLUG.test(id);
  return all.filter(isId).slice(0, PROGRAMMES_MAX);
}
