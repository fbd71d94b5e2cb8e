/** `ledger prove`: fetches a bundle. It never stands half-written under its name. */
import { createWriteStream, renameSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { parseCheckpoint } from '../audit/checkpoint.js';
import { readNote } from '../audit/verify-file.js';
import { CommandFailed, type LedgerClient } from './client.js';
import { print } from './output.js';

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
  const response = await client.request('/v1/audit/bundle', { query: { ...query, since: size } });
  const body = Readable.fromWeb(response.body as ReadableStream);
  if (out === undefined) {
    for await (const chunk of body) process.stdout.write(chunk as Buffer);
    return;
  }
  try {
    await pipeline(body, createWriteStream(`${out}.part`));
    renameSync(`${out}.part`, out);
  } catch (error) {
    throw new CommandFailed(`${out} could not be written: ${(error as Error).message}`);
  }
  print(`The bundle is in ${out}: check it with ledger verify ${out}`);
}
