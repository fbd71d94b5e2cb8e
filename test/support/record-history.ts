/**
 * Carries out a random history: the real deciders decide, and a real store keeps their events. A step that the
 * rules refuse is left out, so that every list of steps is a history.
 */
import { measureDecider, type Measure, type MeasureDefinition } from '../../src/domain/measure.js';
import { organisationDecider, type Organisation } from '../../src/domain/organisation.js';
import { programmeDecider } from '../../src/domain/programme.js';
import { assert } from '../../src/kernel/assert.js';
import type { Decider } from '../../src/kernel/decider.js';
import { financialYearOf, parseCalendarDate } from '../../src/kernel/financial-year.js';
import { wholly } from './submissions.js';
import {
  measureStream,
  organisationStream,
  outcomeIdOf,
  parseSubmissionId,
  programmeStream,
  submissionStream,
  type MeasureId,
  type OrganisationId,
  type StreamName,
  type SubmissionId,
} from '../../src/kernel/ids.js';
import { Refused } from '../../src/kernel/refusals.js';
import type { EventStore, Position, RecordedEvent } from '../../src/store/event-store.js';
import { Clock } from '../../src/kernel/clock.js';
import { readState, runDecider } from '../../src/store/run-decider.js';
import type { LedgerEvent } from '../../src/domain/upcast.js';
import { type CatalogueFacts, type OutcomeContent } from '../../src/domain/outcome.js';
import { submissionDecider } from '../../src/domain/submission.js';
import {
  DAYS,
  DEFINED_FIRST,
  DEFINED_LATER,
  MEASURES,
  ORGANISATIONS,
  PROGRAMMES,
  RENAMING_DAYS,
  TODAY,
  type Draft,
  type History,
  type Step,
} from './histories.js';

/** It begins shortly before a financial year ends. */
class ScriptedClock extends Clock {
  private time = Date.parse('2024-03-20T00:00:00Z');
  private asked = 0;

  constructor(private readonly stepsMs: readonly number[]) {
    super();
  }

  override recording(): number {
    this.time += this.stepsMs[this.asked++ % this.stepsMs.length]!;
    return this.time;
  }
}

const PROVENANCE = {
  actor: 'tests',
  role: 'admin',
  correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
  source: 'api',
} as const;

