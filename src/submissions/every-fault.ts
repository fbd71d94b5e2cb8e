/**
 * What breaks a rule of its form is refused before the rules of the ledger are asked. Of a submission they are asked
 * all the same, about the outcomes whose form is good: whoever sent it is told every fault at once.
 */
import { Catch, type ArgumentsHost } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ProblemFilter } from '../api/problem.filter.js';
import { PersonalDataOverrideDto } from '../api/personal-data.dto.js';
import { InvalidInput, validatorOf } from '../api/validation.js';
import { londonDate } from '../kernel/financial-year.js';
import type { PersonalDataOverride } from '../kernel/free-text.js';
import { OUTCOMES_MAX, parseProgrammeId } from '../kernel/ids.js';
import { parseOr, Refused, type ProblemFault } from '../kernel/refusals.js';
import { Clock } from '../kernel/clock.js';
import { CatalogueReader } from './catalogue-reader.js';
import { contentOfDto } from './outcome-input.js';
import { faultsOfOutcomes } from '../domain/submission.js';
import { OutcomeDto, type SubmissionDto } from './submissions.dto.js';

/** A filter, so that a submission whose form is good pays nothing for it. */
@Catch(InvalidInput)
export class EveryFault extends ProblemFilter {
  constructor(
    private readonly catalogue: CatalogueReader,
    private readonly clock: Clock,
  ) {
    super();
  }

  override catch(error: InvalidInput, host: ArgumentsHost): void {
    const { params, body } = host.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }>>();
    const others = error.where === 'body' ? this.rulesBroken(params.id, body) : Promise.resolve([]);
    void others
      .then((faults) => new InvalidInput(error.where, [...error.faults, ...faults]))
      .catch((fault: unknown) => fault)
      .then((told) => super.catch(told, host));
  }

  private async rulesBroken(programme: string, body: unknown): Promise<readonly ProblemFault[]> {
    const { outcomes, personalDataOverride } = (body ?? {}) as Partial<SubmissionDto>;
    if (!Array.isArray(outcomes) || outcomes.length > OUTCOMES_MAX) return [];
    const faultsOfForm = validatorOf(OutcomeDto);
    const contents = outcomes.map((each) => (faultsOfForm(each).length === 0 ? contentOfDto(each) : null));
    const good = contents.filter((content) => content !== null);
    try {
      const programmeId = parseOr(() => parseProgrammeId(programme), 'programme-unknown');
      const facts = await this.catalogue.factsFor(programmeId, good, londonDate(this.clock.now()));
      return faultsOfOutcomes(contents, { facts, override: overrideIn(personalDataOverride) });
    } catch (error) {
      if (error instanceof Refused) return error.refusals;
      throw error;
    }
  }
}

/** Whoever meant to override texts is told what is wrong with that, and not of the texts. */
function overrideIn(sent: PersonalDataOverrideDto | undefined): PersonalDataOverride | undefined {
  if (!sent) return undefined;
  return validatorOf(PersonalDataOverrideDto)(sent).length === 0 ? sent : { reason: 'not in good form' };
}
