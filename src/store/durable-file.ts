/** Files that are on disk when the call returns, and whole or as they were before after a crash. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file, which only its owner may read, in one step: a crash leaves the old content or the new. */
export async function writeDurably(name: string, content: string): Promise<void> {
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
  const directory = await open(dirname(name), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export function flush(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
