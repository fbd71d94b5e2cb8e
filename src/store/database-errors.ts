import { StoreDamaged, StoreUnavailable } from './event-store.js';

/** SQLite's errors in the port's words. */
export function asStoreError(error: unknown, file: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  // Plain SQLITE_ERROR is what our own statements meet where a file describes itself otherwise.
  const damaged = /^SQLITE_(CORRUPT|NOTADB|ERROR$)/.test(code);
  const message = `${file}: ${(error as Error).message} (${code})`;
  return damaged
    ? new StoreDamaged(message, { cause: error })
    : new StoreUnavailable(message, { cause: error });
}
