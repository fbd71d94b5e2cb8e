/**
 * In the directory of the read models, `views/current` names the file that serves. Any other file is an old one or left
 * of a rebuild that was cut short, and worth nothing.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { VIEWS_VERSION } from './layout.js';
import { basename, join } from 'node:path';

export class ViewsDirectory {
  private readonly dir: string;
  private readonly pointer: string;

  constructor(dataDir: string) {
    this.dir = join(dataDir, 'views');
    this.pointer = join(this.dir, 'current');
    mkdirSync(this.dir, { recursive: true });
    // SQLite's sort for an index is as large as the index: it belongs on this disk, not in a /tmp that is in memory.
    process.env['SQLITE_TMPDIR'] ??= this.dir;
  }

  currentFile(): string | null {
    if (!existsSync(this.pointer)) return null;
    const file = join(this.dir, readFileSync(this.pointer, 'utf8'));
    return existsSync(file) ? file : null;
  }

  newFile(): string {
    return join(this.dir, `views-${VIEWS_VERSION}-${Date.now()}.db`);
  }

  /** A crash or a fault of the disk leaves the old file or the new one current. */
  makeCurrent(file: string): void {
    if (file === this.currentFile()) return;
    writeFileSync(`${this.pointer}.new`, basename(file), { flush: true });
    renameSync(`${this.pointer}.new`, this.pointer);
  }

  /** Files that are not the ledger's, such as `lost+found`, stay. */
  removeAllBut(file: string): void {
    for (const name of readdirSync(this.dir)) {
      if (name.startsWith('views-') && !name.startsWith(basename(file)))
        rmSync(join(this.dir, name), { force: true });
    }
  }
}
