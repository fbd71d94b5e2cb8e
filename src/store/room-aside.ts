/**
 * Whoever folds history aside needs as much room for it as the read models take, in the directory for temporary files.
 *
 * @returns that there is none, and what to do; null where an error is of something else
 */
import { tmpdir } from 'node:os';

/** By SQLite and by the system. */
const FULL = ['SQLITE_FULL', 'ENOSPC', 'EDQUOT'];

export function wantOfRoomAside(error: unknown): string | null {
  const { code, syscall, message } = error as Error & { readonly code?: string; readonly syscall?: string };
  if (!FULL.includes(code ?? '') && syscall !== 'mkdtemp') return null;
  return (
    `${tmpdir()} has no room for read models that are made anew to compare (${message}): ` +
    'name a directory with as much room as views/ takes in TMPDIR'
  );
}
