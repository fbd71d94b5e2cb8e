/**
 * JSON Schema 2020-12 is made from the class-validator metadata of a DTO class, in two forms. The *published* one is
 * for the OpenAPI 3.1 document, in standard words only. The *checked* one is what requests are checked with
 * (validation.ts); it accepts exactly what class-validator accepts. They differ only where JSON Schema has
 * no word for a rule: how long a text is in UTF-16 units, or a number in a query string.
 *
 * A decorator that is not known here is an error, at the first use of the DTO: a rule is never left out.
 *
 * Why not the package class-validator-jsonschema (5.2.0 was read): it leaves out what it does not know, a
 * custom decorator becoming its property's TypeScript type or nothing; makes any ValidateIf optional, `null`
 * or not; publishes Length as minLength and maxLength, which count differently; drops the flags of a RegExp;
 * knows no `additionalProperties: false`; targets OpenAPI 3.0. Replacing a dozen converters is the same work.
 */
import { getMetadataStorage, isUUID, length } from 'class-validator';
import { descriptionOf, type Dto, isNotNull, isPresent, type JsonSchema } from './decorators.js';
import { type RefTo, Rule, type RuleDefinition, type TextCheck } from './decorators.js';

type Form = 'published' | 'checked';
type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** Whether a class states rules. Nest hands `String`, `Object` and undeclared types to pipes, too. */
export function statesRules(type: unknown): type is Dto {
  return typeof type === 'function' && metadataOf(type as unknown as Dto).length > 0;
}

/** Returns the published schema of one DTO; nested DTOs are references into `#/components/schemas`. */
export function schemaOf(dto: Dto): JsonSchema {
  return objectSchema(dto, 'published', refTo);
}

/** Returns the published schemas, by name, of these DTOs and of all that they nest. */
export function componentsOf(...dtos: readonly Dto[]): Readonly<Record<string, JsonSchema>> {
  return reachable(dtos, 'published');
}

/**
 * Returns the checked schema of a DTO, complete in itself. Beside the standard keywords and the formats `date` and
 * `date-or-instant` it uses `check` (a TextCheck) and the annotation `says` (a sentence for a person).
 */
export function checkedSchemaOf(dto: Dto): JsonSchema {
  return { ...refTo(dto), components: { schemas: reachable([dto], 'checked') } };
}

export const refTo: RefTo = (dto) => ({ $ref: `#/components/schemas/${dto.name}` });

function reachable(roots: readonly Dto[], form: Form): Record<string, JsonSchema> {
  const byName = new Map<string, Dto>();
  const meet: RefTo = (dto) => {
    if ((byName.get(dto.name) ?? dto) !== dto) throw new Error(`two DTO classes are named ${dto.name}`);
    byName.set(dto.name, dto);
    return refTo(dto);
  };
  roots.forEach(meet);
  const schemas: Record<string, JsonSchema> = {};
  // Building a schema meets the DTOs nested in it, and a Map's iteration comes to them later.
  for (const [name, dto] of byName) schemas[name] = objectSchema(dto, form, meet);
  return schemas;
}

function objectSchema(dto: Dto, form: Form, ref: RefTo): JsonSchema {
  const rulesOf = new Map<string, Metadata[]>();
  for (const rule of metadataOf(dto)) {
    rulesOf.set(rule.propertyName, [...(rulesOf.get(rule.propertyName) ?? []), rule]);
  }
  if (rulesOf.size === 0) throw new Error(`${dto.name} states no rules`);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [field, rules] of rulesOf) {
    const place = `${dto.name}.${field}`;
    // Every object has such a member, so neither library could tell whether it is missing.
    if (field in Object.prototype) throw new Error(`${place}: a field cannot have this name`);
    const { optional, nullable, stated } = readConditions(rules, place);
    if (!optional) required.push(field);
    const schema = valueSchema(stated, { form, ref, place });
    properties[field] = {
      ...(nullable ? orNull(schema, form) : schema),
      ...(form === 'published' && descriptionOf(dto, field)),
    };
  }
  const says = form === 'checked' && { says: 'must be an object' };
  return { type: 'object', ...says, properties, required, additionalProperties: false };
}

