/**
 * The rules that DTOs state about their fields, beside class-validator's own `IsIn`, `IsBoolean`, `IsUUID`,
 * `Matches`, `IsInt`, `Min`, `Max`, `Length`, `IsString`, `IsObject` and `IsArray`.
 *
 * Each is a plain predicate (with which class-validator and the compiled schema must agree), a sentence for
 * whoever broke it, and a JSON Schema. A field is required and not null unless it says `Optional()` or
 * `Nullable()`: every rule refuses `null` and other JSON types. Tests: test/unit/validation.test.ts.
 */
import 'reflect-metadata';
import { Type } from 'class-transformer';
import { getMetadataStorage, Matches, registerDecorator, ValidateIf, ValidateNested } from 'class-validator';
import { isCalendarDate, isDateOrInstant, isFinancialYear } from '../kernel/financial-year.js';
import { SLUG, SLUG_LENGTH_MAX } from '../kernel/ids.js';

export type Dto = abstract new (...args: never[]) => object;
export type JsonSchema = Readonly<Record<string, unknown>>;
/** How a schema refers to the schema of a nested DTO. */
export type RefTo = (dto: Dto) => JsonSchema;

/** A rule as class-validator's metadata carries it, in `constraints[0]`. */
export class Rule {
  constructor(readonly definition: RuleDefinition) {}
}

export interface RuleDefinition {
  /** "must be …", said to whoever broke the rule. */
  readonly says: string;
  readonly accepts: (value: unknown) => boolean;
  /** The schema that OpenAPI publishes. Where JSON Schema cannot say the rule exactly, it accepts a little more. */
  readonly published: (refTo: RefTo) => JsonSchema;
  /**
   * The schema that checks requests and accepts exactly what `accepts` does; absent where the published one is exact.
   */
  readonly checked?: (refTo: RefTo) => JsonSchema;
  /** Whether the rule holds objects of another DTO. */
  readonly nests?: true;
}

/** A check that JSON Schema has no word for; `code` is the kind of fault in a text that is not accepted. */
export interface TextCheck {
  readonly accepts: (text: string) => boolean;
  readonly code: (text: string) => 'format' | 'length' | 'range';
}

interface TextRule extends TextCheck {
  readonly says: string;
  readonly published: JsonSchema;
}

interface UpTo {
  readonly min?: number;
  readonly max: number;
}

/** The meaning of a field, with a value as an example. */
type About = readonly [description: string, example?: unknown];

/** The field may be absent. If it is there its rules hold: `null` is not absence, as it is for IsOptional. */
export const Optional = (...about: About | []): PropertyDecorator => condition(isPresent, about);

/** The field may be `null`, and must still be there. For response DTOs, where no data is `null`, never 0. */
export const Nullable = (...about: About | []): PropertyDecorator => condition(isNotNull, about);

export const isPresent = (_object: unknown, value: unknown): boolean => value !== undefined;
export const isNotNull = (_object: unknown, value: unknown): boolean => value !== null;

function condition(holds: typeof isPresent, about: About | []): PropertyDecorator {
  return (prototype, field) => {
    ValidateIf(holds)(prototype, field);
    if (about.length > 0) Describe(...(about as About))(prototype, field);
  };
}

/** Tells the OpenAPI document what the field means. It is no rule. */
export function Describe(...about: About): PropertyDecorator {
  return (prototype, field) => Reflect.defineMetadata(DESCRIPTION, about, prototype, field);
}

/** Returns the description and examples of a field, as the nearest class gives them. */
export function descriptionOf(dto: Dto, field: string): JsonSchema {
  const [description, ...examples] = aboutOf(dto, field) ?? [];
  if (description === undefined) return {};
  return { description, ...(examples.length > 0 && { examples }) };
}

const aboutOf = (dto: Dto, field: string) =>
  Reflect.getMetadata(DESCRIPTION, dto.prototype as object, field) as About | undefined;

/** Copies the descriptions to a class that takes the fields of another without extending it. */
export function copyDescriptions(from: Dto, to: Dto): void {
  for (const { propertyName: field } of getMetadataStorage().getTargetValidationMetadatas(
    from,
    '',
    false,
    false,
  )) {
    const about = aboutOf(from, field);
    if (about) Describe(...about)(to.prototype as object, field);
  }
}

const DESCRIPTION = Symbol('description');

/** A calendar date, `2023-04-01`: one that exists, from 1900 to 2999. */
export const CalendarDate = (): PropertyDecorator =>
  rule({
    says: 'must be a date that exists, such as 2023-04-01, from 1900 to 2999',
    accepts: (value) => typeof value === 'string' && isCalendarDate(value),
    published: () => ({ type: 'string', format: 'date' }),
  });

