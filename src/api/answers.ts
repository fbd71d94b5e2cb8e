/**
 * These rules are stated by DTOs of answers only, beside the rules of decorators.ts. Here too class-validator and the
 * schema accept the same values, which is how an answer is proved to be what the OpenAPI document says.
 */
import { IntersectionType } from '@nestjs/swagger';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, Matches, validateSync } from 'class-validator';
import { isInstant } from '../kernel/financial-year.js';
import {
  copyDescriptions,
  type Dto,
  isObject,
  isPresent,
  nested,
  Nullable,
  Optional,
  rule,
} from './decorators.js';

/** A quantity is a JSON number where that is exact, and a string of digits beyond ±(2^53 − 1). */
export const ExactQuantity = (): PropertyDecorator =>
  rule({
    says: 'must be a whole number, as text beyond ±9007199254740991',
    accepts: isExactQuantity,
    published: () => ({
      type: ['integer', 'string'],
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      pattern: LARGE_QUANTITY.source,
    }),
  });

export function isExactQuantity(value: unknown): value is number | string {
  return typeof value === 'string' ? LARGE_QUANTITY.test(value) : Number.isSafeInteger(value);
}

const LARGE_QUANTITY = /^-?[1-9]\d{15,39}$/u;

/** A quantity in the unit of its measure: `2500.50`. */
export const AmountString = (): PropertyDecorator => Matches(/^-?(?:0|[1-9]\d{0,39})(?:\.\d{1,6})?$/u);

/** An RFC 3339 instant. */
export const Instant = (): PropertyDecorator =>
  rule({
    says: 'must be an instant such as 2023-04-01T09:30:00Z',
    accepts: (value) => typeof value === 'string' && isInstant(value),
    published: () => ({ type: 'string', format: 'date-time' }),
  });

/** A list of objects, of any length. Lists that clients send are bounded: see Each. */
export const ListOf = (dtoOf: () => Dto): PropertyDecorator =>
  nested(dtoOf, {
    says: 'must be a list of objects',
    accepts: (value) => Array.isArray(value) && value.every(isObject),
    published: (ref) => ({ type: 'array', items: ref(dtoOf()) }),
  });

/** An object of one of several shapes. */
export const OneOf = (dtosOf: () => readonly (new () => object)[]): PropertyDecorator =>
  rule({
    says: 'must be an object of a known shape',
    accepts: (value) => isObject(value) && dtosOf().some((dto) => keepsTo(dto, value)),
    published: (ref) => ({ type: 'object', anyOf: dtosOf().map((dto) => ref(dto)) }),
  });

function keepsTo(dto: new () => object, value: object): boolean {
  const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  return validateSync(plainToInstance(dto, value), options).length === 0;
}

/** A change of a DTO: every member may be left out, and what was optional may be null. */
export type ChangesOf<Whole> = { [Member in keyof Whole]?: Whole[Member] | null };

/** A class with the fields and rules of another, each of which may be left out; those that could be may be null. */
export function Changes<Whole extends object>(whole: new () => Whole): new () => ChangesOf<Whole> {
  const changes = Both(whole, class {});
  const rules = getMetadataStorage().getTargetValidationMetadatas(whole, '', false, false);
  const isOptional = (field: string) =>
    rules.some(({ propertyName, constraints }) => propertyName === field && constraints?.[0] === isPresent);
  for (const field of new Set(rules.map(({ propertyName }) => propertyName)))
    (isOptional(field) ? Nullable() : Optional())(changes.prototype as object, field);
  return changes;
}

/** A class with the fields and rules of two others. */
export function Both<One extends object, Other extends object>(
  one: new () => One,
  other: new () => Other,
): new () => One & Other {
  const both = IntersectionType(one, other) as new () => One & Other;
  for (const from of [one, other]) copyDescriptions(from, both);
  return both;
}
