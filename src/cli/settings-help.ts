/** The part of `ledger serve --help` about the configuration: every environment variable that is read (config.ts). */
import { LIMITS } from '../config.js';

/** Each variable's name, default and description. */
const SETTINGS: readonly (readonly [name: string, fallback: string, says: string])[] = [
  ['PORT', '3000', 'where to listen; 0 takes any free port'],
  ['HOST', '127.0.0.1', 'the address to listen on'],
  ['DATA_DIR', './data', 'the directory of the ledger’s files'],
  ['SINCE', '2018-19', 'the financial year that totals since begin with'],
  ['LOG_LEVEL', 'info', 'trace, debug, info, warn, error, fatal or silent'],
  ['EVENT_STORE_URL', 'unset', 'an esdb:// address keeps the events in EventStoreDB or KurrentDB'],
  ['EVENT_STORE_NAMESPACE', 'unset', 'a prefix of stream names, for ledgers that share a store'],
  ['LEDGER_ADMIN_KEY', 'made', 'the first key; otherwise admin.key in DATA_DIR'],
  ['LEDGER_DATABASE_KEY', 'unset', 'encrypts the databases and backups; set before the first start'],
  ['LEDGER_SIGNING_DIR', 'signing/ in DATA_DIR', 'the key that signs the log, and its last checkpoint'],
  ['LEDGER_ORIGIN', 'made', 'the log’s name in its checkpoints'],
  ['LEDGER_CHECKPOINT_SECONDS', '60', 'how often a ledger that grows signs a checkpoint'],
  ['LEDGER_WITNESSES', 'unset', 'a file with the witnesses that cosign checkpoints'],
  ['LEDGER_TIMESTAMPS', 'unset', 'an authority that stamps each checkpoint (RFC 3161)'],
  ['LEDGER_OIDC_ISSUER', 'unset', 'the issuer whose access tokens are accepted'],
  ['LEDGER_OIDC_AUDIENCE', 'unset', 'the audience that the issuer puts into tokens for this ledger'],
  ['LEDGER_OIDC_ALGORITHMS', 'RS256 ES256', 'the algorithms with which a token may be signed'],
  ['LEDGER_OIDC_TYPE', 'at+jwt', 'the type in a token’s head'],
  ['LEDGER_OIDC_PROGRAMMES_CLAIM', 'ledger_programmes', 'the claim that lists programmes'],
  ...Object.values(LIMITS).map(([name, fallback, , says]) => [name, String(fallback), says] as const),
  ['LEDGER_CORS_ORIGINS', 'none', 'sites whose pages may read the ledger'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'unset', 'a collector of traces; OpenTelemetry’s other variables hold too'],
];

export const SETTINGS_NAMES: readonly string[] = SETTINGS.map(([name]) => name);

export function settingsHelp(): string {
  const width = Math.max(...SETTINGS_NAMES.map(({ length }) => length));
  const lines = SETTINGS.map(
    ([name, fallback, says]) => `  ${name.padEnd(width)}  ${says} (default: ${fallback})`,
  );
  return `\nEnvironment variables, all optional, checked together at the start:\n${lines.join('\n')}`;
}
