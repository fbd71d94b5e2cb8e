/** Carries out the commands about keys, in one envelope for their union. */
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { programmeDecider } from '../domain/programme.js';
import { keyStream, programmeStream, type ProgrammeId } from '../kernel/ids.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { ReadModels } from '../read-models/read-models.js';
import { EventStore } from '../store/event-store.js';
import { Clock } from '../kernel/clock.js';
import type { Provenance } from '../kernel/provenance.js';
import { readState, runDecider } from '../store/run-decider.js';
import { keyDecider, type KeyCommand } from '../domain/key.js';

export type KeyChange =
  /** The handler adds the time and the known programmes to a creation. */
  | Omit<Extract<KeyCommand, { kind: 'create-key' }>, 'nowMs' | 'knownProgrammes'>
  | Extract<KeyCommand, { kind: 'rotate-key' | 'revoke-key' }>;

export interface KeyChanged {
  /** False where an earlier command had made the same change. */
  readonly changed: boolean;
  /** The sequence of the key's last event. */
  readonly sequence: number;
}

export class ChangeKey extends Command<KeyChanged> {
  constructor(
    readonly change: KeyChange,
    readonly provenance: Provenance,
  ) {
    super();
  }
}

@CommandHandler(ChangeKey)
export class ChangeKeyHandler implements ICommandHandler<ChangeKey> {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueView,
  ) {}

  /** Resolves when the change holds on this replica. */
  async execute({ change, provenance }: ChangeKey): Promise<KeyChanged> {
    this.readModels.refuseIfStopped();
    const command = await this.commandOf(change);
    const { store, clock } = this;
    const stream = keyStream(change.keyId);
    const decided = await runDecider({ store, clock }, keyDecider, { stream, command, provenance });
    const position = decided.appended?.position ?? decided.history.at(-1)!.position;
    return { changed: decided.appended !== null, sequence: await this.readModels.sequenceOf(position) };
  }

  private async commandOf(change: KeyChange): Promise<KeyCommand> {
    if (change.kind !== 'create-key') return change;
    const knownProgrammes = new Set<ProgrammeId>();
    for (const id of change.details.programmes) {
      if (await this.isRegistered(id)) knownProgrammes.add(id);
    }
    return { ...change, nowMs: this.clock.now(), knownProgrammes };
  }

  /**
   * A programme that the read models do not know may have been registered a moment ago through another replica.
   */
  private async isRegistered(id: ProgrammeId): Promise<boolean> {
    if (this.catalogue.find('programme', id)) return true;
    return (await readState(this.store, programmeDecider, programmeStream(id))).status !== 'unregistered';
  }
}
