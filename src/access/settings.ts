/** What can be configured of who gets in, and how much anyone may ask for: read and checked with the rest (config.ts). */

export interface OidcSettings {
  /** Exactly as tokens and the issuer's own metadata say it. */
  readonly issuer: string;
  readonly audience: string;
  /** The only ones with which a token may be signed. */
  readonly algorithms: readonly string[];
  /** The media type in a token's head: `at+jwt`, that of access tokens (RFC 9068), unless the issuer has another. */
  readonly type: string;
  /** The claim that holds the programmes of a token with the scope `ledger:programme`. */
  readonly programmesClaim: string;
}

export interface Limits {
  /** Of one key or one subject of tokens; the admin key has no limit. */
  readonly requestsPerMinute: number;
  readonly requestsPerDay: number;
  /** From one address, of those that show no valid key. */
  readonly failuresPerMinute: number;
  /** That are being answered, live streams among them; of these one key may have a quarter. */
  readonly requestsAtOnce: number;
  /** Of bodies of JSON that are being received and worked on. */
  readonly bodiesMib: number;
  /** In which the whole of a body of JSON must arrive. */
  readonly bodySeconds: number;
}

type Env = NodeJS.ProcessEnv;

/** Signatures that whoever has the issuer's public keys can check, and cannot make. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** It becomes part of the actor of every event that its subjects record. */
const ISSUER_LENGTH_MAX = 100;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const OF_OIDC = /^LEDGER_OIDC_/;

export function readOidc(env: Env, faults: string[]): OidcSettings | undefined {
  const issuer = env['LEDGER_OIDC_ISSUER'];
  const audience = env['LEDGER_OIDC_AUDIENCE'];
  if (issuer === undefined) {
    const set = Object.keys(env).filter((name) => OF_OIDC.test(name));
    if (set.length > 0) faults.push(`${set.sort().join(', ')} set, but LEDGER_OIDC_ISSUER is not`);
    return undefined;
  }
  if (!isIssuer(issuer)) {
    faults.push(
      `LEDGER_OIDC_ISSUER must be an https address of at most ${ISSUER_LENGTH_MAX} characters, with no query (http on this machine only)`,
    );
  }
  if (audience === undefined || !isWord(audience)) {
    faults.push('LEDGER_OIDC_AUDIENCE must be what the issuer puts into tokens for this ledger');
  }
  const algorithms = wordsOf(env['LEDGER_OIDC_ALGORITHMS'] ?? 'RS256 ES256');
  if (algorithms.length === 0 || algorithms.some((name) => !ALGORITHMS.includes(name))) {
    faults.push(`LEDGER_OIDC_ALGORITHMS must be some of ${ALGORITHMS.join(' ')}`);
  }
  const type = env['LEDGER_OIDC_TYPE'] ?? 'at+jwt';
  if (!isWord(type)) faults.push('LEDGER_OIDC_TYPE must be a media type such as at+jwt');
  const programmesClaim = env['LEDGER_OIDC_PROGRAMMES_CLAIM'] ?? 'ledger_programmes';
  if (!isWord(programmesClaim)) faults.push('LEDGER_OIDC_PROGRAMMES_CLAIM must be the name of a claim');
  return { issuer, audience: audience ?? '', algorithms, type, programmesClaim };
}

export function readLimits(env: Env, faults: string[]): Limits {
  const count = (name: string, fallback: number, max: number): number => {
    const text = env[name] ?? String(fallback);
    const value = Number(text);
    if (!/^[1-9]\d{0,9}$/.test(text) || value > max) faults.push(`${name} must be from 1 to ${max}`);
    return value;
  };
  return {
    requestsPerMinute: count('LEDGER_REQUESTS_PER_MINUTE', 6_000, 10_000_000),
    requestsPerDay: count('LEDGER_REQUESTS_PER_DAY', 1_000_000, 1_000_000_000),
    failuresPerMinute: count('LEDGER_FAILURES_PER_MINUTE', 300, 10_000_000),
    requestsAtOnce: count('LEDGER_REQUESTS_AT_ONCE', 1_000, 100_000),
    bodiesMib: count('LEDGER_BODIES_MIB', 128, 65_536),
    bodySeconds: count('LEDGER_BODY_SECONDS', 60, 3_600),
  };
}

export function readCorsOrigins(env: Env, faults: string[]): readonly string[] {
  const origins = wordsOf(env['LEDGER_CORS_ORIGINS'] ?? '');
  if (origins.some((origin) => originOf(origin) !== origin)) {
    faults.push(
      'LEDGER_CORS_ORIGINS must be origins such as https://figures.example.org, with spaces between',
    );
  }
  return origins;
}

function isIssuer(text: string): boolean {
  if (text.length > ISSUER_LENGTH_MAX || !isWord(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username } = new URL(text);
  const safe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
  return safe && search === '' && hash === '' && username === '';
}

function originOf(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null;
}

const isWord = (text: string) => /^[\x21-\x7e]{1,200}$/.test(text);
const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== '');
