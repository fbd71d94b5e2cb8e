/**
 * A ledger with a history for measuring projections and totals. The application's own deciders and store make it,
 * without HTTP.
 *
 * 20 programmes report on two measures each for 15 organisations over seven financial years. The first 10,000
 * outcomes already touch every cell, so that longer histories have more outcomes, not more cells.
 */
import { measureDecider, type Measure, type MeasureDefinition } from '../src/domain/measure.js';
import { organisationDecider, type Organisation } from '../src/domain/organisation.js';
import { programmeDecider, type Programme } from '../src/domain/programme.js';
import { parseCalendarDate } from '../src/kernel/financial-year.js';
import {
  measureStream,
  organisationStream,
  parseMeasureId,
  parseOrganisationId,
  parseProgrammeId,
  parseSubmissionId,
  programmeStream,
  submissionStream,
  type OrganisationId,
  type ProgrammeId,
} from '../src/kernel/ids.js';
import type { EventStore } from '../src/store/event-store.js';
import type { StoreLocation } from '../src/store/open-store.js';
import { openStore } from '../src/store/open-store.js';
import { Clock } from '../src/kernel/clock.js';
import { readState, runDecider } from '../src/store/run-decider.js';
import { submissionDecider } from '../src/domain/submission.js';
import type { OutcomeContent } from '../src/domain/outcome.js';
import { randomUUID } from 'node:crypto';

export const OUTCOMES_A_SUBMISSION = 500;
/** So many submissions are under way at once, so that the writer's thread is never idle. */
const IN_FLIGHT = 8;

export const YEARS = [2018, 2019, 2020, 2021, 2022, 2023, 2024];
const TODAY = parseCalendarDate('2025-06-30');
export const PROVENANCE = { actor: 'bench', role: 'admin', correlationId: 'bench', source: 'api' } as const;

const count = (length: number) => Array.from({ length }, (_, index) => index);
const two = (number: number) => String(number + 1).padStart(2, '0');

export const PROGRAMMES = count(20).map((index) => parseProgrammeId(`programme-${two(index)}`));
export const ORGANISATIONS = count(15).map((index) => parseOrganisationId(`network-${two(index)}`));
export const flow = {
  unit: 'each',
  kind: 'flow',
  decimals: 0,
  mayBeNegative: false,
  countsPeople: false,
  rollsUpInto: null,
} as const;
const MEASURES: readonly (MeasureDefinition & { readonly id: string })[] = [
  { ...flow, id: 'people-helped', label: 'People helped', eventType: 'PersonHelped', countsPeople: true },
  {
    ...flow,
    id: 'money-invested',
    label: 'Money invested',
    eventType: 'MoneyInvested',
    unit: 'pounds',
    decimals: 2,
  },
  { ...flow, id: 'tests-done', label: 'Tests done', eventType: 'TestDone' },
  { ...flow, id: 'sites-reached', label: 'Sites reached', eventType: 'SiteReached', kind: 'stock' },
];

/** The outcome with this number in a programme's history. */
export function outcomeOf(programme: number, number: number): OutcomeContent {
  const organisation = number % ORGANISATIONS.length;
  const year = YEARS[Math.floor(number / ORGANISATIONS.length) % YEARS.length]!;
  const measure = MEASURES[(programme + (Math.floor(number / 105) % 2)) % MEASURES.length]!;
  const month = String(4 + (number % 9)).padStart(2, '0');
  const quantity = 1 + ((number * 7919) % 10_000);
  return {
    measureId: parseMeasureId(measure.id),
    organisationId: ORGANISATIONS[organisation]!,
    quantity,
    effective: {
      from: parseCalendarDate(`${year}-${month}-01`),
      to: parseCalendarDate(`${year}-${month}-28`),
    },
    basis: organisation % 3 === 0 ? 'modelled' : 'counted',
    ...(organisation % 3 === 0 && { bounds: { low: quantity - 1, high: quantity + 100 } }),
    evidence: { title: `Return ${number} of month ${month}` },
  };
}

