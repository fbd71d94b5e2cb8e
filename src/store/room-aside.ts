/**
 * A check that builds read models of its own needs as much room as the read models take, in the directory for temporary
 * files.
 * @returns a message that the room is missing, and what to do; null where an error has another cause
 */
import { tmpdir } from 'node:os';

const FULL = ['SQLITE_FULL', 'ENOSPC', 'EDQUOT'];

export function wantOfRoomAside(error: unknown): string | null {
  const { code, syscall, message } = error as Error & { readonly code?: string; readonly syscall?: string };
  if (!FULL.includes(code ?? '') && syscall !== 'mkdtemp') return null;
  return (
    `${tmpdir()} has no room for read models that are made anew to compare (${message}): ` +
    'set TMPDIR to a directory with as much room as views/ takes'
  );
}
