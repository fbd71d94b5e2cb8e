/**
 * Reads the catalogue for the rules. An entry that the read models do not have yet is read from its own stream, so that
 * one made a moment ago through another replica is found. A change of an entry, such as a closure through another
 * replica, counts once this replica is level (docs/adr/0007-a-shared-store.md).
 */
import { Injectable } from '@nestjs/common';
import { measureDecider, type Measure } from '../domain/measure.js';
import { organisationDecider, type Organisation } from '../domain/organisation.js';
import { programmeDecider, type Programme } from '../domain/programme.js';
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
import { CatalogueView } from '../read-models/catalogue-view.js';
import { EventStore } from '../store/event-store.js';
import { readState } from '../store/run-decider.js';
import type { CatalogueFacts, SentOutcome } from '../domain/outcome.js';

@Injectable()
export class CatalogueReader {
  constructor(
    private readonly catalogue: CatalogueView,
    private readonly store: EventStore,
  ) {}

  /** @throws Refused where the programme does not exist */
  async factsFor(
    programmeId: ProgrammeId,
    outcomes: readonly Pick<SentOutcome, 'measureId' | 'organisationId'>[],
    today: CalendarDate,
  ): Promise<CatalogueFacts> {
    const programme = await this.programme(programmeId);
    if (!programme) {
      throw new Refused(thereIsNo('programme', programmeId));
    }
    const measures = new Map<MeasureId, Measure>();
    for (const measureId of new Set(outcomes.map((outcome) => outcome.measureId))) {
      const measure = await this.measure(measureId);
      if (measure) measures.set(measureId, measure);
    }
    const organisations = new Map<OrganisationId, Organisation>();
    for (const organisationId of new Set(outcomes.map((outcome) => outcome.organisationId))) {
      const organisation = organisationId && (await this.organisation(organisationId));
      if (organisation) organisations.set(organisation.id, organisation);
    }
    return { programme, measures, organisations, today };
  }

  private async programme(id: ProgrammeId): Promise<Programme | undefined> {
    const projected = this.catalogue.find('programme', id);
    if (projected) return projected;
    const state = await readState(this.store, programmeDecider, programmeStream(id));
    return state.status === 'unregistered' ? undefined : state;
  }

  private async measure(id: MeasureId): Promise<Measure | undefined> {
    const projected = this.catalogue.find('measure', id);
    if (projected) return projected;
    const state = await readState(this.store, measureDecider, measureStream(id));
    return state.status === 'undefined' ? undefined : state;
  }

  private async organisation(id: OrganisationId): Promise<Organisation | undefined> {
    const projected = this.catalogue.find('organisation', id);
    if (projected) return projected;
    const state = await readState(this.store, organisationDecider, organisationStream(id));
    return state.status === 'unregistered' ? undefined : state;
  }
}
