/** Keys of a running ledger, as its admin makes them. */
import type { KeySecretView } from '../../src/access/keys.dto.js';
import type { Role } from '../../src/kernel/provenance.js';
import type { Ledger } from './ledger.js';

export interface KeyAsked {
  readonly role: Role;
  readonly programmes?: readonly string[];
  readonly expiresAt?: string;
  readonly name?: string;
}

let made = 0;

/** The name of a key that was asked for without one is its own. */
export async function makeKey(ledger: Ledger, asked: KeyAsked): Promise<KeySecretView> {
  const body = { name: `${asked.role} ${++made}`, ...asked };
  const answer = await ledger.call<KeySecretView>('POST', '/v1/keys', { body });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
}

/** The secret of a key follows its id, and may contain the `_` that stands before it. */
export const secretOf = (key: string) => key.split('_').slice(2).join('_');

export const withKey = (key: string) => ({ authorization: `Bearer ${key}` });

/** Asks until the condition holds, for changes that come by themselves, such as an expiry. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}