/** Records a history, and resolves when the store has acknowledged all of it. */
export async function record({ steps, clockMs }: History, store: EventStore): Promise<void> {
  const recorder = new Recorder(store, new ScriptedClock(clockMs));
  await recorder.begin();
  for (const [place, step] of steps.entries()) {
    try {
      await recorder.carryOut(step, place);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
}

class Recorder {
  private readonly submitted: {
    readonly submissionId: SubmissionId;
    readonly line: number;
    programme: number;
  }[] = [];
  private readonly sequences = new Map<string, number>();
  private readUpTo: Position | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  async begin(): Promise<void> {
    for (const programmeId of PROGRAMMES) {
      const details = { name: programmeId, startedOn: parseCalendarDate('2019-01-01') };
      await this.run(programmeDecider, programmeStream(programmeId), {
        kind: 'register-programme',
        programmeId,
        details,
      });
    }
    for (const organisationId of ORGANISATIONS) {
      const command = { kind: 'register-organisation', organisationId, name: organisationId } as const;
      await this.run(organisationDecider, organisationStream(organisationId), command);
    }
    for (const { id, definition } of DEFINED_FIRST) await this.define(id, definition);
  }

  async carryOut(step: Step, place: number): Promise<void> {
    const reason = `step ${place}`;
    switch (step.does) {
      case 'submit':
        return this.submit(step, place);
      case 'correct':
      case 'withdraw':
      case 'reinstate': {
        const outcome = this.submitted.at(-1 - (step.outcome % this.submitted.length));
        if (outcome) await this.change(step, outcome, reason);
        return;
      }
      case 'define': {
        const { id, definition } = DEFINED_LATER[step.later]!;
        return this.define(id, definition);
      }
      case 'revise': {
        const measureId = MEASURES[step.measure]!.id;
        const from = financialYearOf(DAYS[step.day]!);
        const revision = { from, label: `${measureId} ${place}`, comparable: step.comparable, reason };
        return this.run(measureDecider, measureStream(measureId), {
          kind: 'revise-measure',
          measureId,
          revision,
        });
      }
      case 'rename': {
        const organisationId = ORGANISATIONS[step.organisation]!;
        const renamed = { organisationId, name: `name ${place}`, from: RENAMING_DAYS[step.day]! };
        return this.run(organisationDecider, organisationStream(organisationId), {
          kind: 'rename-organisation',
          ...renamed,
        });
      }
      case 'amend':
      case 'close':
      case 'reopen':
        return this.changeProgramme(step, place);
    }
  }

  private async changeProgramme(
    step: { does: 'amend' | 'close' | 'reopen'; programme: number },
    place: number,
  ) {
    const programmeId = PROGRAMMES[step.programme]!;
    const change = { programmeId, reason: `step ${place}` };
    const stream = programmeStream(programmeId);
    if (step.does === 'close') {
      const dates = { closedOn: TODAY, today: TODAY };
      return this.run(programmeDecider, stream, { kind: 'close-programme', ...change, ...dates });
    }
    if (step.does === 'reopen')
      return this.run(programmeDecider, stream, { kind: 'reopen-programme', ...change });
    const changes = { name: `name ${place}`, startedOn: parseCalendarDate('2019-01-01') };
    return this.run(programmeDecider, stream, { kind: 'amend-programme', ...change, changes });
  }

  private async define(measureId: MeasureId, definition: MeasureDefinition): Promise<void> {
    const { rollsUpInto } = definition;
    const state = rollsUpInto && (await readState(this.store, measureDecider, measureStream(rollsUpInto)));
    const parent = state && state.status === 'defined' ? state : undefined;
    const command = { kind: 'define-measure', measureId, definition, parent } as const;
    await this.run(measureDecider, measureStream(measureId), command);
  }

  private async submit(
    { programme, outcomes }: Extract<Step, { does: 'submit' }>,
    place: number,
  ): Promise<void> {
    const submissionId = parseSubmissionId(`00000000-0000-4000-8000-${String(place).padStart(12, '0')}`);
    const programmeId = PROGRAMMES[programme]!;
    const facts = await this.facts(programme);
    const contents = outcomes.map((draft) => contentOf(draft, this.kindOf(draft)));
    const command = { kind: 'submit', submissionId, programmeId, outcomes: contents, facts } as const;
    await this.run(submissionDecider, submissionStream(submissionId), command);
    outcomes.forEach((_, at) => this.submitted.push({ submissionId, line: at + 1, programme }));
  }

  private async change(
    step: Extract<Step, { does: 'correct' | 'withdraw' | 'reinstate' }>,
    { submissionId, line, programme }: (typeof this.submitted)[number],
    reason: string,
  ): Promise<void> {
    const stream = submissionStream(submissionId);
    const state = await readState(this.store, submissionDecider, stream);
    const expectedVersion = state.status === 'recorded' ? state.outcomes[line - 1]!.length - 1 : 0;
    const change = { outcomeId: outcomeIdOf(submissionId, line), line, expectedVersion, reason };
    if (step.does === 'withdraw') return this.run(submissionDecider, stream, { kind: 'withdraw', ...change });
    const facts = await this.facts(programme);
    const firstSequence = await this.sequenceOf(stream, line - 1);
    const ofContent = { ...change, facts, firstSequence };
    if (step.does !== 'correct')
      return this.run(submissionDecider, stream, { kind: 'reinstate', ...ofContent });
    const changes = wholly(contentOf(step.draft, this.kindOf(step.draft)));
    return this.run(submissionDecider, stream, { kind: 'correct', changes, ...ofContent });
  }

  /** Reads on from where it read last, so that a long history costs no more an event than a short one. */
  private async sequenceOf(stream: StreamName, revision: number): Promise<number> {
    let more: readonly RecordedEvent[];
    do {
      more = await this.store.readAll(this.readUpTo, 10_000);
      for (const event of more) this.sequences.set(`${event.stream}@${event.revision}`, this.sequences.size);
      this.readUpTo = more.at(-1)?.position ?? this.readUpTo;
    } while (more.length > 0);
    const sequence = this.sequences.get(`${stream}@${revision}`);
    assert(sequence !== undefined, `${stream} has a revision ${revision}`);
    return sequence;
  }

  private kindOf({ measure }: Draft): MeasureDefinition['kind'] {
    return MEASURES[measure]!.definition.kind;
  }

  private async facts(programme: number): Promise<CatalogueFacts> {
    const { store } = this;
    const found = await readState(store, programmeDecider, programmeStream(PROGRAMMES[programme]!));
    assert(found.status !== 'unregistered', 'programmes are registered at the beginning');
    const measures = new Map<MeasureId, Measure>();
    for (const { id } of MEASURES) {
      const state = await readState(store, measureDecider, measureStream(id));
      if (state.status === 'defined') measures.set(id, state);
    }
    const organisations = new Map<OrganisationId, Organisation>();
    for (const id of ORGANISATIONS) {
      const state = await readState(store, organisationDecider, organisationStream(id));
      if (state.status === 'registered') organisations.set(id, state);
    }
    return { programme: found, measures, organisations, today: TODAY };
  }

  private async run<State, Command extends object, Event extends LedgerEvent>(
    decider: Decider<State, Command, Event>,
    stream: StreamName,
    command: Command,
  ): Promise<void> {
    const { store, clock } = this;
    await runDecider({ store, clock }, decider, { stream, command, provenance: PROVENANCE });
  }
}

function contentOf(draft: Draft, kind: MeasureDefinition['kind']): OutcomeContent {
  const { organisation, basis } = draft;
  const organisationId = ORGANISATIONS[organisation];
  return {
    measureId: MEASURES[draft.measure]!.id,
    ...(organisationId !== undefined && { organisationId }),
    ...figureOf(draft, kind),
    effective: periodOf(draft),
    basis,
  };
}

function figureOf(draft: Draft, kind: MeasureDefinition['kind']): Partial<OutcomeContent> {
  const { quantity, other, bounded } = draft;
  if (kind === 'ratio') return ratioOf(draft);
  if (kind === 'rate') return { rate: `${quantity % 1_000}.25` };
  const low = { low: Math.floor(quantity / 2) };
  const high = { high: sum(quantity, other) };
  const bounds = { neither: undefined, low, high, both: { ...low, ...high } }[bounded];
  return { quantity, ...(bounds && { bounds }) };
}

function ratioOf({ quantity, other, percentAlone }: Draft): Partial<OutcomeContent> {
  if (percentAlone) return { percent: `${quantity % 100}.5` };
  return { numerator: Math.min(quantity, other), denominator: Math.max(quantity, other, 1) };
}

/** The period from the earlier day to the later one, or the later day alone where a year ends between them. */
function periodOf({ days }: Draft): OutcomeContent['effective'] {
  const [earlier, later] = [DAYS[Math.min(...days)]!, DAYS[Math.max(...days)]!];
  const from = financialYearOf(earlier) === financialYearOf(later) ? earlier : later;
  return { from, to: later };
}

const sum = (one: number, other: number) =>
  one > Number.MAX_SAFE_INTEGER - other ? Number.MAX_SAFE_INTEGER : one + other;
