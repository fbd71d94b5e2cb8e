/** `ledger prove`: fetches a bundle. It never stands half-written under its name. */
import { pipeline } from 'node:stream/promises';
import { parseCheckpoint } from '../tlog/checkpoint.js';
import { readNote } from '../checker/verify-file.js';
import type { LedgerClient } from './client.js';
import { intoFile, print } from './output.js';

export interface ProveOptions {
  readonly out?: string;
  readonly since?: string;
  readonly [query: string]: string | undefined;
}

export async function proveCommand(
  client: LedgerClient,
  { out, since, ...query }: ProveOptions,
): Promise<void> {
  const size = since === undefined ? undefined : String(parseCheckpoint(readNote(since)).size);
  const bundle = client.stream('/v1/audit/bundle', { query: { ...query, since: size } });
  if (out === undefined) {
    for await (const chunk of bundle) process.stdout.write(chunk);
    return;
  }
  await intoFile(out, (target) => pipeline(bundle, target));
  print(`The bundle is in ${out}: check it with ledger verify ${out}`);
}
