/** One handler carries out all of the catalogue's commands, which arrive in one envelope for their union. */
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { assert } from '../kernel/assert.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import type { Decider } from '../kernel/decider.js';
import {
  measureStream,
  organisationStream,
  programmeStream,
  type MeasureId,
  type OrganisationId,
  type StreamName,
} from '../kernel/ids.js';
import { Refused } from '../kernel/refusals.js';
import { measuresOfType } from '../read-models/catalogue.js';
import { CatalogueTurns } from '../read-models/catalogue-turns.js';
import { ReadModels } from '../read-models/read-models.js';
import { Names } from '../read-models/names.js';
import { standingOutside, type LifeOf } from '../read-models/standing-days.js';
import { EventStore, type RecordedEvent } from '../store/event-store.js';
import { Clock } from '../kernel/clock.js';
import type { Provenance } from '../kernel/provenance.js';
import { readState, runDecider } from '../store/run-decider.js';
import { upcast, type LedgerEvent } from '../domain/upcast.js';
import type { LookAlike } from '../domain/likeness.js';
import { measureDecider, type Measure, type MeasureCommand } from '../domain/measure.js';
import { organisationDecider, type Ancestry, type OrganisationCommand } from '../domain/organisation.js';
import { programmeDecider, type LeftOutside, type ProgrammeCommand } from '../domain/programme.js';

export type CatalogueCommand =
  | ProgrammeCommand
  /** The handler looks up the ancestry of the parent that a command names. */
  | OrganisationCommand
  /** The handler looks up the parent, which is the measure that the new one rolls up into. */
  | Omit<Extract<MeasureCommand, { kind: 'define-measure' }>, 'parent'>
  | Extract<MeasureCommand, { kind: 'revise-measure' }>;

export interface CatalogueChange {
  /** Whether the command changed anything: false where the same had been done before. */
  readonly changed: boolean;
  /** The sequence of the event that made the entry as it is. */
  readonly sequence: number;
}

type ChangeMade = Pick<CatalogueChange, 'changed'> & Pick<RecordedEvent, 'position'>;

export class ChangeCatalogue extends Command<CatalogueChange> {
  constructor(
    readonly command: CatalogueCommand,
    readonly provenance: Provenance,
  ) {
    super();
  }
}

