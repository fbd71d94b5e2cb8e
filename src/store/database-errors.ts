import { StoreDamaged, StoreUnavailable } from './event-store.js';

/** SQLite's errors in the port's words, which anyone may read: codes and names of tables are in the cause alone. */
export function asStoreError(error: unknown, file: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  // What our own statements meet where a file describes itself otherwise.
  const altered = code === 'SQLITE_ERROR';
  const damaged = altered || /^SQLITE_(CORRUPT|NOTADB)/.test(code);
  const message = `${file}: ${altered ? 'not laid out as it was made' : (error as Error).message}`;
  return damaged
    ? new StoreDamaged(message, { cause: error })
    : new StoreUnavailable(message, { cause: error });
}
