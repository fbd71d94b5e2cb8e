/** A disk and a clock that fail on command, for a process that is started with its environment: see faulty-machine.c. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const WHAT = { writes: 1, flushes: 2, threads: 3 } as const;
const NUMBER_BYTES = 8;
const DISK_NUMBERS = 6;
const CLOCK_AT = DISK_NUMBERS * NUMBER_BYTES;

export interface Failing {
  readonly what: keyof typeof WHAT;
  readonly error: 'EIO' | 'ENOSPC' | 'EAGAIN';
  /** So many calls succeed first. */
  readonly passing: number;
  /** So many calls fail then. */
  readonly failing: number;
}

export class FaultyMachine {
  private readonly dir = mkdtempSync(join(tmpdir(), 'faulty-machine-'));
  private readonly control = openSync(join(this.dir, 'control'), 'w+');

  /** @param files a text in the paths of the files that fail; with a `$` at its end, the end of the paths */
  constructor(private readonly files: string) {
    this.heal();
    this.moveClock(0);
    const source = join(__dirname, 'faulty-machine.c');
    execFileSync('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', this.library, source, '-ldl']);
  }

  private get library(): string {
    return join(this.dir, 'faulty-machine.so');
  }

  get env(): Record<string, string> {
    return {
      LD_PRELOAD: this.library,
      FAULTY_CONTROL: join(this.dir, 'control'),
      FAULTY_FILES: this.files,
    };
  }

  fail({ what, error, passing, failing }: Failing): void {
    this.set([WHAT[what], constants.errno[error], passing, failing, 0, 0]);
  }

  /** Ends the failures. @returns how many calls it saw since they began, and how many of them failed */
  heal(): { readonly seen: number; readonly failed: number } {
    const numbers = Buffer.alloc(CLOCK_AT);
    readSync(this.control, numbers, 0, CLOCK_AT, 0);
    this.set([0, 0, 0, 0, 0, 0]);
    return { seen: Number(numbers.readBigInt64LE(32)), failed: Number(numbers.readBigInt64LE(40)) };
  }

  /** Moves the wall clock by some seconds from now on. */
  moveClock(seconds: number): void {
    this.set([seconds], CLOCK_AT);
  }

  private set(numbers: readonly number[], at = 0): void {
    const bytes = Buffer.alloc(numbers.length * NUMBER_BYTES);
    numbers.forEach((number, index) => bytes.writeBigInt64LE(BigInt(number), index * NUMBER_BYTES));
    writeSync(this.control, bytes, 0, bytes.length, at);
  }

  remove(): void {
    closeSync(this.control);
    rmSync(this.dir, { recursive: true });
  }
}
