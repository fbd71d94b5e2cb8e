import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { IsArray, IsBoolean, IsIn, IsInt, IsObject, IsString, IsUUID } from 'class-validator';
import { Length, Matches, Max, Min } from 'class-validator';
import fc from 'fast-check';
import { Both, ExactQuantity, Instant, ListOf, OneOf } from '../../src/api/answers.js';
import { CalendarDate, DateOrInstant, DecimalString, DigitsText } from '../../src/api/decorators.js';
import { Each, Nested, Nullable, Optional, PlainText, Slug, WholeNumber } from '../../src/api/decorators.js';
import { componentsOf } from '../../src/api/json-schema.js';
import { InvalidInput, SchemaValidationPipe, validatorOf } from '../../src/api/validation.js';
import { classValidatorAccepts, near, ODD_VALUES, placesIn } from '../support/class-validator-oracle.js';

class Period {
  @CalendarDate() from!: string;
  @CalendarDate() to!: string;
}

class Evidence {
  @PlainText({ max: 12 }) title!: string;
  @Optional() @Matches(/^https:\/\/\S+$/u) uri?: string;
  @Optional() @Nullable() @IsUUID('4') file?: string | null;
}

class Annotated {
  @Optional() @PlainText({ min: 0, max: 20 }) note?: string;
}

class Outcome extends Annotated {
  @Slug() measure!: string;
  @Optional() @WholeNumber({ min: 0 }) quantity?: number;
  @Optional() @DecimalString() percent?: string;
  @Nested(() => Period) effective!: Period;
  @IsIn(['counted', 'estimated']) basis!: string;
  @DateOrInstant() knownAt!: string;
  @Nullable() @Nested(() => Evidence) evidence!: Evidence | null;
}

class Counted {
  @Nullable() @ExactQuantity() total!: number | string | null;
  @IsArray() @IsIn(['counted', 'estimated'], { each: true }) flags!: string[];
}

class Dated {
  @Instant() at!: string;
}

class Figure extends Both(Counted, Dated) {
  @ListOf(() => Period) periods!: Period[];
  @OneOf(() => [Period, Evidence]) either!: object;
}

class Submission {
  @Each(() => Outcome, { min: 1, max: 3 }) outcomes!: Outcome[];
  @IsUUID() key!: string;
  @IsBoolean() final!: boolean;
  @IsInt() @Min(1) @Max(12) month!: number;
  @Length(2, 5) code!: string;
  @Matches(/^[a-f0-9]{4}$/) @IsString() digest!: string;
  @Nullable() @IsIn([1, 2]) level!: number | null;
  @Optional() @DigitsText({ max: 100 }) limit?: string;
  @Optional() @IsArray() @IsString({ each: true }) @Matches(/^[a-z]*$/, { each: true }) tags?: string[];
  @Optional() @IsObject() data?: object;
  @Nested(() => Figure) figure!: Figure;
}

const UUID = '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f';
const outcome = {
  note: 'n',
  measure: 'feno-tests',
  quantity: 12,
  percent: '12.5',
  effective: { from: '2023-04-01', to: '2023-06-30' },
  basis: 'counted',
  knownAt: '2023-07-01T09:30:00Z',
  evidence: { title: 'Return', uri: 'https://example.org/1', file: UUID },
};
const submission = {
  outcomes: [outcome, { ...outcome, evidence: null }],
  key: UUID,
  final: true,
  month: 4,
  code: 'ab',
  digest: '00ff',
  level: 1,
  limit: '50',
  tags: ['a'],
  data: { any: [1] },
  figure: {
    total: '9007199254740993',
    flags: ['counted'],
    at: '2023-07-01T09:30:00Z',
    periods: [{ from: '2023-04-01', to: '2023-06-30' }],
    either: { title: 'Return' },
  },
};

const accepts = (value: unknown) => validatorOf(Submission)(value).length === 0;
const faultsOf = (value: unknown) =>
  validatorOf(Submission)(value).map(({ pointer, code, detail }) => `${pointer} ${code}: ${detail}`);

