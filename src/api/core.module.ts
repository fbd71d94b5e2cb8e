/** Every feature stands on this module: the configuration, the store, the projection and the views of it. */
import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Config, readConfig, storeOf } from '../config.js';
import { CatalogueTurns } from '../read-models/catalogue-turns.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { History } from '../read-models/history.js';
import { Lag } from '../read-models/lag.js';
import { ReadModels } from '../read-models/read-models.js';
import { AppendCounts, CountedStore } from '../store/counted-store.js';
import { holdDataDir } from '../store/data-dir.js';
import { EventStore } from '../store/event-store.js';
import { Clock } from '../kernel/clock.js';
import { openStore } from '../store/open-store.js';

/** The data directory is held before anything in it is opened, and until all of it is closed. */
@Injectable()
class HeldDataDir {
  private readonly release: () => void;

  constructor({ dataDir }: Config) {
    this.release = holdDataDir(dataDir);
  }

  giveBack(): void {
    this.release();
  }
}

/** Closes these parts, in this order, when the server has answered its last request. */
@Injectable()
class Closing implements OnApplicationShutdown {
  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
    private readonly dataDir: HeldDataDir,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.readModels.stop();
    await this.store.close();
    this.dataDir.giveBack();
  }
}

@Module({
  imports: [CqrsModule.forRoot()],
  providers: [
    { provide: Config, useFactory: () => readConfig(process.env) },
    HeldDataDir,
    Clock,
    AppendCounts,
    {
      provide: EventStore,
      inject: [Config, HeldDataDir, AppendCounts],
      useFactory: async (config: Config, _held: HeldDataDir, counts: AppendCounts) =>
        new CountedStore(
          await openStore(storeOf(config), (appends) => counts.groupSizes.observe(appends)),
          counts,
        ),
    },
    {
      provide: ReadModels,
      inject: [Config, EventStore],
      useFactory: (config: Config, _store: EventStore) => new ReadModels(storeOf(config)),
    },
    CatalogueView,
    CatalogueTurns,
    Lag,
    History,
    Closing,
  ],
  exports: [
    CqrsModule,
    Config,
    Clock,
    EventStore,
    AppendCounts,
    ReadModels,
    CatalogueView,
    CatalogueTurns,
    Lag,
    History,
  ],
})
export class CoreModule {}
