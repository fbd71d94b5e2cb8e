/**
 * Checks whether the write-ahead log that SQLite will read at its next start still has everything that was committed.
 *
 * SQLite reads a log up to the first frame that fails its checksum, and takes that frame for where a crash came. So one
 * flipped bit in the middle removes every commit after it, without a word. Before SQLite opens the file, this check
 * looks at the frames behind the last good one (https://sqlite.org/fileformat2.html#walformat):
 * - A frame that differs from a good one by one bit was good once: no crash leaves such a frame.
 * - Under `synchronous=FULL` a transaction is written only after the fsync of the commit before it. So where a
 *   transaction follows on a commit, that commit was on disk, and a wrong frame before it was right once.
 *
 * A crash or an earlier log left all other frames behind the last good one.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const BIG_ENDIAN_MAGIC = 0x377f0683;
const LITTLE_ENDIAN_MAGIC = 0x377f0682;
const PAGE_BYTES_MAX = 65_536;

/** Each frame's checksum continues that of the frame before it, and has two halves. */
type FrameSums = readonly [number, number];

export function walOf(database: string): string {
  return `${database}-wal`;
}

/**
 * @param isSynced every commit was flushed before the next was written
 * @returns the damage of the log of a database that nobody has open; null where there is no log, or it is good
 */
export function damageInWal(database: string, { isSynced }: { readonly isSynced: boolean }): string | null {
  const file = walOf(database);
  if (!existsSync(file)) return null;
  const fd = openSync(file, 'r');
  try {
    const says = new Wal(fd).damage(isSynced);
    return says === null ? null : `${file}: ${says}, so that commits would be lost`;
  } finally {
    closeSync(fd);
  }
}

class Wal {
  private readonly header = new DataView(new ArrayBuffer(HEADER_BYTES));
  private frame!: DataView;
  private isLittleEndian = true;

  constructor(private readonly fd: number) {}

  damage(isSynced: boolean): string | null {
    const read = readSync(this.fd, this.header, 0, HEADER_BYTES, 0);
    // The log was not written yet, or a crash came when it had only been made longer.
    if (read < HEADER_BYTES || isZero(this.header)) return null;
    let sums = this.sumsOfHeader();
    if (sums === null) return 'its header fails its checksum';
    for (let index = 0; this.read(index); index++) {
      const next = this.follow(sums);
      if (next === null) return this.damageBehind(index, sums, isSynced);
      sums = next;
    }
    return null;
  }

  private sumsOfHeader(): FrameSums | null {
    const magic = this.header.getUint32(0);
    const pageBytes = this.header.getUint32(8);
    const isKnown = magic === BIG_ENDIAN_MAGIC || magic === LITTLE_ENDIAN_MAGIC;
    if (!isKnown || pageBytes > PAGE_BYTES_MAX) return null;
    this.isLittleEndian = magic === LITTLE_ENDIAN_MAGIC;
    const sums = this.sum(this.header, [0, 24], [0, 0]);
    if (sums[0] !== this.header.getUint32(24) || sums[1] !== this.header.getUint32(28)) return null;
    this.frame = new DataView(new ArrayBuffer(FRAME_HEADER_BYTES + pageBytes));
    return sums;
  }

  /** @returns false where the file has no whole frame there */
  private read(index: number): boolean {
    const bytes = this.frame.byteLength;
    return readSync(this.fd, this.frame, 0, bytes, HEADER_BYTES + index * bytes) === bytes;
  }

  /** The sums after the frame in hand; null where that frame is not of this log, whole, and the next after `before`. */
  private follow(before: FrameSums): FrameSums | null {
    if (!this.isOfThisLog()) return null;
    const { frame } = this;
    const sums = this.sum(frame, [FRAME_HEADER_BYTES, frame.byteLength], this.sum(frame, [0, 8], before));
    return sums[0] === frame.getUint32(16) && sums[1] === frame.getUint32(20) ? sums : null;
  }

  /** Each log has a salt of its own, which tells frames of an earlier log in the same file apart. */
  private isOfThisLog(): boolean {
    const { frame, header } = this;
    return frame.getUint32(8) === header.getUint32(16) && frame.getUint32(12) === header.getUint32(20);
  }

  private damageBehind(index: number, sums: FrameSums, isSynced: boolean): string | null {
    if (this.isOneBitFrom(sums)) return `frame ${index} has a flipped bit`;
    if (isSynced && this.isCommitFollowed(index)) {
      return `frame ${index} fails its checksum, but later transactions follow on it`;
    }
    return null;
  }

  private isOneBitFrom(sums: FrameSums): boolean {
    const bytes = new Uint8Array(this.frame.buffer);
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        bytes[at]! ^= bit;
        const fits = this.follow(sums) !== null;
        bytes[at]! ^= bit;
        if (fits) return true;
      }
    }
    return false;
  }

  private isCommitFollowed(index: number): boolean {
    let [isCommit, sums] = [this.isCommit(), this.storedSums()];
    for (let next = index + 1; this.read(next); next++) {
      if (isCommit && this.follow(sums) !== null) return true;
      [isCommit, sums] = [this.isCommit(), this.storedSums()];
    }
    return false;
  }

  private isCommit(): boolean {
    return this.isOfThisLog() && this.frame.getUint32(4) !== 0;
  }

  private storedSums(): FrameSums {
    return [this.frame.getUint32(16), this.frame.getUint32(20)];
  }

  private sum(view: DataView, [start, end]: readonly [number, number], before: FrameSums): FrameSums {
    let [one, other] = before;
    for (let at = start; at < end; at += 8) {
      one = (one + view.getUint32(at, this.isLittleEndian) + other) >>> 0;
      other = (other + view.getUint32(at + 4, this.isLittleEndian) + one) >>> 0;
    }
    return [one, other];
  }
}

function isZero(view: DataView): boolean {
  return new Uint8Array(view.buffer).every((byte) => byte === 0);
}
