#!/usr/bin/env node
/**
 * `ledger-verify`: the checker alone. It needs Node.js and nothing else: no package, no ledger, no network. Exit codes:
 * 0 good; 1 tampered; 2 cannot tell, or the command itself is wrong.
 */
import { parseArgs } from 'node:util';
import { verifyFile } from './verify-file.js';

const HELP = `ledger-verify <bundle or proof> [options]
  --key <key>             a verifier key that you trust, or a file with some
  --policy <file>         says whom you trust, in place of --key: log, witness, group and quorum lines
  --since <file>          a checkpoint that you kept: the log must be its continuation
  --since-time <instant>  when you got that checkpoint: no later event may be dated before then
  --event <file>          for a single proof: a file with its event
  --checkpoint <file>     for a single proof that has none: a file with its checkpoint
  --expect <scope>        the scope you asked for: everything, programme:<id>, period or figure
  --json                  the verdict as JSON
Exit codes: 0 good; 1 tampered; 2 cannot tell.
`;

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      policy: { type: 'string' },
      since: { type: 'string' },
      'since-time': { type: 'string' },
      expect: { type: 'string' },
      event: { type: 'string' },
      checkpoint: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const [file, ...more] = positionals;
  if (values.help || file === undefined || more.length > 0) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const { 'since-time': sinceTime, ...options } = values;
  const { text, exitCode } = await verifyFile(file, { ...options, sinceTime });
  process.stdout.write(`${text}\n`);
  return exitCode;
}

run().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`ledger-verify: ${(error as Error).message}\n`);
    process.exitCode = 2;
  },
);