describe('the compiled schema and class-validator', () => {
  test('agree on what is near a valid submission', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(near(submission), (value) => {
        const expected = classValidatorAccepts(Submission, value);
        seen[expected ? 'accepted' : 'refused'] += 1;
        expect(accepts(value)).toBe(expected);
      }),
      { numRuns: 6_000 },
    );
    expect(seen.accepted).toBeGreaterThan(1_000);
    expect(seen.refused).toBeGreaterThan(1_000);
  });

  test('agree on every odd value in every place, and each field takes some values and refuses others', () => {
    const verdicts = new Map<string, Set<boolean>>();
    const count = placesIn(submission).length;
    for (let place = 0; place < count; place++) {
      for (const odd of [...ODD_VALUES, ...placesIn(submission).map(([at, key]) => at[key])]) {
        const value = structuredClone(submission);
        const [container, key] = placesIn(value)[place]!;
        container[key] = odd;
        const expected = classValidatorAccepts(Submission, value);
        expect({ key, odd, accepted: accepts(value) }).toEqual({ key, odd, accepted: expected });
        verdicts.set(key, (verdicts.get(key) ?? new Set()).add(expected));
      }
    }
    const fields = {
      ...outcome,
      ...submission,
      ...outcome.effective,
      ...outcome.evidence,
      ...submission.figure,
    };
    for (const field of Object.keys(fields)) {
      expect({ field, verdicts: verdicts.get(field)?.size }).toEqual({ field, verdicts: 2 });
    }
  });

  test('agree with the published schema, which accepts whatever they accept', () => {
    const formats = { date: /^\d{4}-\d\d-\d\d$/, 'date-time': /T.*(?:Z|:\d\d)$/, uuid: /^[\da-f-]{36}$/i };
    const ajv = new Ajv2020({ formats, keywords: ['components'], strictTypes: false });
    const components = { schemas: componentsOf(Submission) };
    const published = ajv.compile({ $ref: '#/components/schemas/Submission', components });
    fc.assert(
      fc.property(near(submission), (value) => {
        if (!accepts(value) || JSON.stringify(value).includes('\ufe0f')) return;
        // A query string holds digits where the document shows a number.
        const limit = 'limit' in Object(value) && { limit: Number((value as Submission).limit) };
        expect(published({ ...(value as object), ...limit })).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('part where class-validator lets names of Object.prototype through: the schema refuses them', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      const value = { ...submission, [name]: 1 };
      expect(classValidatorAccepts(Submission, value)).toBe(true);
      expect(faultsOf(value)).toEqual([
        expect.stringContaining(`/${name} unknown-field: is not a known field: those are outcomes, key, `),
      ]);
    }
  });
});

describe('faults', () => {
  const broken = (change: object) => ({ ...submission, outcomes: [{ ...outcome, ...change }] });
  const may = { from: 'May', to: '2023-05-31' };
  const date = 'must be a date that exists, such as 2023-04-01, from 1900 to 2999';
  const whole = 'must be a whole number from 0 to 9007199254740991';
  const text =
    'must be text of 0 to 20 characters, not blank, with no control characters but line breaks and tabs';
  const list = 'must be a list of 1 to 3 objects';
  const month = 'must be a whole number; must be at least 1; must be at most 12';
  test.each<[string, unknown, string]>([
    ['a body that is no object', [submission], ' type: must be an object'],
    ['no body', undefined, ' type: must be an object'],
    [
      'an unknown field',
      broken({ 'a/b~': 1 }),
      '/outcomes/0/a~1b~0 unknown-field: is not a known field: ' +
        'those are measure, quantity, percent, effective, basis, knownAt, evidence, note',
    ],
    ['null for an optional', broken({ quantity: null }), `/outcomes/0/quantity type: ${whole}`],
    ['a number as text', broken({ quantity: '12' }), `/outcomes/0/quantity type: ${whole}`],
    ['a fraction', broken({ quantity: 1.5 }), `/outcomes/0/quantity type: ${whole}`],
    ['a number below', broken({ quantity: -1 }), `/outcomes/0/quantity range: ${whole}`],
    ['a date in words', broken({ effective: may }), `/outcomes/0/effective/from format: ${date}`],
    ['a choice', broken({ basis: 'none' }), '/outcomes/0/basis choice: must be one of: counted, estimated'],
    ['a scalar as object', broken({ evidence: 1 }), '/outcomes/0/evidence type: must be an object'],
    ['long text', broken({ note: 'n'.repeat(21) }), `/outcomes/0/note length: ${text}`],
    ['odd text', broken({ note: '\u0007' }), `/outcomes/0/note format: ${text}`],
    ['too few', { ...submission, outcomes: [] }, `/outcomes length: ${list}`],
    ['too many, not looked at', { ...submission, outcomes: [1, 2, 3, 4] }, `/outcomes length: ${list}`],
    ['one of several rules', { ...submission, month: 13 }, `/month range: ${month}`],
    ['digits over', { ...submission, limit: '101' }, '/limit range: must be a whole number from 0 to 100'],
    ['no digits', { ...submission, limit: 'x' }, '/limit format: must be a whole number from 0 to 100'],
    ['a short code', { ...submission, code: 'a' }, '/code length: must be text of 2 to 5 characters'],
    ['an item', { ...submission, tags: ['a', 'B'] }, '/tags/1 format: must be text; must match ^[a-z]*$'],
  ])('of %s', (_what, value, expected) => {
    expect(faultsOf(value)).toEqual([expected]);
  });

  test('are told all at once, each with its place', () => {
    const { measure: _measure, ...rest } = outcome;
    const outcomes = [outcome, { ...rest, knownAt: 5, more: 1 }];
    const faults = faultsOf({ ...submission, final: 1, outcomes });
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
      '/final type',
      '/outcomes/1/knownAt type',
      '/outcomes/1/measure required',
      '/outcomes/1/more unknown-field',
    ]);
  });

  test('are at most 1,000, and repeat no long name', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`x${i}`, 1]));
    expect(faultsOf({ ...submission, ...many })).toHaveLength(1_000);
    const long = { ...submission, ['n'.repeat(101)]: 1 };
    expect(faultsOf(long)).toEqual([' unknown-field: has a field that is not known']);
  });

  test('of a list that is far too long are one', () => {
    const outcomes = Array.from({ length: 200_000 }, () => ({}));
    expect(faultsOf({ ...submission, outcomes })).toHaveLength(1);
  });
});

