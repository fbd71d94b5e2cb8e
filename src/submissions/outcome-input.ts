/**
 * Turns what a caller sent into outcomes, or finds every fault in it. Form and rules are told together: the rules are
 * asked about each outcome whose form is good.
 */
import { Injectable } from '@nestjs/common';
import type { ChangesOf } from '../api/answers.js';
import { checkedBody, InvalidInput, validatorOf } from '../api/validation.js';
import { PersonalDataOverrideDto } from '../api/personal-data.dto.js';
import { faultsOf, textsOf, type SentOutcome } from '../domain/outcome.js';
import type { OutcomeChanges } from '../domain/correction.js';
import { says, saysContent, type OutcomeStory } from '../domain/outcome-story.js';
import { isRecorded, type SubmissionState } from '../domain/submission.js';
import { Clock } from '../kernel/clock.js';
import { londonDate, parseDateOrInstant } from '../kernel/financial-year.js';
import { overrideFaults, type PersonalDataOverride } from '../kernel/free-text.js';
import { OUTCOMES_MAX, parseProgrammeId, type ProgrammeId } from '../kernel/ids.js';
import { parseOr, Refused, type Refusal } from '../kernel/refusals.js';
import { CatalogueReader } from './catalogue-reader.js';
import { OutcomeDto, SubmissionDto, type PeriodDto } from './submissions.dto.js';
import { inTurns } from '../kernel/turns.js';

/** These members have other names in an outcome. */
const NAMES: Readonly<Record<string, string>> = { measure: 'measureId', organisation: 'organisationId' };

export function outcomeOfDto(dto: OutcomeDto): SentOutcome {
  return changesOfDto(dto) as SentOutcome;
}

/** Members that were not sent are absent, so that the same content has the same canonical JSON. */
export function changesOfDto(dto: ChangesOf<OutcomeDto>): OutcomeChanges {
  const changes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(dto))
    changes[NAMES[name] ?? name] = name === 'effective' ? periodOf(value as PeriodDto) : value;
  return changes;
}

/** Texts of so many characters are looked at in one turn: the slowest take about a microsecond for each. */
const CHARACTERS_A_TURN = 10_000;

/** Goes through outcomes in turns, by the length of their texts. @throws AskerGone */
export function outcomesInTurns<Content extends SentOutcome | null>(
  contents: readonly Content[],
): AsyncGenerator<Content> {
  const lengthOf = (content: Content) =>
    Object.values(content ? textsOf(content) : {}).reduce((sum, text = '') => sum + text.length, 1);
  return inTurns(contents, CHARACTERS_A_TURN, lengthOf);
}

function periodOf({ from: first, to }: PeriodDto): SentOutcome['effective'] {
  const from = parseDateOrInstant(first);
  return { from, to: to === undefined ? from : parseDateOrInstant(to) };
}

@Injectable()
export class OutcomeCheck {
  constructor(
    private readonly catalogue: CatalogueReader,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks the rules about outcomes, and gives a list of faults for each; null stands for one whose form is not good enough.
   * @throws Refused where the programme does not exist
   */
  async rulesBroken(
    programmeId: ProgrammeId,
    contents: readonly (SentOutcome | null)[],
    override: PersonalDataOverride | undefined,
  ): Promise<readonly (readonly Refusal[])[]> {
    const good = contents.filter((content) => content !== null);
    const facts = await this.catalogue.factsFor(programmeId, good, londonDate(this.clock.now()));
    const ofEach: (readonly Refusal[])[] = [];
    for await (const content of outcomesInTurns(contents))
      ofEach.push(content ? faultsOf(content, { facts, override }, '') : []);
    return ofEach;
  }

  async isRecorded(
    state: SubmissionState,
    programmeId: ProgrammeId,
    outcomes: readonly SentOutcome[],
  ): Promise<boolean> {
    const facts = await this.catalogue.factsFor(programmeId, outcomes, londonDate(this.clock.now()));
    return isRecorded(state, { programmeId, outcomes, facts });
  }

  /** Whether any version of an outcome says what is told. */
  async isTold(programmeId: ProgrammeId, story: OutcomeStory, told: SentOutcome): Promise<boolean> {
    const facts = await this.catalogue.factsFor(programmeId, [told], londonDate(this.clock.now()));
    const inProgramme = story[0]!.event.data.facts.programmeId === programmeId;
    return inProgramme && story.some((version) => saysContent(version) && says(version, told, facts));
  }

  /** @throws InvalidInput with every fault of form, and every broken rule of outcomes whose form is good */
  async submission(programme: string, body: unknown): Promise<SubmissionDto> {
    try {
      return checkedBody(body, validatorOf(SubmissionDto));
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw new InvalidInput('body', [...error.faults, ...(await this.othersIn(programme, body))]);
    }
  }

  private async othersIn(programme: string, body: unknown): Promise<readonly Refusal[]> {
    const { outcomes, personalDataOverride } = (body ?? {}) as Partial<SubmissionDto>;
    if (!Array.isArray(outcomes) || outcomes.length > OUTCOMES_MAX) return [];
    const faultsOfForm = validatorOf(OutcomeDto);
    const contents = outcomes.map((each) => (faultsOfForm(each).length === 0 ? outcomeOfDto(each) : null));
    const override = overrideIn(personalDataOverride);
    try {
      const programmeId = parseOr(() => parseProgrammeId(programme), 'programme');
      const ofEach = await this.rulesBroken(programmeId, contents, override);
      const ofOutcomes = ofEach.flatMap((faults, index) =>
        faults.map((fault) => ({ ...fault, pointer: `/outcomes/${index}${fault.pointer}` })),
      );
      return [...ofOutcomes, ...overrideFaults(override)];
    } catch (error) {
      if (error instanceof Refused) return error.refusals;
      throw error;
    }
  }
}

/** An override in bad form still counts: its sender is told of it, and not of the texts that it was meant for. */
function overrideIn(sent: PersonalDataOverrideDto | undefined): PersonalDataOverride | undefined {
  if (!sent) return undefined;
  return validatorOf(PersonalDataOverrideDto)(sent).length === 0 ? sent : { reason: 'not in good form' };
}
