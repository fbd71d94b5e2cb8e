/** A ledger with its log, signer and bundles in one process, as the app puts them together, and its files on disk. */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { Bundles, type BundleQuery } from '../../src/audit/bundle.js';
import { FigureProofs } from '../../src/audit/figure-proof.js';
import { LogSigner } from '../../src/audit/log-signer.js';
import { TransparencyLog } from '../../src/audit/log.js';
import { readConfig } from '../../src/config.js';
import { ReadModels } from '../../src/read-models/read-models.js';
import { History } from '../../src/read-models/history.js';
import type { Totals } from '../../src/figures/totals.js';
import type { EventStore } from '../../src/store/event-store.js';
import { SqliteStore } from '../../src/store/sqlite/store.js';

export const ORIGIN = 'ledger.example.org/log';

interface Parts {
  readonly dataDir: string;
  readonly store: EventStore;
  readonly projection: ReadModels;
}

export class AuditedLedger {
  readonly signer: LogSigner;
  readonly bundles: Bundles;
  private readonly projection: ReadModels;

  constructor({ dataDir, store, projection }: Parts) {
    const log = new TransparencyLog(projection, store);
    const config = readConfig({ DATA_DIR: dataDir, LEDGER_ORIGIN: ORIGIN });
    this.projection = projection;
    this.signer = new LogSigner(config, projection, log);
    this.bundles = new Bundles(new History(projection, store), log, this.signer);
  }

  async checkpoint(): Promise<string> {
    return (await this.signer.covering(this.projection.progress.sequence + 1)).text;
  }

  async bundle(query: Partial<BundleQuery> = {}): Promise<string> {
    let text = '';
    for await (const lines of await this.bundles.of({ scope: { kind: 'everything' }, since: 0, ...query })) {
      text += lines;
    }
    return text;
  }

  figures(totals: Totals): FigureProofs {
    return new FigureProofs(this.projection, totals);
  }
}

/** Opens the ledger in a directory for the time of one piece of work. */
export async function withLedgerIn<Result>(
  dataDir: string,
  use: (ledger: AuditedLedger) => Promise<Result>,
): Promise<Result> {
  const store = await SqliteStore.open(dataDir);
  const projection = new ReadModels({ dataDir });
  try {
    await projection.start();
    return await use(new AuditedLedger({ dataDir, store, projection }));
  } finally {
    await projection.stop();
    await store.close();
  }
}

export const keyIn = (dataDir: string) => join(dataDir, 'signing', 'log.key');
export const headIn = (dataDir: string) => join(dataDir, 'signing', 'head');
export const textOf = (file: string) => readFileSync(file, 'utf8');
