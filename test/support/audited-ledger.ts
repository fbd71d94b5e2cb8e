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
  readonly readModels: ReadModels;
}

export class AuditedLedger {
  readonly signer: LogSigner;
  readonly bundles: Bundles;
  private readonly readModels: ReadModels;

  constructor({ dataDir, store, readModels }: Parts, env: NodeJS.ProcessEnv = {}) {
    const log = new TransparencyLog(readModels, store);
    const config = readConfig({ DATA_DIR: dataDir, LEDGER_ORIGIN: ORIGIN, ...env });
    this.readModels = readModels;
    this.signer = new LogSigner(config, readModels, log);
    this.signer.onModuleInit();
    this.bundles = new Bundles(new History(readModels, store), log, this.signer);
  }

  async checkpoint(): Promise<string> {
    return (await this.signer.covering(this.readModels.progress.sequence + 1)).text;
  }

  async bundle(query: Partial<BundleQuery> = {}): Promise<string> {
    let text = '';
    for await (const lines of await this.bundles.of({ scope: { kind: 'everything' }, since: 0, ...query })) {
      text += lines;
    }
    return text;
  }

  figures(totals: Totals): FigureProofs {
    return new FigureProofs(this.readModels, totals);
  }
}

/** Opens the ledger in a directory for the time of one piece of work. */
export async function withLedgerIn<Result>(
  dataDir: string,
  use: (ledger: AuditedLedger) => Promise<Result>,
): Promise<Result> {
  const store = await SqliteStore.open(dataDir);
  const readModels = new ReadModels({ dataDir });
  try {
    await readModels.start();
    return await use(new AuditedLedger({ dataDir, store, readModels }));
  } finally {
    await readModels.stop();
    await store.close();
  }
}

export const keyIn = (dataDir: string) => join(dataDir, 'signing', 'log.key');
export const headIn = (dataDir: string) => join(dataDir, 'signing', 'head');
export const textOf = (file: string) => readFileSync(file, 'utf8');
