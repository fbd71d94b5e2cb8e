/**
 * Tools of the system that a few tests need, and no user of the ledger does. Where a tool is missing its tests
 * are skipped, and say so; `.ci/run` installs all tools, and skips none.
 */
import { describe, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const areToolsRequired = process.env['TEST_TOOLS'] === 'required';

export function hasTool(name: string): boolean {
  if (areToolsRequired) return true;
  return (process.env['PATH'] ?? '').split(':').some((dir) => existsSync(join(dir, name)));
}

export const needsTool = (name: string) => (hasTool(name) ? test : test.skip);
export const allNeedTool = (name: string) => (hasTool(name) ? describe : describe.skip);

/** Tells whether this process may mount a file system, as a container often may not. */
export function mayMount(): boolean {
  if (areToolsRequired) return true;
  const dir = mkdtempSync(join(tmpdir(), 'ledger-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