/** A clock that spreads the history over eight years of ledger time, however long it takes to make. */
export class HistoryClock extends Clock {
  private instantMs = Date.parse('2018-04-01T09:00:00Z');

  constructor(private readonly stepMs: number) {
    super();
  }

  override now(): number {
    return (this.instantMs += this.stepMs);
  }
}

/** @returns outcomes recorded a second, decided, sealed and flushed */
export async function makeHistory(location: StoreLocation, outcomes: number): Promise<number> {
  const store = await openStore(location);
  const submissions = Math.ceil(outcomes / OUTCOMES_A_SUBMISSION);
  const clock = new HistoryClock(Math.floor((8 * 365 * 86_400_000) / (submissions + 100)));
  const facts = await registerCatalogue(store, clock, {
    programmes: PROGRAMMES,
    organisations: ORGANISATIONS,
    measures: MEASURES,
  });
  const startedAt = performance.now();
  let next = 0;
  const submitAll = async () => {
    for (let index = next++; index < submissions; index = next++) {
      const programme = index % PROGRAMMES.length;
      const first = Math.floor(index / PROGRAMMES.length) * OUTCOMES_A_SUBMISSION;
      const submissionId = parseSubmissionId(randomUUID());
      const command = {
        kind: 'submit',
        submissionId,
        programmeId: PROGRAMMES[programme]!,
        outcomes: count(OUTCOMES_A_SUBMISSION).map((line) => outcomeOf(programme, first + line)),
        facts: { ...facts, programme: facts.programmes[programme]!, today: TODAY },
      } as const;
      const stream = submissionStream(submissionId);
      const how = { stream, command, provenance: PROVENANCE, expectNew: true };
      await runDecider({ store, clock }, submissionDecider, how);
    }
  };
  await Promise.all(count(IN_FLIGHT).map(submitAll));
  const seconds = (performance.now() - startedAt) / 1_000;
  await store.close();
  return (submissions * OUTCOMES_A_SUBMISSION) / seconds;
}

interface NewCatalogue {
  readonly programmes: readonly ProgrammeId[];
  readonly organisations: readonly OrganisationId[];
  /** A measure follows the one that it rolls up into. */
  readonly measures: readonly (MeasureDefinition & { readonly id: string })[];
}

export async function registerCatalogue(store: EventStore, clock: Clock, catalogue: NewCatalogue) {
  const ledger = { store, clock };
  const programmes: Programme[] = [];
  for (const programmeId of catalogue.programmes) {
    const details = { name: `Programme ${programmeId}`, startedOn: parseCalendarDate('2018-04-01') };
    const command = { kind: 'register-programme', programmeId, details } as const;
    const stream = programmeStream(programmeId);
    await runDecider(ledger, programmeDecider, { stream, command, provenance: PROVENANCE });
    programmes.push((await readState(store, programmeDecider, stream)) as Programme);
  }
  const organisations = new Map<Organisation['id'], Organisation>();
  for (const organisationId of catalogue.organisations) {
    const command = { kind: 'register-organisation', organisationId, name: organisationId } as const;
    const stream = organisationStream(organisationId);
    await runDecider(ledger, organisationDecider, { stream, command, provenance: PROVENANCE });
    const organisation = await readState(store, organisationDecider, stream);
    organisations.set(organisationId, organisation as Organisation);
  }
  const measures = new Map<Measure['id'], Measure>();
  for (const { id, ...definition } of catalogue.measures) {
    const measureId = parseMeasureId(id);
    const parent = measures.get(definition.rollsUpInto!);
    const command = { kind: 'define-measure', measureId, definition, parent } as const;
    const stream = measureStream(measureId);
    await runDecider(ledger, measureDecider, { stream, command, provenance: PROVENANCE });
    measures.set(measureId, (await readState(store, measureDecider, stream)) as Measure);
  }
  return { programmes, organisations, measures };
}
