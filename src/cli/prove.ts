/** `ledger prove`: fetches a bundle into a file, which gets its name when it is whole. */
import { Option, type Command } from 'commander';
import { pipeline } from 'node:stream/promises';
import { parseCheckpoint } from '../tlog/checkpoint.js';
import { readNote } from '../checker/verify-file.js';
import type { LedgerClient, Query } from './client.js';
import { intoFile, print } from './output.js';
import { connected, withClient } from './connection.js';

export function register(ledger: Command): void {
  connected(ledger.command('prove'))
    .description('write a bundle that anyone can check offline: everything, or what is asked for')
    .option('--out <file>', 'the file to write; by default standard output')
    .option(
      '--since <checkpoint>',
      'a file with a checkpoint that you kept: the bundle proves to continue it',
    )
    .option('--programme <id>', 'only events and figures of this programme')
    .option('--after <sequence>', 'only events after this one')
    .option('--until <moment>', 'only events up to a sequence, an instant, or the end of a day')
    .option('--measure <id>', 'the annual figures of this measure, and what they are made of')
    .option('--organisation <id>', 'with --measure: only this organisation')
    .option('--from <year>', 'with --measure: the first financial year')
    .option('--to <year>', 'with --measure: the last financial year')
    .option('--as-at-sequence <sequence>', 'with --measure: the figures as known after that event')
    .addOption(
      new Option(
        '--whole',
        'with --measure: add every event, which shows that no other belongs to the figures',
      ).preset('true'),
    )
    .action(withClient(proveCommand));
}

async function proveCommand(client: LedgerClient, { out, since, ...query }: Query): Promise<void> {
  const size = since === undefined ? undefined : String(parseCheckpoint(readNote(since)).size);
  const bundle = client.stream('/v1/audit/bundle', { query: { ...query, since: size } });
  if (out === undefined) {
    for await (const chunk of bundle) process.stdout.write(chunk);
    return;
  }
  await intoFile(out, (target) => pipeline(bundle, target));
  print(`The bundle is in ${out}: check it with ledger verify ${out}`);
}
