/**
 * What the signer keeps in a directory of its own, away from what it signs: `log.key`, the signing keys, mode 600,
 * and `head`, the last checkpoint that was signed.
 *
 * The directory can be put on another disk or machine (LEDGER_SIGNING_DIR): who restores an old copy of the data
 * then does not restore what was signed since.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, type SignerKey } from './note.js';

export class SigningFiles {
  constructor(private readonly dir: string) {}

  get keyFile(): string {
    return join(this.dir, 'log.key');
  }

  get headFile(): string {
    return join(this.dir, 'head');
  }

  /**
   * The keys, one a line: each signs, so that a new key can be added before an old one is taken away. One is made
   * where there is none.
   * @param origin the log's name; one is made up for a key that is made where it is undefined
   */
  keys(origin: string | undefined): readonly SignerKey[] {
    if (!existsSync(this.keyFile)) {
      if (existsSync(this.headFile))
        throw new Error(`${this.headFile} was signed with a key that is gone: restore ${this.keyFile}`);
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      const name = origin ?? `outcome-ledger/${randomBytes(8).toString('hex')}`;
      writeFileSync(this.keyFile, `${makeSignerKey(name, 'log')}\n`, { mode: 0o600, flag: 'wx' });
    }
    const keys = this.readKeys();
    for (const { verifier } of keys) {
      const expected = origin ?? keys[0]!.verifier.name;
      if (verifier.name === expected) continue;
      throw new Error(`${this.keyFile} has a key of ${verifier.name}, but the log is ${expected}`);
    }
    return keys;
  }

  /** Of the keys that are there; none is made. */
  verifierKeys(): string[] {
    return existsSync(this.keyFile) ? this.readKeys().map(({ verifier }) => encodeVerifierKey(verifier)) : [];
  }

  private readKeys(): readonly SignerKey[] {
    return readFileSync(this.keyFile, 'utf8').trim().split('\n').map(parseSignerKey);
  }

  /** Null before the first. */
  head(): string | null {
    return existsSync(this.headFile) ? readFileSync(this.headFile, 'utf8') : null;
  }

  /** On disk when it resolves: a checkpoint that was given out is never forgotten. */
  keepHead(checkpoint: string): Promise<void> {
    return writeDurably(this.dir, this.headFile, checkpoint);
  }
}

/** In one step: a crash leaves the old content or the new. */
export async function writeDurably(dir: string, name: string, content: string): Promise<void> {
  const next = `${name}.new`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, name);
  const directory = await open(dir, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
