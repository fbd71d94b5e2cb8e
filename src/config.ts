/**
 * The configuration comes from environment variables, all optional and checked together: every fault is named at
 * once, and a process with a fault does not start.
 */
import { join } from 'node:path';
import { isKeyName } from './tlog/note.js';
import { isFinancialYear, type FinancialYear } from './kernel/financial-year.js';
import type { StoreLocation } from './store/open-store.js';
import { databaseKeyOf, PUBLIC_KEY, type DatabaseKey } from './store/database.js';
import { faultsOfStoreUrl, type EventStoreSettings } from './store/store-url.js';

export interface OidcSettings {
  /** The issuer, exactly as its tokens and its own metadata spell it. */
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** The media type in a token's head: `at+jwt`, that of access tokens (RFC 9068), unless the issuer has another. */
  readonly type: string;
  /** The claim that holds the programmes of a token with the scope `ledger:programme`. */
  readonly programmesClaim: string;
}

const DAY_SECONDS = 86_400;

type Limit = readonly [variable: string, fallback: number, max: number, says?: string];

/** The limits by what they bound, each with its variable, its value where that is not set, and the most it may be. */
export const LIMITS = {
  requestsPerMinute: ['LEDGER_REQUESTS_PER_MINUTE', 6_000, 1e7, 'the most requests of one key or subject'],
  requestsPerDay: ['LEDGER_REQUESTS_PER_DAY', 1_000_000, 1e9, 'the most requests of one key or subject'],
  failuresPerMinute: [
    'LEDGER_FAILURES_PER_MINUTE',
    300,
    1e7,
    'the most requests of an address without a key',
  ],
  requestsAtOnce: [
    'LEDGER_REQUESTS_AT_ONCE',
    1_000,
    1e5,
    'the most requests being answered; a key’s is a quarter',
  ],
  bodiesMib: ['LEDGER_BODIES_MIB', 128, 65_536, 'the memory for JSON bodies being received and worked on'],
  bodySeconds: ['LEDGER_BODY_SECONDS', 60, 3_600, 'the time in which a JSON body must arrive'],
  importsMib: ['LEDGER_IMPORTS_MIB', 4_096, 1e7, 'the disk for files being imported; a key’s is a quarter'],
  importSeconds: ['LEDGER_IMPORT_SECONDS', 3_600, DAY_SECONDS, 'the time in which a file must arrive'],
  diskReserveMib: ['LEDGER_DISK_RESERVE_MIB', 256, 1e7, 'what files leave free on the disk of DATA_DIR'],
} as const satisfies Record<string, Limit>;
export type Limits = Readonly<Record<keyof typeof LIMITS, number>>;

/** The configuration, and its injection token. */
export abstract class Config {
  abstract readonly port: number;
  abstract readonly host: string;
  /** The directory of the read models and the admin key, and of the event store where no other is configured. */
  abstract readonly dataDir: string;
  /** The address of an event store; undefined where the embedded store in the data directory is used. */
  abstract readonly eventStore: EventStoreSettings | undefined;
  /** The first financial year of a total "since", unless a request names another. */
  abstract readonly since: FinancialYear;
  /** The first key; where it is undefined, one is made on the first start. */
  abstract readonly adminKey: string | undefined;
  /** The key of the databases' pages: the public one where LEDGER_DATABASE_KEY is not set. */
  abstract readonly databaseKey: DatabaseKey;
  abstract readonly logLevel: string;
  /** The directory of the keys that sign the log, and of the last head that they signed. */
  abstract readonly signingDir: string;
  /** The log's name; where it is undefined, it is made up with the key on the first start. */
  abstract readonly origin: string | undefined;
  /** A file with the witnesses that are asked to cosign; without it none is asked. */
  abstract readonly witnesses: string | undefined;
  /** The address of a time-stamping authority that is asked about each checkpoint; without it none is asked. */
  abstract readonly timestamps: string | undefined;
  /** The time between two checkpoints of a ledger that grows. */
  abstract readonly checkpointSeconds: number;
  /** The issuer whose access tokens are accepted; without it none are. */
  abstract readonly oidc: OidcSettings | undefined;
  abstract readonly limits: Limits;
  /** The sites whose pages may read the ledger in a browser; none by default. */
  abstract readonly corsOrigins: readonly string[];
  /** Tells that a collector takes traces; OpenTelemetry's own variables name it. */
  abstract readonly traces: boolean;
}

export class Misconfigured extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`the configuration has ${faults.length === 1 ? 'a fault' : 'faults'}: ${faults.join('; ')}`);
    this.name = 'Misconfigured';
  }
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const ADMIN_KEY_LENGTH_MIN = 32;
const DATABASE_KEY_LENGTH_MIN = 32;
/** A namespace has no hyphen: the part of a stream's name before the first hyphen is its category. */
const NAMESPACE = /^[a-z0-9]{1,32}$/;

export function storeOf({ dataDir, eventStore, databaseKey }: Config): StoreLocation {
  return { dataDir, eventStore, databaseKey };
}

