/**
 * What the signer keeps in a directory of its own, away from what it signs: `log.key`, the signing keys, mode 600,
 * and `head`, the last checkpoint that was signed.
 *
 * The directory can be put on another disk or machine (LEDGER_SIGNING_DIR): who restores an old copy of the data
 * then does not restore what was signed since. One signer at a time holds it.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { holdDataDir } from '../store/data-dir.js';
import { StoreUnavailable } from '../store/event-store.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, type SignerKey } from '../tlog/note.js';

export class SigningFiles {
  /** As it was read or written last; undefined where it never was. */
  private known: string | null | undefined;
  /** What was to take its place last, and may have done so although that failed. */
  private attempted: string | null = null;

  constructor(private readonly dir: string) {}

  /**
   * Two that sign here would each forget what the other signed.
   * @throws DataDirInUse, DataDirUnusable; @returns what gives the directory back
   */
  hold(): () => void {
    return holdDataDir(this.dir, { what: 'signing', variable: 'LEDGER_SIGNING_DIR' });
  }

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
      this.keepKey(`${makeSignerKey(name, 'log')}\n`);
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

  /** On disk before anything is signed with it, and whole: of two that make one at a time the first stands. */
  private keepKey(text: string): void {
    const next = `${this.keyFile}.${randomBytes(8).toString('hex')}.new`;
    writeFileSync(next, text, { mode: 0o600, flag: 'wx', flush: true });
    try {
      linkSync(next, this.keyFile);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(next);
    }
    const dir = openSync(this.dir, 'r');
    fsyncSync(dir);
    closeSync(dir);
  }

  /** In one step. Who signs with them now goes on to, until it is started anew. */
  async replaceKeys(change: (lines: readonly string[]) => readonly string[]): Promise<void> {
    const lines = change(readFileSync(this.keyFile, 'utf8').trim().split('\n'));
    await writeDurably(this.dir, this.keyFile, `${lines.join('\n')}\n`);
  }

  private readKeys(): readonly SignerKey[] {
    const mode = statSync(this.keyFile).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new Error(
        `${this.keyFile} has the mode ${mode.toString(8)}: others than its owner can use the key; chmod 600 it, or replace it`,
      );
    }
    try {
      return readFileSync(this.keyFile, 'utf8').trim().split('\n').map(parseSignerKey);
    } catch (error) {
      throw new Error(`${this.keyFile}: ${(error as Error).message}: restore it`, { cause: error });
    }
  }

  /** Null before the first. */
  head(): string | null {
    return (this.known = this.readHead());
  }

  /** Milliseconds since 1970; null before the first. */
  headWrittenAtMs(): number | null {
    return existsSync(this.headFile) ? statSync(this.headFile).mtimeMs : null;
  }

  /** Of the head, as it was kept with it; null where there is none. */
  timestamp(): string | null {
    return existsSync(this.timestampFile) ? readFileSync(this.timestampFile, 'utf8') : null;
  }

  /** Worth nothing beside another head, so that nothing is lost where it is not on disk. */
  async keepTimestamp(token: string): Promise<void> {
    await writeDurably(this.dir, this.timestampFile, token);
  }

  private get timestampFile(): string {
    return join(this.dir, 'head.timestamp');
  }

  private readHead(): string | null {
    return existsSync(this.headFile) ? readFileSync(this.headFile, 'utf8') : null;
  }

  /**
   * On disk when it resolves: a checkpoint that was given out is never forgotten. Where it fails, the one before or
   * this one is there, and the next takes its place.
   * @throws StoreUnavailable
   */
  async keepHead(checkpoint: string): Promise<void> {
    const found = this.readHead();
    if (this.known !== undefined && found !== this.known && found !== this.attempted)
      throw new Error(`${this.headFile} was changed by another process: nothing more is signed`);
    this.known = found;
    this.attempted = checkpoint;
    try {
      await writeDurably(this.dir, this.headFile, checkpoint);
    } catch (error) {
      throw new StoreUnavailable(`${this.headFile} cannot be kept: ${(error as Error).message}`, {
        cause: error,
      });
    }
    this.known = checkpoint;
  }
}

/** In one step: a crash leaves the old content or the new. */
export async function writeDurably(dir: string, name: string, content: string): Promise<void> {
  const next = `${name}.${randomBytes(8).toString('hex')}.new`;
  const file = await open(next, 'w', 0o600);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, name);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  const directory = await open(dir, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
