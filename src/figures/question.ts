/** From the parameters of a question about figures to what is asked of them. */
import { BadParameter } from '../api/bad-parameter.js';
import {
  financialYearOf,
  financialYearStarting,
  londonDate,
  parseFinancialYear,
  startYearOf,
  type FinancialYear,
} from '../kernel/financial-year.js';
import type { MomentQueryDto, YearsQueryDto } from './figures.dto.js';
import type { MomentText } from './moment.js';
import type { TotalsQuery } from './totals.js';

/** No outcome takes effect in the future: a year so far ahead is asked about by mistake. */
const YEARS_AHEAD_MAX = 25;

export type Question = Omit<TotalsQuery, 'groupBy'>;

type AskedAsText = Pick<MomentQueryDto, 'measure'> & Partial<MomentQueryDto> & Partial<YearsQueryDto>;

/**
 * @param since the year that a question begins with which names none
 * @throws BadParameter
 */
export function questionOf(query: AskedAsText, since: FinancialYear): Question {
  const { measure, programme, organisation, from, to, allowBreaks } = query;
  const first = from === undefined ? since : yearOf(from, 'from');
  const last = to === undefined ? undefined : yearOf(to, 'to');
  if (last !== undefined && last < first)
    throw new BadParameter(`to ${last} lies before from ${first}`, 'to');
  const latest = financialYearStarting(
    startYearOf(financialYearOf(londonDate(Date.now()))) + YEARS_AHEAD_MAX,
  );
  if (last !== undefined && last > latest) {
    throw new BadParameter(`to is at most ${latest}: no later year has a figure`, 'to');
  }
  return {
    measure,
    programme,
    organisation,
    from: first,
    to: last,
    moment: momentOf(query),
    allowBreaks: allowBreaks === 'true',
  };
}

function yearOf(text: string, parameter: string): FinancialYear {
  try {
    return parseFinancialYear(text);
  } catch {
    throw new BadParameter(`${parameter} must be a financial year such as 2023-24`, parameter);
  }
}

function momentOf({ asAt, asAtSequence }: Partial<MomentQueryDto>): MomentText | undefined {
  if (asAt !== undefined && asAtSequence !== undefined) {
    throw new BadParameter('asAt and asAtSequence name a moment each: send one of them', 'asAt');
  }
  if (asAt !== undefined) return { parameter: 'asAt', text: asAt };
  return asAtSequence === undefined ? undefined : { parameter: 'asAtSequence', text: asAtSequence };
}
