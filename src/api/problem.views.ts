/** These classes describe a problem as a client sees it: RFC 9457. */
import type { ProblemFault } from '../kernel/refusals.js';
import { IsIn, IsString, Matches } from 'class-validator';
import { ListOf } from './answers.js';
import { Describe, Optional, WholeNumber } from './decorators.js';
import { PROBLEM_TYPE_PREFIX, PROBLEMS } from './problem.js';

export class ProblemFaultView implements ProblemFault {
  @Describe('The kind of fault: a rule of the form, or of the ledger.', 'format')
  @Matches(/^[a-z]+(?:-[a-z]+)*$/)
  readonly code!: string;

  @Describe('A sentence for whoever can put it right.', 'must be a date that exists')
  @IsString()
  readonly detail!: string;

  @Optional(
    'Where: an RFC 6901 pointer into the body, or `/<name>` of a query parameter.',
    '/outcomes/0/effective/from',
  )
  @IsString()
  readonly pointer?: string;

  @Optional('Of a file, counted from 1.')
  @WholeNumber({ min: 1 })
  readonly line?: number;
}

export class ProblemDocument {
  @Describe('The kind of problem: it never changes its meaning.')
  @IsIn(Object.keys(PROBLEMS).map((code) => PROBLEM_TYPE_PREFIX + code))
  readonly type!: string;

  @Describe('The kind, in words.')
  @IsString()
  readonly title!: string;

  @Describe('The same as that of the answer.')
  @WholeNumber({ min: 400, max: 599 })
  readonly status!: number;

  @Describe('What was wrong with this request.')
  @IsString()
  readonly detail!: string;

  @Describe('The id of the request, as in `X-Request-Id` and in the log.')
  @Matches(/^urn:request:[\w.-]{1,64}$/)
  readonly instance!: string;

  @Optional('Every fault at once, where places can be named; the first decides the type.')
  @ListOf(() => ProblemFaultView)
  readonly errors?: readonly ProblemFault[];
}