/** A calendar date, or an RFC 3339 instant: `2023-04-01T09:30:00.250+01:00`, or with `Z`. No leap second. */
export const DateOrInstant = (): PropertyDecorator =>
  rule({
    says: 'must be a date that exists, such as 2023-04-01, or an instant such as 2023-04-01T09:30:00Z',
    accepts: (value) => typeof value === 'string' && isDateOrInstant(value),
    published: () => ({ type: 'string', anyOf: [{ format: 'date' }, { format: 'date-time' }] }),
    checked: () => ({ type: 'string', format: 'date-or-instant' }),
  });

/** Text for people: `min` to `max` UTF-16 units, no control characters but `\n` and `\t`, not blank. */
export function PlainText({ min = 1, max }: UpTo): PropertyDecorator {
  return textRule({
    says: `must be text of ${min} to ${max} characters, not blank, with no control characters but line breaks and tabs`,
    accepts: (text) => isPlainText(text, { min, max }),
    code: (text) => (text.length < min || text.length > max ? 'length' : 'format'),
    // JSON Schema counts code points, of which one or two UTF-16 units make one.
    published: { minLength: Math.ceil(min / 2), maxLength: max },
  });
}

export function isPlainText(value: unknown, { min, max }: Required<UpTo>): value is string {
  if (typeof value !== 'string' || value.length < min || value.length > max) return false;
  return !CONTROL.test(value) && (value === '' || /\S/.test(value));
}

const CONTROL = /[^\P{Cc}\n\t]/u;

/** An id that people choose: lower-case words of letters and digits, joined by single hyphens, 64 at most. */
export const Slug = (): PropertyDecorator =>
  rule({
    says: 'must be at most 64 lower-case letters, digits and single hyphens, such as lipid-management',
    accepts: isSlug,
    published: () => ({ type: 'string', pattern: SLUG.source, maxLength: SLUG_LENGTH_MAX }),
  });

export function isSlug(value: unknown): value is string {
  return typeof value === 'string' && value.length <= SLUG_LENGTH_MAX && SLUG.test(value);
}

/** A JSON number without a fraction, within ±(2^53 − 1) so that it is exact. */
export function WholeNumber({ min = -SAFE, max = SAFE }: Partial<UpTo> = {}): PropertyDecorator {
  return rule({
    says: `must be a whole number from ${min} to ${max}`,
    accepts: (value) => isWholeNumber(value, { min, max }),
    published: () => ({ type: 'integer', minimum: min, maximum: max }),
  });
}

const SAFE = Number.MAX_SAFE_INTEGER;

export function isWholeNumber(value: unknown, { min, max }: Required<UpTo>): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** A percentage as text, so that no digit is lost: `12`, `99.5`, `0.000125`. */
export const DecimalString = (): PropertyDecorator =>
  Matches(/^(?:0|[1-9]\d{0,2})(?:\.\d{1,6})?$/u, {
    message: 'must be a percentage as text such as "12.5", with up to 3 digits before the point and 6 after',
  });

/** A rate as text, so that no digit is lost: `3`, `1920000`, `-0.25`. */
export const RateString = (): PropertyDecorator =>
  Matches(/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?$/u, {
    message: 'must be a rate as text such as "2.5", with up to 15 digits before the point and 6 after',
  });

/** A quantity in the unit of its measure, as text so that no digit is lost: `2500.50`. */
export const AmountText = (): PropertyDecorator =>
  Matches(AMOUNT, { message: 'must be an amount as text such as "2500.50", of plain digits' });

/** A bound: a whole number around a quantity, or an amount as text around an amount. */
export const QuantityOrAmount = (): PropertyDecorator =>
  rule({
    says: 'must be a whole number, or an amount as text such as "2500.50"',
    accepts: (value) =>
      typeof value === 'string' ? AMOUNT.test(value) : isWholeNumber(value, { min: -SAFE, max: SAFE }),
    published: () => ({ type: ['integer', 'string'], minimum: -SAFE, maximum: SAFE, pattern: AMOUNT.source }),
  });

const AMOUNT = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,6})?$/u;