@CommandHandler(ChangeCatalogue)
export class ChangeCatalogueHandler implements ICommandHandler<ChangeCatalogue> {
  private readonly names: Readonly<Record<'programme' | 'organisation' | 'measure', Names>>;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly readModels: ReadModels,
    private readonly turns: CatalogueTurns,
  ) {
    this.names = {
      programme: new Names(readModels, 'programme'),
      organisation: new Names(readModels, 'organisation'),
      measure: new Names(readModels, 'measure'),
    };
  }

  async execute({ command, provenance }: ChangeCatalogue): Promise<CatalogueChange> {
    this.readModels.refuseIfStopped();
    const { changed, position } = await this.turns.alone(() => this.decide(command, provenance));
    return { changed, sequence: await this.readModels.sequenceOf(position) };
  }

  private async decide(asked: CatalogueCommand, provenance: Provenance): Promise<ChangeMade> {
    const command = { ...asked, alike: this.alikeTo(asked) };
    switch (command.kind) {
      case 'amend-programme':
      case 'close-programme': {
        const id = command.programmeId;
        const days =
          command.kind === 'close-programme' ? { to: command.closedOn } : { from: command.changes.startedOn };
        const outside = this.outside(['programme', id], days);
        return this.run(programmeDecider, programmeStream(id), { ...command, outside }, provenance);
      }
      case 'register-programme':
      case 'reopen-programme':
        return this.run(programmeDecider, programmeStream(command.programmeId), command, provenance);
      case 'register-organisation': {
        const ancestry = await this.ancestry(command.details?.parent);
        const stream = organisationStream(command.organisationId);
        return this.run(organisationDecider, stream, { ...command, ancestry }, provenance);
      }
      case 'amend-organisation': {
        const id = command.organisationId;
        const ancestry = await this.ancestry(command.changes.parent);
        const outside = this.outside(['organisation', id], command.changes);
        const known = { ...command, ancestry, outside };
        return this.run(organisationDecider, organisationStream(id), known, provenance);
      }
      case 'rename-organisation':
        return this.run(organisationDecider, organisationStream(command.organisationId), command, provenance);
      case 'define-measure': {
        const { measureId, definition } = command;
        const parent = await this.measure(definition.rollsUpInto);
        const sameType = measuresOfType(this.readModels.views, definition.eventType).find(
          (id) => id !== measureId,
        );
        const known = { ...command, parent, sameType };
        return this.run(measureDecider, measureStream(measureId), known, provenance);
      }
      case 'revise-measure':
        return this.run(measureDecider, measureStream(command.measureId), command, provenance);
    }
  }

  private async run<State, Command extends object, Event extends LedgerEvent>(
    decider: Decider<State, Command, Event>,
    stream: StreamName,
    command: Command,
    provenance: Provenance,
  ): Promise<ChangeMade> {
    const { appended, history } = await runDecider({ store: this.store, clock: this.clock }, decider, {
      stream,
      command,
      provenance,
    });
    const { position } = appended ?? madeBy(decider, command, history);
    return { changed: appended !== null, position };
  }

  /** Another entry with a name that reads like the one that a command gives. */
  private alikeTo(command: CatalogueCommand): LookAlike | undefined {
    const { programme, organisation, measure } = this.names;
    switch (command.kind) {
      case 'register-programme':
        return programme.alike(command.programmeId, command.details.name);
      case 'amend-programme': {
        const { name } = command.changes;
        return name == null ? undefined : programme.alike(command.programmeId, name);
      }
      case 'register-organisation':
      case 'rename-organisation':
        return organisation.alike(command.organisationId, command.name);
      case 'define-measure':
        return measure.alike(command.measureId, command.definition.label);
      case 'revise-measure':
        return measure.alike(command.measureId, command.revision.label);
      case 'close-programme':
      case 'reopen-programme':
      case 'amend-organisation':
        return undefined;
    }
  }

  /** The standing outcomes that a life with these days would leave outside. */
  private outside(
    bearer: LifeOf,
    { from, to }: { readonly from?: CalendarDate | null | undefined; readonly to?: CalendarDate | null },
  ): LeftOutside {
    const { views } = this.readModels;
    return {
      from: from ? standingOutside(views, bearer, ['from', from]) : undefined,
      to: to ? standingOutside(views, bearer, ['to', to]) : undefined,
    };
  }

  private async ancestry(parent: OrganisationId | null | undefined): Promise<Ancestry> {
    const ancestry = new Set<OrganisationId>();
    for (let id = parent; id && !ancestry.has(id);) {
      const state = await readState(this.store, organisationDecider, organisationStream(id));
      if (state.status === 'unregistered') break;
      ancestry.add(id);
      id = state.parent;
    }
    return [...ancestry];
  }

  private async measure(id: MeasureId | null): Promise<Measure | undefined> {
    if (id === null) return undefined;
    const state = await readState(this.store, measureDecider, measureStream(id));
    return state.status === 'defined' ? state : undefined;
  }
}

/** Where a command changes nothing, returns the event since which that is so, whatever came later. */
function madeBy<State, Command extends object, Event extends LedgerEvent>(
  decider: Decider<State, Command, Event>,
  command: Command,
  history: readonly RecordedEvent[],
): RecordedEvent {
  let state = decider.initialState;
  let made: RecordedEvent | undefined;
  for (const event of history) {
    state = decider.evolve(state, upcast(event) as Event, event.revision);
    made = changesNothing(decider, command, state) ? (made ?? event) : undefined;
  }
  assert(made !== undefined, 'a command that changes nothing was carried out before');
  return made;
}

function changesNothing<State, Command, Event>(
  { decide }: Decider<State, Command, Event>,
  command: Command,
  state: State,
): boolean {
  try {
    return decide(state, command).length === 0;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}