function metadataOf(dto: Dto): Metadata[] {
  return getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
}

function readConditions(rules: readonly Metadata[], place: string) {
  let [optional, nullable] = [false, false];
  const stated: Metadata[] = [];
  for (const rule of rules) {
    if (rule.groups?.length || rule.validateIf)
      throw new Error(`${place}: groups and validateIf are not known`);
    const condition: unknown = rule.type === 'conditionalValidation' && rule.constraints[0];
    if (condition === isPresent) optional = true;
    else if (condition === isNotNull) nullable = true;
    else if (condition)
      throw new Error(`${place}: say Optional() or Nullable(), not IsOptional or ValidateIf`);
    else stated.push(rule);
  }
  return { optional, nullable, stated };
}

interface SchemaPart {
  readonly says: string;
  readonly published: JsonSchema;
  readonly checked?: JsonSchema;
}

interface Building {
  readonly form: Form;
  readonly ref: RefTo;
  readonly place: string;
}

/** Makes one schema of all rules of a field; rules with `each: true` are about the items of a list. */
function valueSchema(rules: readonly Metadata[], building: Building): JsonSchema {
  const { place } = building;
  const descents = rules.filter((rule) => rule.type === 'nestedValidation');
  const nests = rules.filter((rule) => ruleOf(rule)?.nests);
  if (descents.length !== nests.length) throw new Error(`${place}: say Nested or Each, not ValidateNested`);
  const own = rules.filter((rule) => !rule.each && !descents.includes(rule));
  const each = rules.filter((rule) => rule.each && !descents.includes(rule));
  const schema = merged(own, building);
  if (each.length > 0) {
    if (schema['type'] !== 'array') throw new Error(`${place}: each: true needs IsArray()`);
    return { ...schema, items: merged(each, building) };
  }
  if (schema['type'] === 'array' && nests.length === 0) throw new Error(`${place}: nothing about its items`);
  return schema;
}

function merged(rules: readonly Metadata[], { form, ref, place }: Building): JsonSchema {
  const schema: Record<string, unknown> = {};
  const says: string[] = [];
  // Decorators run from the last to the first, so reversing their rules gives the order in which they are written.
  for (const rule of rules.toReversed()) {
    const part = partOf(rule, { form, ref, place });
    says.push(part.says);
    for (const [key, value] of Object.entries((form === 'checked' && part.checked) || part.published)) {
      if ((schema[key] ?? value) !== value) throw new Error(`${place}: two rules disagree about ${key}`);
      schema[key] = value;
    }
  }
  if (!('type' in schema || 'enum' in schema || '$ref' in schema)) {
    throw new Error(`${place}: nothing says what it is; Min and Max need IsInt, ArrayMaxSize needs IsArray`);
  }
  return form === 'checked' ? { ...schema, says: says.join('; ') } : schema;
}

function partOf(rule: Metadata, { ref, place }: Building): SchemaPart {
  const own = ruleOf(rule);
  if (own) {
    const { says, published, checked } = own;
    return { says, published: published(ref), ...(checked && { checked: checked(ref) }) };
  }
  const stock = STOCK[rule.name ?? ''];
  if (!stock) throw new Error(`${place}: the decorator ${rule.name ?? rule.type} is not known here`);
  return stock((rule.constraints ?? []) as never, place, rule.message);
}

function ruleOf(rule: Metadata): RuleDefinition | undefined {
  const carried: unknown = rule.constraints?.[0];
  return carried instanceof Rule ? carried.definition : undefined;
}

