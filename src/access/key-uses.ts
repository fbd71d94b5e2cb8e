/**
 * On which day each key was last used, as this process saw it. It is no event: a ledger would grow with every
 * request that only reads. So it is coarse, kept beside the ledger in `key-uses.json`, and written when a day
 * changes for some key, at most once a minute. A crash loses a minute of it; replicas each know their own.
 */
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '../config.js';
import type { KeyId } from '../kernel/ids.js';

const DAY_MS = 86_400_000;
const WRITE_AFTER_MS = 60_000;

@Injectable()
export class KeyUses implements OnApplicationShutdown {
  private readonly logger = new Logger('KeyUses');
  private readonly file: string;
  /** Days since 1970, by key. */
  private readonly days: Map<KeyId, number>;
  private timer: NodeJS.Timeout | null = null;

  constructor({ dataDir }: Config) {
    this.file = join(dataDir, 'key-uses.json');
    this.days = read(this.file);
  }

  /** Only of keys that exist: there is one number for each. */
  note(id: KeyId, nowMs: number): void {
    const day = Math.floor(nowMs / DAY_MS);
    if (this.days.get(id) === day) return;
    this.days.set(id, day);
    this.timer ??= setTimeout(() => this.write(), WRITE_AFTER_MS).unref();
  }

  /** A date in UTC, or null. */
  lastUsedOn(id: KeyId): string | null {
    const day = this.days.get(id);
    return day === undefined ? null : new Date(day * DAY_MS).toISOString().slice(0, 10);
  }

  onApplicationShutdown(): void {
    if (this.timer) this.write();
  }

  /** What cannot be written is told, and stops nobody: it is written with the next change. */
  private write(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    try {
      writeFileSync(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.days)), { mode: 0o600 });
      renameSync(`${this.file}.new`, this.file);
    } catch (error) {
      this.logger.warn(`when keys were last used cannot be written: ${(error as Error).message}`);
    }
  }
}

/** What is not there or cannot be read is not known: nobody is let in or kept out by it. */
function read(file: string): Map<KeyId, number> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<KeyId, number>)) as Map<
      KeyId,
      number
    >;
  } catch {
    return new Map();
  }
}
