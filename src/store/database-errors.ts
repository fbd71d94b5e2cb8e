import { StoreDamaged, StoreUnavailable } from './event-store.js';

/**
 * Translates SQLite's errors into the port's. Anyone may read the messages: codes and names of tables are in the cause
 * alone.
 */
export function asStoreError(error: unknown, file: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  // SQLITE_ERROR means that one of our own statements does not fit the schema that the file has.
  const altered = code === 'SQLITE_ERROR';
  const damaged = altered || /^SQLITE_(CORRUPT|NOTADB)/.test(code);
  const message = `${file}: ${altered ? 'its layout is not the one that the ledger made' : (error as Error).message}`;
  return damaged
    ? new StoreDamaged(message, { cause: error })
    : new StoreUnavailable(message, { cause: error });
}
