/** Carries out the commands about keys, in one envelope for their union. */
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { keyStream } from '../kernel/ids.js';
import { catalogueState } from '../read-models/catalogue.js';
import { CatalogueTurns } from '../read-models/catalogue-turns.js';
import { Names } from '../read-models/names.js';
import { ReadModels } from '../read-models/read-models.js';
import { EventStore } from '../store/event-store.js';
import { Clock } from '../kernel/clock.js';
import type { Provenance } from '../kernel/provenance.js';
import { runDecider } from '../store/run-decider.js';
import { keyDecider, type KeyCommand } from '../domain/key.js';

export type KeyChange =
  /** The handler adds the time, the known programmes and a name that reads alike to a creation. */
  | Omit<Extract<KeyCommand, { kind: 'create-key' }>, 'nowMs' | 'knownProgrammes' | 'alike'>
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
  private readonly names: Names;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly readModels: ReadModels,
    private readonly turns: CatalogueTurns,
  ) {
    this.names = new Names(readModels, 'key');
  }

  /** Resolves when the change holds on this replica. */
  async execute({ change, provenance }: ChangeKey): Promise<KeyChanged> {
    this.readModels.refuseIfStopped();
    const decide = () => this.decide(change, provenance);
    // A new key rests on the programmes and the names that there are; no other change waits for its turn.
    const decided = await (change.kind === 'create-key' ? this.turns.alone(decide) : decide());
    const position = decided.appended?.position ?? decided.history.at(-1)!.position;
    return { changed: decided.appended !== null, sequence: await this.readModels.sequenceOf(position) };
  }

  private decide(change: KeyChange, provenance: Provenance) {
    const { store, clock } = this;
    const stream = keyStream(change.keyId);
    const command = this.commandOf(change);
    return runDecider({ store, clock }, keyDecider, { stream, command, provenance });
  }

  private commandOf(change: KeyChange): KeyCommand {
    if (change.kind !== 'create-key') return change;
    const { keyId, details } = change;
    const { views } = this.readModels;
    const registered = details.programmes.filter((id) => catalogueState(views, ['programme', id]));
    const alike = this.names.alike(keyId, details.name);
    return { ...change, nowMs: this.clock.now(), knownProgrammes: new Set(registered), alike };
  }
}
