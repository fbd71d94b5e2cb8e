/**
 * The signer's files, in a directory of their own, apart from the data: `log.key`, the signing keys, mode 600,
 * and `head`, the last checkpoint that was signed.
 *
 * The directory can be on another disk or machine (LEDGER_SIGNING_DIR): an operator who restores an old copy of
 * the data then keeps the newest head. One signer at a time holds the directory.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdDataDir } from '../store/data-dir.js';
import { flush, writeDurably } from '../store/durable-file.js';
import { StoreUnavailable } from '../store/event-store.js';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, type SignerKey } from '../tlog/note.js';

export class SigningFiles {
  /** The head as this process read or wrote it last; undefined where it did neither. */
  private known: string | null | undefined;
  /** The head that the last write was to put there, which it may have done even though it failed. */
  private attempted: string | null = null;

  constructor(private readonly dir: string) {}

  /**
   * Holds the directory: two signers in it would each forget what the other signed.
   * @throws DataDirInUse, DataDirUnusable; @returns a function that releases the directory
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
   * The signing keys, one a line. Each of them signs, so that a new key can be added before an old one is
   * removed. Where there is no key, one is made.
   * @param origin the log's name; where it is undefined, a new key gets a name that is made up
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
      throw new Error(`${this.keyFile} has a key of ${verifier.name}, but the log’s name is ${expected}`);
    }
    return keys;
  }

  /** The verifier keys of the signing keys; none is made. */
  verifierKeys(): string[] {
    return existsSync(this.keyFile) ? this.readKeys().map(({ verifier }) => encodeVerifierKey(verifier)) : [];
  }

  /**
   * Puts a whole key on disk before anything is signed with it. Where two processes make a key at a time, the
   * first one stays.
   */
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
    flush(this.dir);
  }

  /** Replaces the keys in one step. A running signer goes on with the old keys until it is restarted. */
  async replaceKeys(change: (lines: readonly string[]) => readonly string[]): Promise<void> {
    const lines = change(readFileSync(this.keyFile, 'utf8').trim().split('\n'));
    await writeDurably(this.keyFile, `${lines.join('\n')}\n`);
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

  /** The last signed head; null before the first. */
  head(): string | null {
    return (this.known = this.readHead());
  }

  /** The time of the last head in milliseconds since 1970; null before the first. */
  headWrittenAtMs(): number | null {
    return existsSync(this.headFile) ? statSync(this.headFile).mtimeMs : null;
  }

  /** The time stamp that was kept with the head; null where there is none. */
  timestamp(): string | null {
    return existsSync(this.timestampFile) ? readFileSync(this.timestampFile, 'utf8') : null;
  }

  /**
   * Keeps a time stamp. It is checked against the head when it is read, so a crash between the two files loses
   * nothing.
   */
  async keepTimestamp(token: string): Promise<void> {
    await writeDurably(this.timestampFile, token);
  }

  /** The checkpoint that proves a fork is evidence: nobody else may have it any more. */
  get forkFile(): string {
    return join(this.dir, 'fork.checkpoint');
  }

  async keepFork(checkpoint: string): Promise<void> {
    await writeDurably(this.forkFile, checkpoint);
  }

  private get timestampFile(): string {
    return join(this.dir, 'head.timestamp');
  }

  private readHead(): string | null {
    return existsSync(this.headFile) ? readFileSync(this.headFile, 'utf8') : null;
  }

  /**
   * Keeps a head, which is on disk when the promise resolves: a checkpoint that was given out is never forgotten.
   * Where the write fails, the earlier head or this one is there, and the next one replaces either.
   * @throws StoreUnavailable
   */
  async keepHead(checkpoint: string): Promise<void> {
    const found = this.readHead();
    if (this.known !== undefined && found !== this.known && found !== this.attempted)
      throw new Error(`${this.headFile} was changed by another process: nothing more is signed`);
    this.known = found;
    this.attempted = checkpoint;
    try {
      await writeDurably(this.headFile, checkpoint);
    } catch (error) {
      throw new StoreUnavailable(`${this.headFile} cannot be kept: ${(error as Error).message}`, {
        cause: error,
      });
    }
    this.known = checkpoint;
  }
}
