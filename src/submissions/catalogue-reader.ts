/**
 * Reads the catalogue for the rules. An entry that the read models do not have yet is read from its own stream, so that
 * one made a moment ago through another replica is found. A change of an entry, such as a closure through another
 * replica, counts once this replica is level (docs/adr/0007-a-shared-store.md).
 */
import { Injectable } from '@nestjs/common';
import { measureDecider, type Measure } from '../domain/measure.js';
import { organisationDecider, type Organisation } from '../domain/organisation.js';
import { programmeDecider } from '../domain/programme.js';
import type { CalendarDate } from '../kernel/financial-year.js';
import {
  measureStream,
  organisationStream,
  programmeStream,
  type MeasureId,
  type OrganisationId,
  type ProgrammeId,
} from '../kernel/ids.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';
import { CatalogueTurns } from '../read-models/catalogue-turns.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { EventStore } from '../store/event-store.js';
import { readState } from '../store/run-decider.js';
import type { CatalogueFacts } from '../domain/outcome.js';

/** The entries that an outcome names, or a change of one. */
interface EntryIds {
  readonly measureId?: MeasureId | null;
  readonly organisationId?: OrganisationId | null;
}

@Injectable()
export class CatalogueReader {
  constructor(
    private readonly catalogue: CatalogueView,
    private readonly store: EventStore,
    readonly turns: CatalogueTurns,
  ) {}

  /** @throws Refused where the programme does not exist */
  async factsFor(
    programmeId: ProgrammeId,
    outcomes: readonly EntryIds[],
    today: CalendarDate,
  ): Promise<CatalogueFacts> {
    const programme =
      this.catalogue.find('programme', programmeId) ??
      entryIn(await readState(this.store, programmeDecider, programmeStream(programmeId)));
    if (!programme) throw new Refused(thereIsNo('programme', programmeId));
    const measures = new Map<MeasureId, Measure>();
    for (const id of new Set(outcomes.flatMap(({ measureId }) => measureId ?? []))) {
      const measure =
        this.catalogue.find('measure', id) ??
        entryIn(await readState(this.store, measureDecider, measureStream(id)));
      if (measure) measures.set(id, measure);
    }
    const organisations = new Map<OrganisationId, Organisation>();
    for (const id of new Set(outcomes.flatMap(({ organisationId }) => organisationId ?? []))) {
      const organisation =
        this.catalogue.find('organisation', id) ??
        entryIn(await readState(this.store, organisationDecider, organisationStream(id)));
      if (organisation) organisations.set(id, organisation);
    }
    return { programme, measures, organisations, today };
  }
}

function entryIn<State extends object>(state: State): Extract<State, { readonly id: unknown }> | undefined {
  return 'id' in state ? (state as Extract<State, { readonly id: unknown }>) : undefined;
}
