#!/usr/bin/env node
/**
 * `ledger-verify`: the checker alone. It needs Node.js and nothing else: no package, no ledger, no network. Exit codes:
 * 0 good; 1 tampered; 2 cannot tell, or the command itself is wrong.
 */
import { parseArgs } from 'node:util';
import { OPTIONS, verifyFile, type VerifyOptions } from './verify-file.js';

const HELP = `ledger-verify <bundle or proof> [options]
${Object.entries(OPTIONS)
  .map(([name, [takes, says]]) => `  ${`--${name} ${takes}`.padEnd(22)}  ${says}\n`)
  .join('')}  --json                  the verdict as JSON
Exit codes: 0 good; 1 tampered; 2 cannot tell.
`;

type Given = VerifyOptions & { readonly help?: boolean; readonly 'since-time'?: string };

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const }])),
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const [file, ...more] = positionals;
  if (values.help || file === undefined || more.length > 0) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const { help: _, 'since-time': sinceTime, ...options } = values as Given;
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
