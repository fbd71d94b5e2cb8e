/** `ledger keys`: the admin creates, lists, rotates and revokes keys through the running ledger. */
import { Option, type Command } from 'commander';
import type { KeyListView, KeyRevokedView, KeySecretView, KeyView } from '../access/keys.dto.js';
import { ROLES, type Role } from '../kernel/provenance.js';
import { CommandFailed, type LedgerClient } from './client.js';
import { print, table } from './output.js';
import { connected, withClient } from './connection.js';

interface ForPrograms {
  readonly json?: boolean;
}

interface CreateKeyOptions extends ForPrograms {
  readonly name: string;
  readonly role: Role;
  readonly programme?: readonly string[];
  readonly expires?: string;
}

interface RotateKeyOptions extends ForPrograms {
  readonly reason: string;
  readonly overlapSeconds?: string;
}

const PAGE = '500';

export function register(ledger: Command): void {
  const keys = ledger.command('keys').description('create, list, rotate and revoke the keys of callers');
  connected(keys.command('create'))
    .description('make a key, which is printed only this once')
    .requiredOption('--name <name>', 'the system or team that the key is for')
    .addOption(new Option('--role <role>', 'what the key allows').choices([...ROLES]).makeOptionMandatory())
    .option('--programme <id...>', 'the only programmes that a key of the role programme may act for')
    .option(
      '--expires <instant>',
      'when it stops to be taken, such as 2027-04-01T00:00:00Z; by default never',
    )
    .option('--json', 'print the answer as JSON')
    .action(withClient(createKey));
  connected(keys.command('list'))
    .description('list all keys, revoked ones too')
    .option('--json', 'print each key as JSON on a line')
    .action(withClient(listKeys));
  connected(keys.command('rotate <id>'))
    .description('give a key another secret, which is printed only this once')
    .requiredOption('--reason <reason>', 'why')
    .option('--overlap-seconds <seconds>', 'how long the old secret is accepted too; by default it is not')
    .option('--json', 'print the answer as JSON')
    .action(withClient(rotateKey));
  connected(keys.command('revoke <id>'))
    .description('revoke a key, so that it lets nobody in')
    .requiredOption('--reason <reason>', 'why')
    .action(withClient(revokeKey));
}

async function createKey(client: LedgerClient, options: CreateKeyOptions): Promise<void> {
  const { name, role, programme: programmes, expires: expiresAt, json } = options;
  const asked = { name, role, ...(programmes && { programmes }), ...(expiresAt && { expiresAt }) };
  show(await client.post<KeySecretView>('/v1/keys', asked, { once: true }), json);
}

async function listKeys(client: LedgerClient, { json }: ForPrograms): Promise<void> {
  const keys: KeyView[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const page: KeyListView = await client.get('/v1/keys', { after, limit: PAGE });
    keys.push(...page.keys);
    after = page.next;
  }
  if (json) {
    for (const key of keys) print(JSON.stringify(key));
    return;
  }
  const rows = keys.map(({ id, role, status, programmes, expiresAt, lastUsedOn, name }) => [
    id,
    role,
    status,
    programmes.join(' ') || '–',
    expiresAt?.slice(0, 10) ?? 'never',
    lastUsedOn ?? 'never',
    name,
  ]);
  print(table(['key', 'role', 'status', 'programmes', 'expires', 'last used', 'name'], rows));
}

const pathOf = (id: string) => `/v1/keys/${encodeURIComponent(id)}`;

async function rotateKey(client: LedgerClient, id: string, options: RotateKeyOptions): Promise<void> {
  const { reason, overlapSeconds, json } = options;
  if (overlapSeconds !== undefined && !/^\d{1,7}$/.test(overlapSeconds)) {
    throw new CommandFailed('--overlap-seconds must be a whole number', 2);
  }
  const asked = { reason, ...(overlapSeconds !== undefined && { overlapSeconds: Number(overlapSeconds) }) };
  show(await client.post<KeySecretView>(`${pathOf(id)}/rotation`, asked, { once: true }), json);
}

async function revokeKey(
  client: LedgerClient,
  id: string,
  { reason }: { readonly reason: string },
): Promise<void> {
  const { sequence } = await client.post<KeyRevokedView>(`${pathOf(id)}/revocation`, { reason });
  print(`The key ${id} lets nobody in any more (sequence ${sequence}).`);
}

/** Standard output has the key alone, so that it can be piped to where it is kept. */
function show(answer: KeySecretView, json: boolean | undefined): void {
  if (json) return print(JSON.stringify(answer));
  process.stderr.write(`The key ${answer.id}, shown this once:\n`);
  print(answer.key);
}
