/** The speed at which events become read models: catching up as the live projector does, and as a rebuild. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Build } from '../src/read-models/build.js';
import type { StoreLocation } from '../src/store/open-store.js';

/** @returns events projected a second into a new file, from the first event until level with the store */
export async function measureProjection(
  store: StoreLocation,
  { rebuild }: { rebuild: boolean },
): Promise<number> {
  const file = join(store.dataDir, `bench-views-${rebuild ? 'rebuild' : 'live'}.db`);
  const startedAt = performance.now();
  let build: Build;
  const events = await new Promise<number>((resolve, reject) => {
    build = new Build({ store, file, rebuild }, ({ progress, level }, report) => {
      if (report.kind === 'stopped') reject(new Error(report.message));
      if (level) resolve(progress.sequence + 1);
    });
  });
  const perSecond = (events * 1_000) / (performance.now() - startedAt);
  await build!.stop();
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  return perSecond;
}
