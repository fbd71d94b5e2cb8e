/**
 * The day on which each key was last used, as this process saw it. Uses are no events, because a ledger would
 * grow with every request that only reads. They are kept beside the ledger in `key-uses.json`, by the day only,
 * and written when the day changes for some key, at most once a minute. A crash loses a minute of them; each
 * replica knows its own.
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
  /** The day of the last use of each key, counted from 1970. */
  private readonly days: Map<KeyId, number>;
  private timer: NodeJS.Timeout | null = null;

  constructor({ dataDir }: Config) {
    this.file = join(dataDir, 'key-uses.json');
    this.days = read(this.file);
  }

  /** The caller must know that the key exists: the map keeps an entry for each id that it is given. */
  note(id: KeyId, nowMs: number): void {
    const day = Math.floor(nowMs / DAY_MS);
    if (this.days.get(id) === day) return;
    this.days.set(id, day);
    this.timer ??= setTimeout(() => this.write(), WRITE_AFTER_MS).unref();
  }

  /** The date of the last use in UTC, or null. */
  lastUsedOn(id: KeyId): string | null {
    const day = this.days.get(id);
    return day === undefined ? null : new Date(day * DAY_MS).toISOString().slice(0, 10);
  }

  onApplicationShutdown(): void {
    if (this.timer) this.write();
  }

  /** A failure to write is logged and stops nobody: the next change writes again. */
  private write(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    try {
      writeFileSync(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.days)), { mode: 0o600 });
      renameSync(`${this.file}.new`, this.file);
    } catch (error) {
      this.logger.warn(
        `the days on which keys were last used cannot be written: ${(error as Error).message}`,
      );
    }
  }
}

/** A missing or unreadable file counts as empty: it lets nobody in and keeps nobody out. */
function read(file: string): Map<KeyId, number> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as object)) as Map<KeyId, number>;
  } catch {
    return new Map();
  }
}
