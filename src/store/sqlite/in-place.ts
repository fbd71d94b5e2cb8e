/**
 * SQLite goes on with the files that it opened where somebody removes or replaces them: whatever is written then is
 * gone once the process ends. So their names are held to what they led to.
 */
import { statSync } from 'node:fs';
import { StoreDamaged } from '../event-store.js';
import { walOf } from '../wal-damage.js';

/** @returns a check of the files of a database that is open. It throws StoreDamaged once a name leads elsewhere */
export function heldInPlace(file: string): () => void {
  const opened = [file, walOf(file)].map((name) => ({ name, id: idOf(name) }));
  return () => {
    for (const { name, id } of opened) {
      if (idOf(name) !== id) throw new StoreDamaged(`${name} was removed or replaced while it was open`);
    }
  };
}

/** The system gives a number anew only once nobody has the file open. */
function idOf(name: string): string | null {
  const found = statSync(name, { throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}` : null;
}