/** Up to so many keys with a value each, both slugs: `{ "theme": "cardiovascular" }`. */
export function SlugMap({ max }: UpTo): PropertyDecorator {
  const slug = { type: 'string', pattern: SLUG.source, maxLength: SLUG_LENGTH_MAX };
  const mapOf = (each: JsonSchema): JsonSchema => ({
    type: 'object',
    maxProperties: max,
    propertyNames: each,
    additionalProperties: each,
  });
  return rule({
    says: `must be an object of up to ${max} names with a value each, all of them slugs such as lipid-management`,
    accepts: (value) =>
      isObject(value) &&
      Object.keys(value).length <= max &&
      Object.entries(value).every((entry) => entry.every(isSlug)),
    published: () => mapOf(slug),
    // A fault is told with the sentence of the schema that it breaks, so each of these has one.
    checked: () => mapOf({ ...slug, says: 'must be an object of names and values that are slugs' }),
  });
}

/** A key of the sender's own, without spaces. */
export const ReferenceText = (): PropertyDecorator =>
  Matches(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$/u, {
    message: 'must be up to 64 letters, digits and any of . _ : / -, such as Q1/row-17',
  });

/** A financial year that there is: `2024-25`. */
export const FinancialYearText = (): PropertyDecorator =>
  textRule({
    says: 'must be a financial year such as 2018-19',
    accepts: isFinancialYear,
    code: () => 'format',
    published: { pattern: '^\\d{4}-\\d{2}$' },
  });

/** A query parameter arrives as text: it has 1 to 16 decimal digits, whose number is from `min` to `max`. */
export function DigitsText({ min = 0, max }: UpTo): PropertyDecorator {
  return textRule({
    says: `must be a whole number from ${min} to ${max}`,
    accepts: (text) => isDigitsText(text, { min, max }),
    code: (text) => (/^\d+$/.test(text) ? 'range' : 'format'),
    published: { type: 'integer', minimum: min, maximum: max },
  });
}

export function isDigitsText(value: unknown, { min = 0, max }: UpTo): value is string {
  return (
    typeof value === 'string' && /^\d{1,16}$/.test(value) && Number(value) >= min && Number(value) <= max
  );
}

/** A query parameter arrives as text: `true` or `false`. */
export const BooleanText = (): PropertyDecorator =>
  rule({
    says: 'must be true or false',
    accepts: (value) => value === 'true' || value === 'false',
    published: () => ({ type: 'boolean' }),
    checked: () => ({ enum: ['true', 'false'] }),
  });

/** An object with the fields and rules of another DTO. */
export function Nested(dtoOf: () => Dto): PropertyDecorator {
  return nested(dtoOf, { says: 'must be an object', accepts: isObject, published: (ref) => ref(dtoOf()) });
}

/** A list of `min` to `max` objects, each with the fields and rules of another DTO. */
export function Each(dtoOf: () => Dto, { min = 0, max }: UpTo): PropertyDecorator {
  const list = { type: 'array', minItems: min, maxItems: max };
  return nested(dtoOf, {
    says: `must be a list of ${min} to ${max} objects`,
    accepts: (value) => isListOfObjects(value, { min, max }),
    published: (ref) => ({ ...list, items: ref(dtoOf()) }),
    // The items of a list that is too long are not looked at: a million wrong ones must stay cheap.
    checked: (ref) => ({ ...list, if: { maxItems: max }, then: { items: ref(dtoOf()) } }),
  });
}

export function isListOfObjects(value: unknown, { min, max }: Required<UpTo>): value is object[] {
  return Array.isArray(value) && value.length >= min && value.length <= max && value.every(isObject);
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes a decorator of a rule, for this file and for answers.ts. */
export function rule(definition: RuleDefinition): PropertyDecorator {
  return (prototype, field) => {
    registerDecorator({
      name: 'rule',
      target: prototype.constructor,
      propertyName: String(field),
      constraints: [new Rule(definition)],
      validator: {
        validate: (value: unknown) => definition.accepts(value),
        defaultMessage: () => `$property ${definition.says}`,
      },
    });
  };
}

/** A rule about text that JSON Schema cannot say: checked by calling it, published as near as can be. */
function textRule({ says, published, ...check }: TextRule): PropertyDecorator {
  return rule({
    says,
    accepts: (value) => typeof value === 'string' && check.accepts(value),
    published: () => ({ type: 'string', ...published }),
    checked: () => ({ type: 'string', check }),
  });
}

/**
 * class-transformer makes instances and class-validator descends; the rule refuses the values that both let through.
 */
export function nested(dtoOf: () => Dto, definition: RuleDefinition): PropertyDecorator {
  return (prototype, field) => {
    Type(dtoOf)(prototype, String(field));
    ValidateNested()(prototype, String(field));
    rule({ ...definition, nests: true })(prototype, field);
  };
}
