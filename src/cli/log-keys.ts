/**
 * `ledger log rotate-key`: gives the log another key, with an overlap in which both keys sign.
 *
 * The command first adds the new key, and the ledger is restarted: from then on each checkpoint has both signatures, so
 * that the old key vouches for the new one. When everyone has the new key, `--finish` removes the old one. It refuses
 * to before a checkpoint has both signatures: without one nobody could follow from the old key to the new one.
 */
import type { Command } from 'commander';
import { parseCheckpoint } from '../tlog/checkpoint.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, verifiedSignatures } from '../tlog/note.js';
import { SigningFiles } from '../audit/signing-files.js';
import { readConfig } from '../config.js';
import { CommandFailed } from './client.js';
import { print } from './output.js';

export function register(ledger: Command): void {
  ledger
    .command('log')
    .description('look after the keys that sign the log')
    .command('rotate-key')
    .description(
      'add a key in LEDGER_SIGNING_DIR, so that both sign; then, with --finish, take the old one away',
    )
    .option('--finish', 'remove the old key, once a checkpoint was signed with both')
    .action(rotateKeyCommand);
}

async function rotateKeyCommand({ finish = false }: { readonly finish?: boolean }): Promise<void> {
  const { signingDir } = readConfig(process.env);
  const files = new SigningFiles(signingDir);
  if (files.verifierKeys().length === 0) throw new CommandFailed(`there is no key in ${files.keyFile}`);
  return finish ? finishRotation(files) : beginRotation(files);
}

async function beginRotation(files: SigningFiles): Promise<void> {
  const [old, ...more] = files.keys(undefined);
  if (more.length > 0) throw new CommandFailed('two keys sign already: end that with --finish first');
  const made = makeSignerKey(old!.verifier.name, 'log');
  await files.replaceKeys((lines) => [...lines, made]);
  print('Both keys sign once the ledger is started anew:');
  for (const key of [old!, parseSignerKey(made)]) print(`  ${encodeVerifierKey(key.verifier)}`);
  print('Have everyone take both from /v1/audit/key, and then end with: ledger log rotate-key --finish');
}

async function finishRotation(files: SigningFiles): Promise<void> {
  const keys = files.keys(undefined).map(({ verifier }) => verifier);
  if (keys.length < 2)
    throw new CommandFailed('only one key signs: begin a rotation with ledger log rotate-key');
  const head = files.head();
  const signed = head === null ? [] : verifiedSignatures(parseCheckpoint(head).note, keys);
  if (signed.length < keys.length) {
    throw new CommandFailed(
      'no checkpoint was signed with both keys yet: start the ledger anew, and wait for one',
    );
  }
  await files.replaceKeys((lines) => lines.slice(-1));
  print('The old key signs no more once the ledger is started anew. This one does:');
  print(`  ${encodeVerifierKey(keys.at(-1)!)}`);
}
