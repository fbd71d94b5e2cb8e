/**
 * Keeps a file while it is imported, in `imports/` of the data directory. The file is read twice, and its hash must be
 * known before its first row is recorded, so it is written to disk first and never held in memory whole.
 *
 * A spooled file is worth nothing once its import has ended: the sender has it. It is encrypted with a key that is in
 * memory alone, so nobody can read a file that a killed process leaves.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  randomUUID,
  type Decipher,
} from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Config } from '../config.js';
import { Problem } from '../api/problem.js';
import { freeBytesAt } from '../store/data-dir.js';
import { StoreUnavailable } from '../store/event-store.js';
import { collectAll, collectYoung } from '../memory.js';

/** A client that sends nothing for so long has gone, whatever its connection says. */
const IDLE_MS_MAX = 60_000;
/** One turn of the event loop parses so many bytes, some hundred rows, in a few milliseconds. */
const PIECE_BYTES = 32 * 1024;
/** Buffers of an upload may hold so much garbage before it is collected. */
const UNSWEPT_BYTES_MAX = 4 * 1024 * 1024;

const MIB = 1024 * 1024;
/** One caller may have this part of the room for files, so that the others find some. */
const SHARE = 4;

/** A stream cipher gives a piece as many bytes as it had before. */
const CIPHER = 'aes-256-ctr';

export interface SpooledFile {
  readonly sha256: string;
  read(): AsyncIterable<Buffer>;
  remove(): void;
}

@Injectable()
export class ImportSpool implements OnModuleInit {
  private readonly dir: string;
  /** The bytes of each caller's files that are kept now. */
  private readonly kept = new Map<string, number>();

  constructor(private readonly config: Config) {
    this.dir = join(config.dataDir, 'imports');
  }

  /** Removes files of killed processes: this process alone has the data directory by now. */
  onModuleInit(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /**
   * @throws Problem where the client breaks off, stops sending or takes too long, where there is no room for the file, or
   * `signal` aborts; nothing is kept then
   */
  async receive(
    upload: Readable,
    actor: string,
    signal: AbortSignal,
    { idleMsMax = IDLE_MS_MAX } = {},
  ): Promise<SpooledFile> {
    await this.refuseIfLow();
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const path = join(this.dir, randomUUID());
    const hash = createHash('sha256');
    const secret = [CIPHER, randomBytes(32), randomBytes(16)] as const;
    const cipher = createCipheriv(...secret);
    const idle = new AbortController();
    const timer = setTimeout(() => idle.abort(), idleMsMax);
    const { importSeconds } = this.config.limits;
    const late = AbortSignal.timeout(importSeconds * 1_000);
    let bytes = 0;
    const take = (more: number) => this.take(actor, more, (bytes += more));
    const refuseIfLow = () => this.refuseIfLow();
    const remove = () => {
      rmSync(path, { force: true });
      this.giveBack(actor, bytes);
      bytes = 0;
    };
    const hashing = async function* (pieces: AsyncIterable<Buffer>) {
      let [unswept, collect] = [0, collectAll];
      for await (const piece of pieces) {
        timer.refresh();
        take(piece.length);
        hash.update(piece);
        if ((unswept += piece.length) > UNSWEPT_BYTES_MAX) {
          collect();
          [unswept, collect] = [0, collectYoung];
          await refuseIfLow();
        }
        yield cipher.update(piece);
      }
    };
    try {
      // The file is opened first: a stream that opens it by itself may do so after it was removed.
      const file = await open(path, 'wx', 0o600);
      const either = AbortSignal.any([signal, idle.signal, late]);
      await pipeline(upload, hashing, file.createWriteStream(), { signal: either });
    } catch (error) {
      remove();
      if (late.aborted && !signal.aborted)
        throw new Problem(
          'too-slow',
          `the file did not arrive within ${importSeconds} seconds: send a smaller one`,
        );
      throw reasonOf(error, { stopping: signal.aborted, idle: idle.signal.aborted });
    } finally {
      clearTimeout(timer);
    }
    return {
      sha256: hash.digest('hex'),
      read: () => decrypted(path, createDecipheriv(...secret)),
      remove,
    };
  }

  /** Counts more bytes of a caller's file, which then has `ofFile` of them. @throws Problem past the caller's share */
  private take(actor: string, more: number, ofFile: number): void {
    const max = this.config.limits.importsMib * MIB;
    const ofActor = (this.kept.get(actor) ?? 0) + more;
    this.kept.set(actor, ofActor);
    const share = max / SHARE;
    if (ofFile > share)
      throw new Problem('too-large', `a file may have at most ${share / MIB} MiB: divide it`);
    const all = [...this.kept.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (ofActor > share || all > max) throw noRoom('overloaded', 'too many files are being imported now');
  }

  private giveBack(actor: string, bytes: number): void {
    const left = this.kept.get(actor)! - bytes;
    if (left > 0) this.kept.set(actor, left);
    else this.kept.delete(actor);
  }

  /** A disk that files filled would take no submission of anyone. */
  private async refuseIfLow(): Promise<void> {
    const { dataDir, limits } = this.config;
    if ((await freeBytesAt(dataDir)) < limits.diskReserveMib * MIB)
      throw noRoom('store-unavailable', 'the disk has no room for files now');
  }
}

function noRoom(code: 'overloaded' | 'store-unavailable', says: string): Problem {
  return new Problem(code, `${says}: send it again later`, { headers: { 'retry-after': '60' } });
}

async function* decrypted(path: string, decipher: Decipher): AsyncIterable<Buffer> {
  const pieces = createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
  for await (const piece of pieces) yield decipher.update(piece);
}

function reasonOf(
  error: unknown,
  { stopping, idle }: { readonly stopping: boolean; readonly idle: boolean },
): Error {
  if (error instanceof Problem) return error;
  if (stopping) return ledgerStops();
  if (idle)
    return new Problem('bad-request', 'the upload stood still for too long and was given up: send it again');
  // An error of the disk, unlike one of the network, names a system call.
  if (
    (error as NodeJS.ErrnoException).syscall === 'write' ||
    (error as NodeJS.ErrnoException).syscall === 'open'
  ) {
    return new StoreUnavailable('the file cannot be kept on disk', { cause: error });
  }
  return new Problem('bad-request', 'the upload broke off before its end: send it again');
}

/** The sender of an import that a restart cut short sends the file again: nothing is lost or repeated. */
export function ledgerStops(): Problem {
  return new Problem(
    'store-unavailable',
    'the ledger is stopping: send the same file again and it is completed',
    {
      headers: { 'retry-after': '5' },
    },
  );
}