/** Converts class-validator's own decorators, by the name in their metadata, from their constraints and message. */
const STOCK: Readonly<Record<string, (constraints: never, place: string, message: unknown) => SchemaPart>> = {
  isBoolean: () => ({ says: 'must be true or false', published: { type: 'boolean' } }),
  isString: () => ({ says: 'must be text', published: { type: 'string' } }),
  isObject: () => ({ says: 'must be an object', published: { type: 'object' } }),
  isArray: () => ({ says: 'must be a list', published: { type: 'array' } }),
  arrayMinSize: ([minItems]: [number]) => ({ says: `of at least ${minItems}`, published: { minItems } }),
  arrayMaxSize: ([maxItems]: [number]) => ({ says: `of at most ${maxItems}`, published: { maxItems } }),
  isInt: () => ({ says: 'must be a whole number', published: { type: 'integer' } }),
  min: ([minimum]: [number]) => ({ says: `must be at least ${minimum}`, published: { minimum } }),
  max: ([maximum]: [number]) => ({ says: `must be at most ${maximum}`, published: { maximum } }),
  isIn: ([choices]: [readonly unknown[]], place) => {
    const types = new Set(choices.map((choice) => typeof choice));
    const [type] = types;
    if (types.size !== 1 || type === 'object') throw new Error(`${place}: IsIn needs scalars of one type`);
    const says = `must be one of: ${choices.join(', ')}`;
    return { says, published: { type, enum: choices }, checked: { enum: choices } };
  },
  matches: ([pattern, modifiers]: [RegExp, unknown], place, message) => {
    if (modifiers !== undefined) throw new Error(`${place}: give Matches a RegExp, not text`);
    return {
      // A pattern says little to the people who broke it: inputs have a sentence instead.
      says: typeof message === 'string' ? message : `must match ${pattern.source}`,
      published: { type: 'string', pattern: unicode(pattern, place) },
    };
  },
  isUuid: ([version]: [Parameters<typeof isUUID>[1]]) => {
    const check: TextCheck = { accepts: (text) => isUUID(text, version), code: () => 'format' };
    const published = { type: 'string', format: 'uuid' };
    return { says: 'must be a UUID', published, checked: { type: 'string', check } };
  },
  // Length counts a variation selector as nothing; minLength and maxLength count it as one.
  isLength: ([min, max]: [number, number?]) => {
    const check: TextCheck = { accepts: (text) => length(text, min, max), code: () => 'length' };
    const published = { type: 'string', minLength: min, ...(max !== undefined && { maxLength: max }) };
    const says = max === undefined ? `of at least ${min}` : `of ${min} to ${max}`;
    return { says: `must be text ${says} characters`, published, checked: { type: 'string', check } };
  },
};

/**
 * A JSON Schema pattern is read with the flag `u`. A RegExp without the flag may find something else only where one of
 * its parts takes characters that it does not name (`.`, `[^a]`, `\D`): such a pattern must have the flag.
 */
function unicode(pattern: RegExp, place: string): string {
  const escapes = /\\(?:x[\dA-Fa-f]{2}|u(?![Dd][89A-Fa-f])[\dA-Fa-f]{4}|[dws\W])/g;
  const unescaped = pattern.source.replaceAll(escapes, 'a');
  const named = unescaped.replaceAll(/\[[^^\]][^\]]*\]/g, 'a');
  const unclear = /\\|[^\x20-\x7e]/.test(unescaped) || /\.|\[\^/.test(named);
  if (pattern.flags !== 'u' && (pattern.flags !== '' || unclear)) {
    throw new Error(`${place}: the pattern ${String(pattern)} needs the flag u, and no other`);
  }
  return new RegExp(pattern.source, 'u').source;
}

function orNull(schema: JsonSchema, form: Form): JsonSchema {
  const says = 'says' in schema && { says: `${schema['says'] as string}, or null` };
  if ('$ref' in schema && form === 'published') return { anyOf: [schema, { type: 'null' }] };
  if ('$ref' in schema) return { if: { type: 'null' }, else: schema };
  return {
    ...schema,
    ...says,
    ...('type' in schema && { type: [schema['type'], 'null'].flat() }),
    ...('enum' in schema && { enum: [...(schema['enum'] as unknown[]), null] }),
  };
}
