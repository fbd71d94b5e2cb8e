/** Builds the read models anew without a running ledger, and puts them in place of the old ones when level. */
import type { EventReader } from '../store/event-store.js';
import type { DatabaseKey } from '../store/database.js';
import { Projector } from './projector.js';
import { ViewsDirectory } from './views-directory.js';

const BATCH_SIZE = 10_000;

/** The caller must hold the data directory. @returns the number of events that were projected */
export async function rebuildOffline(
  reader: EventReader,
  { dataDir, key }: { readonly dataDir: string; readonly key: DatabaseKey },
  onProgress: (events: number) => void,
): Promise<number> {
  const directory = new ViewsDirectory(dataDir);
  const file = directory.newFile();
  const projector = new Projector(file, key);
  try {
    projector.buildFast(true);
    for await (const run of reader.runs(null, BATCH_SIZE)) {
      projector.project(run.events, run);
      onProgress(projector.checkpoint.sequence + 1);
    }
    projector.buildFast(false);
  } finally {
    projector.close();
  }
  directory.makeCurrent(file);
  directory.removeAllBut(file);
  return projector.checkpoint.sequence + 1;
}
