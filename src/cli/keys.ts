/** `ledger keys`: the admin lets callers in, and takes it back, through the running ledger. */
import type { KeyListView, KeyRevokedView, KeySecretView, KeyView } from '../access/keys.dto.js';
import type { Role } from '../domain/role.js';
import { CommandFailed, type LedgerClient } from './client.js';
import { print, table } from './output.js';

export interface CreateKeyOptions {
  readonly name: string;
  readonly role: Role;
  readonly programme?: readonly string[];
  readonly expires?: string;
  readonly json?: boolean;
}

export interface ListKeysOptions {
  readonly json?: boolean;
}

export interface RotateKeyOptions {
  readonly reason: string;
  readonly overlapSeconds?: string;
  readonly json?: boolean;
}

const PAGE = '500';

export async function createKey(client: LedgerClient, options: CreateKeyOptions): Promise<void> {
  const { name, role, programme: programmes, expires: expiresAt, json } = options;
  const asked = { name, role, ...(programmes && { programmes }), ...(expiresAt && { expiresAt }) };
  show(await client.postOnce<KeySecretView>('/v1/keys', asked), json);
}

export async function listKeys(client: LedgerClient, { json }: ListKeysOptions): Promise<void> {
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
  const header = ['key', 'role', 'status', 'programmes', 'expires', 'last used', 'name'];
  print(
    table(
      header,
      rows,
      header.map(() => 'left'),
    ),
  );
}

export async function rotateKey(client: LedgerClient, id: string, options: RotateKeyOptions): Promise<void> {
  const { reason, overlapSeconds, json } = options;
  if (overlapSeconds !== undefined && !/^\d{1,7}$/.test(overlapSeconds)) {
    throw new CommandFailed('--overlap-seconds must be a whole number', 2);
  }
  const asked = {
    reason,
    ...(overlapSeconds !== undefined && { overlapSeconds: Number(overlapSeconds) }),
  };
  show(await client.postOnce<KeySecretView>(`/v1/keys/${encodeURIComponent(id)}/rotation`, asked), json);
}

export async function revokeKey(client: LedgerClient, id: string, reason: string): Promise<void> {
  const { sequence } = await client.post<KeyRevokedView>(`/v1/keys/${encodeURIComponent(id)}/revocation`, {
    reason,
  });
  print(`The key ${id} lets nobody in any more (sequence ${sequence}).`);
}

/** The key alone on standard output, so that it can go straight to where it is kept. */
function show(answer: KeySecretView, json: boolean | undefined): void {
  if (json) return print(JSON.stringify(answer));
  process.stderr.write(`The key ${answer.id}, shown this once:\n`);
  print(answer.key);
}