/** @throws Misconfigured */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const faults: string[] = [];
  const read = (name: string, fallback: string, rule: (value: string) => boolean, says: string): string => {
    const value = env[name] ?? fallback;
    if (!rule(value)) faults.push(`${name} ${says}`);
    return value;
  };
  const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
  const isGiven = (text: string) => text.trim() !== '';
  const isLevel = (text: string) => LOG_LEVELS.includes(text);
  const dataDir = read('DATA_DIR', './data', isGiven, 'must be a directory');
  const since = read('SINCE', '2018-19', isFinancialYear, 'must be a financial year such as 2018-19');
  const config: Config = {
    port: Number(read('PORT', '3000', isPort, 'must be a port from 0 to 65535')),
    host: read('HOST', '127.0.0.1', isGiven, 'must be an address to listen on'),
    dataDir,
    since: since as FinancialYear,
    eventStore: eventStoreOf(env),
    adminKey: env['LEDGER_ADMIN_KEY'],
    databaseKey: readDatabaseKey(env, faults),
    logLevel: read('LOG_LEVEL', 'info', isLevel, `must be one of ${LOG_LEVELS.join(', ')}`),
    signingDir: read('LEDGER_SIGNING_DIR', join(dataDir, 'signing'), isGiven, 'must be a directory'),
    origin: env['LEDGER_ORIGIN'],
    witnesses: env['LEDGER_WITNESSES'],
    timestamps: env['LEDGER_TIMESTAMPS'],
    checkpointSeconds: readCount(env, faults, ['LEDGER_CHECKPOINT_SECONDS', 60, DAY_SECONDS]),
    oidc: readOidc(env, faults),
    limits: readLimits(env, faults),
    corsOrigins: readCorsOrigins(env, faults),
    traces: areTracesAsked(env),
  };
  if (config.origin !== undefined && !isKeyName(config.origin)) {
    faults.push('LEDGER_ORIGIN must be a name without spaces and plus signs, such as ledger.example.org/log');
  }
  if (config.timestamps !== undefined && !isWebAddress(config.timestamps)) {
    faults.push('LEDGER_TIMESTAMPS must be the http or https address of a time-stamping authority');
  }
  if (config.adminKey !== undefined && !/^[\x21-\x7e]+$/.test(config.adminKey)) {
    faults.push('LEDGER_ADMIN_KEY must be visible ASCII characters without spaces');
  } else if (config.adminKey !== undefined && config.adminKey.length < ADMIN_KEY_LENGTH_MIN) {
    faults.push(`LEDGER_ADMIN_KEY must have at least ${ADMIN_KEY_LENGTH_MIN} characters`);
  }
  if (config.traces) faults.push(...faultsOfTraces(env));
  if (config.eventStore) faults.push(...faultsOfEventStore(config.eventStore));
  else if (env['EVENT_STORE_NAMESPACE'] !== undefined) {
    faults.push('EVENT_STORE_NAMESPACE is set, but EVENT_STORE_URL is not');
  }
  if (faults.length > 0) throw new Misconfigured(faults);
  return config;
}

/** @param name of the variable that holds the secret; its value is in no fault */
export function readDatabaseKey(
  env: NodeJS.ProcessEnv,
  faults: string[],
  name = 'LEDGER_DATABASE_KEY',
): DatabaseKey {
  const secret = env[name];
  if (secret === undefined) return PUBLIC_KEY;
  if (!/^[\x21-\x7e]+$/.test(secret) || secret.length < DATABASE_KEY_LENGTH_MIN)
    faults.push(
      `${name} must be at least ${DATABASE_KEY_LENGTH_MIN} visible ASCII characters without spaces`,
    );
  return databaseKeyOf(secret);
}

const TRACES_ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
const TRACES_PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];

function areTracesAsked(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return false;
  return TRACES_ENDPOINTS.some((name) => (env[name] ?? '') !== '');
}

/** Faults of the collector's address, which the SDK would only write to its own log, and then send nothing. */
function faultsOfTraces(env: NodeJS.ProcessEnv): string[] {
  const faultyOf = (names: readonly string[], rule: (value: string) => boolean) =>
    names.filter((name) => (env[name] ?? '') !== '' && !rule(env[name]!));
  return [
    ...faultyOf(TRACES_ENDPOINTS, isWebAddress).map(
      (name) => `${name} must be an http:// or https:// address`,
    ),
    ...faultyOf(TRACES_PROTOCOLS, (value) => value === 'http/json').map(
      (name) => `${name} must be http/json, the only protocol that the ledger speaks`,
    ),
  ];
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

export function faultsOfEventStore(
  { url, namespace }: EventStoreSettings,
  named = 'EVENT_STORE_URL',
): string[] {
  const faults = faultsOfStoreUrl(url).map((says) => `${named} ${says}`);
  if (namespace !== undefined && !NAMESPACE.test(namespace)) {
    faults.push('EVENT_STORE_NAMESPACE must be 1 to 32 lower-case letters and digits');
  }
  return faults;
}

function eventStoreOf(env: NodeJS.ProcessEnv): EventStoreSettings | undefined {
  const url = env['EVENT_STORE_URL'];
  return url === undefined ? undefined : { url, namespace: env['EVENT_STORE_NAMESPACE'] };
}

/** Algorithms whose signatures anyone with the issuer's public keys can check, but not make. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** The issuer's name becomes part of the actor of every event that its subjects record. */
const ISSUER_LENGTH_MAX = 100;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const OF_OIDC = /^LEDGER_OIDC_/;

function readOidc(env: NodeJS.ProcessEnv, faults: string[]): OidcSettings | undefined {
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

function readLimits(env: NodeJS.ProcessEnv, faults: string[]): Limits {
  const limits = Object.entries(LIMITS).map(([name, limit]) => [name, readCount(env, faults, limit)]);
  return Object.fromEntries(limits) as Limits;
}

function readCount(env: NodeJS.ProcessEnv, faults: string[], [name, fallback, max]: Limit): number {
  const text = env[name] ?? String(fallback);
  if (!/^[1-9]\d{0,9}$/.test(text) || Number(text) > max) faults.push(`${name} must be from 1 to ${max}`);
  return Number(text);
}

function readCorsOrigins(env: NodeJS.ProcessEnv, faults: string[]): readonly string[] {
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
