/**
 * The cost of checking a bulk body: class-validator as Nest's own pipe would call it, and the schema that is
 * compiled from the same decorators. Both get the same parsed bodies of 500 outcomes.
 */
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { parseJson } from '../src/kernel/strict-json.js';
import { validatorOf } from '../src/api/validation.js';
import { SubmissionDto } from '../src/submissions/submissions.dto.js';
import { OUTCOMES_A_SUBMISSION, outcomeOf } from './history.js';

/** Outcomes that are checked a second. */
export interface ValidationSpeed {
  readonly classValidator: number;
  readonly compiled: number;
  /** Outcomes a second of `JSON.parse` alone, and of our strict reading of the same bytes. */
  readonly nativeParse: number;
  readonly strictParse: number;
}

export function measureValidation(seconds: number): ValidationSpeed {
  const outcomes = Array.from({ length: OUTCOMES_A_SUBMISSION }, (_, line) => {
    const { measureId, organisationId, ...outcome } = outcomeOf(0, line);
    return { measure: measureId, organisation: organisationId, ...outcome };
  });
  const bytes = Buffer.from(JSON.stringify({ outcomes }));
  const body: unknown = JSON.parse(bytes.toString());
  const validate = validatorOf(SubmissionDto);
  const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  return {
    classValidator: perSecond(seconds, () =>
      validateSync(plainToInstance(SubmissionDto, body as object), options),
    ),
    compiled: perSecond(seconds, () => validate(body)),
    nativeParse: perSecond(seconds, () => void JSON.parse(bytes.toString())),
    strictParse: perSecond(seconds, () => void parseJson(bytes)),
  };
}

function perSecond(seconds: number, check: () => readonly unknown[] | void): number {
  for (let warmUp = 0; warmUp < 20; warmUp++) check();
  const startedAt = performance.now();
  let times = 0;
  for (; performance.now() - startedAt < seconds * 1_000; times++) {
    if ((check() ?? []).length > 0) throw new Error('a good body was refused');
  }
  return (times * OUTCOMES_A_SUBMISSION * 1_000) / (performance.now() - startedAt);
}
