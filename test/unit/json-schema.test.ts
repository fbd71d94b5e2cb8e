import { describe, expect, test } from '@jest/globals';
import { IsArray, IsEmail, IsIn, IsObject, IsOptional, IsString } from 'class-validator';
import { Matches, Min, ValidateIf, ValidateNested } from 'class-validator';
import { CalendarDate, DateOrInstant, DecimalString, DigitsText } from '../../src/api/decorators.js';
import { Each, Nested, Nullable, Optional, PlainText, Slug, WholeNumber } from '../../src/api/decorators.js';
import { checkedSchemaOf, componentsOf, schemaOf } from '../../src/api/json-schema.js';

class Period {
  @CalendarDate() from!: string;
}

class Annotated {
  @Optional('Anything a reader should know', 'First figures')
  @PlainText({ min: 0, max: 20 })
  note?: string;
}

class Outcome extends Annotated {
  @Slug() measure!: string;
  @Optional() @WholeNumber({ min: 0 }) quantity?: number;
  @Optional() @DecimalString() percent?: string;
  @Nested(() => Period) effective!: Period;
  @IsIn(['counted', 'estimated']) basis!: string;
  @DateOrInstant() knownAt!: string;
  @Nullable() @Nested(() => Period) known!: Period | null;
}

class Submission {
  @Each(() => Outcome, { min: 1, max: 3 }) outcomes!: Outcome[];
  @Nullable() @IsIn([1, 2]) level!: number | null;
  @Optional() @DigitsText({ max: 100 }) limit?: string;
}

describe('the published schema', () => {
  test('names the fields of a DTO, inherited ones too, with what is required and described', () => {
    const { Outcome: schema, ...others } = componentsOf(Submission);
    expect(Object.keys(others).sort()).toEqual(['Period', 'Submission']);
    expect(schema).toEqual({
      type: 'object',
      additionalProperties: false,
      required: ['measure', 'effective', 'basis', 'knownAt', 'known'],
      properties: {
        measure: { type: 'string', pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$', maxLength: 64 },
        quantity: { type: 'integer', minimum: 0, maximum: 9007199254740991 },
        percent: { type: 'string', pattern: '^(?:0|[1-9]\\d{0,2})(?:\\.\\d{1,6})?$' },
        effective: { $ref: '#/components/schemas/Period' },
        basis: { type: 'string', enum: ['counted', 'estimated'] },
        knownAt: { type: 'string', anyOf: [{ format: 'date' }, { format: 'date-time' }] },
        known: { anyOf: [{ $ref: '#/components/schemas/Period' }, { type: 'null' }] },
        note: {
          type: 'string',
          minLength: 0,
          maxLength: 20,
          description: 'Anything a reader should know',
          examples: ['First figures'],
        },
      },
    });
    expect(schemaOf(Outcome)).toEqual(schema);
  });

  test('shows a query parameter of digits as an integer, and a field that may be null as such', () => {
    const { limit, level, outcomes } = schemaOf(Submission)['properties'] as Record<string, unknown>;
    expect(limit).toEqual({ type: 'integer', minimum: 0, maximum: 100 });
    expect(level).toEqual({ type: ['number', 'null'], enum: [1, 2, null] });
    expect(outcomes).toEqual({
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: { $ref: '#/components/schemas/Outcome' },
    });
  });
});

test('a rule that the compiled schema would leave out is an error, not an omission', () => {
  class Sample {}
  const declare = (...decorators: PropertyDecorator[]) => {
    const dto = class Stated extends Sample {};
    for (const decorator of decorators) decorator(dto.prototype, 'field');
    return () => checkedSchemaOf(dto);
  };
  expect(declare(IsString())).not.toThrow();
  expect(declare(IsEmail())).toThrow('Stated.field: the decorator isEmail is not known here');
  expect(declare(IsOptional(), IsString())).toThrow('say Optional() or Nullable()');
  expect(
    declare(
      ValidateIf(() => true),
      IsString(),
    ),
  ).toThrow('say Optional() or Nullable()');
  expect(declare(IsString({ groups: ['admin'] }))).toThrow('groups and validateIf are not known');
  expect(declare(ValidateNested(), IsObject())).toThrow('say Nested or Each');
  expect(declare(Min(1))).toThrow('Min and Max need IsInt');
  expect(declare(Optional())).toThrow('nothing says what it is');
  expect(declare(Slug(), DecimalString())).toThrow('two rules disagree about pattern');
  expect(declare(Matches(/a.c/))).toThrow('needs the flag u');
  expect(declare(Matches(/[^a]/))).toThrow('needs the flag u');
  expect(declare(Matches(/[\D]/))).toThrow('needs the flag u');
  expect(declare(Matches(/😀/))).toThrow('needs the flag u');
  expect(declare(Matches(/^[a-z+.-]{1,3}:\.[\x21-\u00ff\d]$/))).not.toThrow();
  expect(declare(Matches(/abc/i))).toThrow('needs the flag u, and no other');
  expect(declare(IsArray())).toThrow('nothing about its items');
  expect(declare(IsString({ each: true }))).toThrow();
  expect(declare(IsIn([1, 'a']))).toThrow('IsIn needs scalars of one type');
  expect(declare()).toThrow('Stated states no rules');
});

test('two DTO classes of one name cannot meet in one document', () => {
  const other = class Period extends Annotated {};
  expect(() => componentsOf(Submission, other)).toThrow('two DTO classes are named Period');
});