describe('the pipe', () => {
  const pipe = new SchemaValidationPipe();
  class Query {
    @Optional() @Slug() measure?: string;
    @Optional() @DigitsText({ max: 100 }) limit?: string;
  }

  test('hands a valid value on unchanged', () => {
    expect(pipe.transform(submission, { type: 'body', metatype: Submission })).toBe(submission);
  });

  test('refuses a body or query that breaks its DTO, with every fault', () => {
    const body = refusal(() => pipe.transform({}, { type: 'body', metatype: Period }));
    expect(body).toMatchObject({ where: 'body', faults: [{ pointer: '/from' }, { pointer: '/to' }] });
    const query = refusal(() => pipe.transform({ limit: '101' }, { type: 'query', metatype: Query }));
    expect(query).toMatchObject({ where: 'query', faults: [{ pointer: '/limit', code: 'range' }] });
    expect(body.message).toBe('2 faults in the body, first: /from is required');
  });

  test('says of a repeated query parameter that it is repeated', () => {
    const repeated = { measure: ['a', 'a'], limit: '1', other: ['b', 'c'] };
    expect(refusal(() => pipe.transform(repeated, { type: 'query', metatype: Query })).faults).toEqual([
      { pointer: '/other', detail: 'is not a known field: those are measure, limit', code: 'unknown-field' },
      { pointer: '/measure', detail: 'must be given once', code: 'repeated' },
    ]);
  });

  test('leaves everything else alone', () => {
    for (const metatype of [String, Object, undefined, class Unruled {}]) {
      expect(pipe.transform('anything', { type: 'body', metatype })).toBe('anything');
    }
    expect(pipe.transform('x', { type: 'param', metatype: Period })).toBe('x');
  });
});

function refusal(act: () => unknown): InvalidInput {
  try {
    act();
  } catch (fault) {
    if (fault instanceof InvalidInput) return fault;
    throw fault;
  }
  throw new Error('accepted');
}
